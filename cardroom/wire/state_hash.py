"""A short hash of all that everybody sees of a table, by which a client knows that it has not drifted.

The state after an event is written as text. Each line ends with a line feed (10), words in a line are
separated by one space, numbers are decimal, ``-`` stands for what is not there, and lists of cards are card
numbers joined by commas:

    table_id table_seq hand_no
    button street board second_board
    pot
    seat turn
    seat user_id status stack street_bet is_in_hand

The last line stands once for each taken seat, lowest seat first; ``is_in_hand`` is 1 or 0. The line before
it says whose turn it is, both numbers ``-`` when nobody is to act. ``pot`` is all that was put in during this
hand, less what was returned as uncalled; 0 between hands, when street, board and second board are ``-`` too.
The second board holds the cards of the second of two runs. The hash is the first 8 bytes of the SHA-256 of
the text in UTF-8.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from attrs import frozen

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.table import SeatStatus, Street

EVENTS_PER_HASH: Final = 20
"""Every event whose number can be divided by this carries a hash."""

HASH_BYTES: Final = 8


@frozen
class PublicSeat:
    """A taken seat as everybody sees it; ``is_in_hand``: dealt in and not folded."""

    seat: SeatIndex
    user_id: UserId
    status: SeatStatus
    stack: Krw
    street_bet: Krw
    is_in_hand: bool


@frozen
class PublicTable:
    """A table as everybody sees it after the event ``table_seq``; seats in any order."""

    table_id: TableId
    table_seq: int
    hand_no: int
    button: SeatIndex | None
    street: Street | None
    board: Sequence[CardCode]
    second_board: Sequence[CardCode]
    pot: Krw
    turn: tuple[SeatIndex, int] | None
    """Who is to act, and the number of the turn."""
    seats: Sequence[PublicSeat]


def hash_state(table: PublicTable) -> bytes:
    """Give the hash of a table's public state."""
    seat, turn = table.turn or ("-", "-")
    street = "-" if table.street is None else table.street.value
    lines = [
        f"{table.table_id} {table.table_seq} {table.hand_no}",
        f"{_or_dash(table.button)} {street} {_cards(table.board)} {_cards(table.second_board)}",
        f"{table.pot}",
        f"{seat} {turn}",
    ]
    lines += [
        f"{one.seat} {one.user_id} {one.status.value} {one.stack} {one.street_bet} {int(one.is_in_hand)}"
        for one in sorted(table.seats, key=lambda one: one.seat)
    ]
    text = "".join(f"{line}\n" for line in lines)
    return sha256(text.encode()).digest()[:HASH_BYTES]


def _or_dash(number: int | None) -> str:
    return "-" if number is None else str(number)


def _cards(cards: Sequence[CardCode]) -> str:
    return ",".join(map(str, cards)) or "-"
