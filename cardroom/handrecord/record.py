"""The record of a finished hand, and how it is written: the PHH text format (poker hand history, a TOML
dialect), readable by people and by other programs. It holds all hole cards, mucked ones too: it is private.

What PHH has no key for stands under keys that begin with an underscore, as PHH asks: who posted what and why
(a dead small blind, blinds owed, either kind of ante), and the second board. With them a record is complete:
played again by our rules it ends in the same stacks.
"""

from collections.abc import Iterable, Sequence

from attrs import frozen

from cardroom.ids import HandId, SeatIndex, TableId, UserId
from cardroom.money import Krw


@frozen
class RecordedPlayer:
    """One dealt-in player; amounts in won, cards such as ``AsKd``."""

    user_id: UserId
    seat: SeatIndex
    starting_stack: Krw
    final_stack: Krw
    blind: Krw
    """What was to be posted and counts for the call; below zero if it was owed, as PHH marks such posts."""
    dead: Krw
    """What was to be posted dead: antes and dead blinds."""


@frozen
class HandRecord:
    """A finished hand. ``players`` stand in dealing order, ``actions`` are written as PHH has them.

    ``posts`` are nominal, in the order in which they were collected: ``p2 big_blind 2000``. ``second_board``
    holds the cards of a second run, ``KcQc8c``, and is empty if the board was dealt once.
    """

    table_id: TableId
    hand_id: HandId
    hand_no: int
    started_unix_ms: int
    button: SeatIndex
    big_blind: Krw
    players: tuple[RecordedPlayer, ...]
    posts: tuple[str, ...]
    actions: tuple[str, ...]
    second_board: str
    rake: Krw


def write_phh(record: HandRecord) -> str:
    """Write a record as PHH; keys that PHH does not know start with an underscore, as it asks."""
    players = record.players
    lines = [
        "variant = 'NT'",
        f"antes = {_numbers(player.dead for player in players)}",
        f"blinds_or_straddles = {_numbers(player.blind for player in players)}",
        f"min_bet = {record.big_blind}",
        f"starting_stacks = {_numbers(player.starting_stack for player in players)}",
        f"finishing_stacks = {_numbers(player.final_stack for player in players)}",
        f"actions = {_texts(record.actions)}",
        f"seats = {_numbers(player.seat + 1 for player in players)}",
        f"table = '{record.table_id}'",
        f"hand = {record.hand_no}",
        "currency = 'KRW'",
        f"_hand_id = '{record.hand_id}'",
        f"_started_unix_ms = {record.started_unix_ms}",
        f"_button_seat = {record.button + 1}",
        f"_posts = {_texts(record.posts)}",
        f"_second_board = '{record.second_board}'",
        f"_user_ids = {_numbers(player.user_id for player in players)}",
        f"_rake = {record.rake}",
    ]
    return "\n".join(lines) + "\n"


def _numbers(values: Iterable[int]) -> str:
    return "[" + ", ".join(str(value) for value in values) + "]"


def _texts(values: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"
