"""The fields of a table's journal, and reading them: bytes of an earlier owner, which may be anything."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from cardroom.wire.codec import Malformed
from node.journal.deals import DealEntry, deal_codec
from node.journal.memory import TableMemory, TalkMemory, memory_codec, talk_codec
from node.journal.moves import Move, move_codec
from node.rules.errors import IllegalAction

FORM: Final = b"form"
"""Field that names the form of all others: what was written in another form is not read."""
FORM_NUMBER: Final = b"2"
"""Changes with every change of a class that the journal is made of (golden bytes in the tests)."""
TOLD: Final = b"told"
"""Field that holds the number of the last event, as decimal digits."""
MEMORY: Final = b"memory"
TALK: Final = b"talk"

_DEAL: Final = b"d"


def deal_field(hand_no: int) -> bytes:
    """Name the field of a hand's deal."""
    return b"%d/%s" % (hand_no, _DEAL)


def move_field(hand_no: int, number: int) -> bytes:
    """Name the field of a hand's move, counted from 1."""
    return b"%d/%d" % (hand_no, number)


class Unreadable(Exception):
    """A journal is not whole, or not in this form; the text says what is wrong with it."""


@frozen
class JournaledHand:
    """A hand as far as it was played."""

    deal: DealEntry
    moves: tuple[Move, ...]


@frozen
class TableJournal:
    """What an earlier owner of a table has left. ``hands`` stand in the order of play."""

    table_seq: int
    memory: TableMemory
    talk: TalkMemory | None
    hands: tuple[JournaledHand, ...]
    fields: Mapping[bytes, bytes] = field(repr=False)
    """As they were read."""


class JournalReader:
    """Reads tables' journals."""

    def __init__(self) -> None:
        self._deals = deal_codec()
        self._moves = move_codec()
        self._memories = memory_codec()
        self._talks = talk_codec()

    def read(self, fields: Mapping[bytes, bytes]) -> TableJournal:
        """Read a journal; raises ``Unreadable``."""
        if fields.get(FORM) != FORM_NUMBER:
            raise Unreadable(f"its form is {fields.get(FORM)!r}")
        try:
            talk, memory = fields.get(TALK), self._memories.decode(fields[MEMORY])
            for player in memory.players:
                if player.buy_in is None:
                    memory.seating.occupant(player.seat)  # who is seated has chips there
            return TableJournal(
                table_seq=_number(fields[TOLD]),
                memory=memory,
                talk=None if talk is None else self._talks.decode(talk),
                hands=tuple(self._hand(number, names, fields) for number, names in _hands_of(fields)),
                fields=fields,
            )
        except (Malformed, KeyError, ValueError, AssertionError, IllegalAction) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def _hand(self, hand_no: int, moves: list[int], fields: Mapping[bytes, bytes]) -> JournaledHand:
        if moves != [*range(1, len(moves) + 1)]:
            raise ValueError(f"hand {hand_no} lacks a move")
        deal = self._deals.decode(fields[deal_field(hand_no)])
        if deal.hand_no != hand_no:
            raise ValueError(f"hand {deal.hand_no} stands under {hand_no}")
        return JournaledHand(
            deal, tuple(self._moves.decode(fields[move_field(hand_no, number)]) for number in moves)
        )


def _number(digits: bytes) -> int:
    """Read a number as it is written here: ``int`` alone takes signs, spaces and leading zeros as well."""
    number = int(digits)
    if digits != b"%d" % number or number < 0:
        raise ValueError(f"{digits!r} is no number of the journal")
    return number


def _hands_of(fields: Mapping[bytes, bytes]) -> list[tuple[int, list[int]]]:
    """Give each hand's number and the numbers of its moves, in order."""
    found: dict[int, list[int]] = {}
    for name in fields:
        hand_no, slash, part = name.partition(b"/")
        if slash:
            moves = found.setdefault(_number(hand_no), [])
            if part != _DEAL:
                moves.append(_number(part))
    return [(hand_no, sorted(moves)) for hand_no, moves in sorted(found.items())]
