"""The record of a finished hand, and how it is written: the PHH text format (poker hand history, a TOML
dialect), readable by people and by other programs. It holds all hole cards, mucked ones too: it is private.

What PHH has no key for stands under keys that begin with an underscore, as PHH asks: who posted what and why
(a dead small blind, blinds owed, either kind of ante), the second board, the rule of the rake, the deck's
commitment. With them a record is complete: played again by our rules it ends in the same stacks.
"""

from collections.abc import Iterable, Mapping
from zlib import crc32

from attrs import frozen

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import BasisPoints, Krw

CHECKSUM_KEY = "_checksum"


@frozen
class RecordedPlayer:
    """One dealt-in player; amounts in won."""

    user_id: UserId
    seat: SeatIndex
    starting_stack: Krw
    final_stack: Krw


@frozen
class RecordedRake:
    """The rake taken, and the rule it was taken by: a ratio of the called pot, and a cap in won."""

    taken: Krw
    ratio: BasisPoints
    cap: Krw


@frozen
class HandRecord:
    """A finished hand. ``players`` stand in dealing order, ``actions`` are written as PHH has them.

    ``blinds`` and ``antes`` stand in PHH's order, as far as PHH can say who posted what; ``posts`` say it
    in full: nominal, in the order in which they were collected, ``p2 big_blind 2000``.
    """

    table_id: TableId
    hand_id: HandId
    hand_no: int
    started_unix_ms: int
    button: SeatIndex
    """The seat may be empty."""
    big_blind: Krw
    players: tuple[RecordedPlayer, ...]
    blinds: tuple[Krw, ...]
    antes: tuple[Krw, ...]
    posts: tuple[str, ...]
    actions: tuple[str, ...]
    runs_twice: bool | None
    """What was decided when it was asked whether to run it twice; None: nobody was asked."""
    second_board: str
    """The cards of the second run, such as ``KcQc8c``; empty if the board was dealt once."""
    rake: RecordedRake
    commitment: bytes
    """What was promised of the deck before its first card (see ``deck_proof``)."""


def write_phh(record: HandRecord) -> str:
    """Write a record as PHH; keys that PHH does not know start with an underscore, as it asks."""
    lines = [f"{key} = {_toml(value)}" for key, value in _values(record).items()]
    lines.append(f"{CHECKSUM_KEY} = {_checksum(lines)}")
    return "".join([f"{line}\n" for line in lines])


def checksum_of(values: Mapping[str, object]) -> int:
    """Give the checksum of all values but itself, whatever their order and the white space between them.

    It finds changes by accident or by a careless hand, also of what decides no money: a card that was
    folded, a bet that nobody called. It is no seal; that is the ledger's chain.
    """
    return _checksum(f"{key} = {_toml(value)}" for key, value in values.items() if key != CHECKSUM_KEY)


def _checksum(lines: Iterable[str]) -> int:
    return crc32("\n".join(sorted(lines)).encode())


def _values(record: HandRecord) -> dict[str, object]:
    players = record.players
    values: dict[str, object] = {
        "variant": "NT",
        "antes": record.antes,
        "blinds_or_straddles": record.blinds,
        "min_bet": record.big_blind,
        "starting_stacks": [player.starting_stack for player in players],
        "finishing_stacks": [player.final_stack for player in players],
        "actions": record.actions,
        "seats": [player.seat + 1 for player in players],
        "table": str(record.table_id),
        "hand": record.hand_no,
        "currency": "KRW",
        "_hand_id": str(record.hand_id),
        "_started_unix_ms": record.started_unix_ms,
        "_button_seat": record.button + 1,
        "_posts": record.posts,
        "_user_ids": [player.user_id for player in players],
        "_rake": record.rake.taken,
        "_rake_basis_points": record.rake.ratio,
        "_rake_cap": record.rake.cap,
        "_commitment": record.commitment.hex(),
    }
    if record.runs_twice is not None:
        values["_run_it_twice"] = record.runs_twice
    if record.second_board:
        values["_second_board"] = record.second_board
    return values


def _toml(value: object) -> str:
    match value:
        case str():
            return f"'{value}'"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
