"""The text that is hashed, written out by hand: a stranger's client must come to the same eight bytes."""

from hashlib import sha256

import pytest
from attrs import evolve

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.state_hash import EVENTS_PER_HASH, HASH_BYTES, PublicSeat, PublicTable, hash_state
from cardroom.wire.table import SeatStatus, Street

CAPTAIN = PublicSeat(SeatIndex(0), UserId(21), SeatStatus.PLAYING, Krw(188_000), Krw(6_000), True)
SLEEPER = PublicSeat(SeatIndex(3), UserId(4), SeatStatus.SITTING_OUT, Krw(0), Krw(0), False)
IN_HAND = PublicTable(
    table_id=TableId(7), table_seq=140, hand_no=12, button=SeatIndex(3), street=Street.TURN,
    board=(CardCode(0), CardCode(17), CardCode(51), CardCode(8)), second_board=(CardCode(30),),
    pot=Krw(12_000), turn=(SeatIndex(0), 5), seats=(SLEEPER, CAPTAIN),
)  # fmt: skip
IN_HAND_TEXT = """\
7 140 12
3 turn 0,17,51,8 30
12000
0 5
0 21 playing 188000 6000 1
3 4 sitting_out 0 0 0
"""
EMPTY = PublicTable(
    table_id=TableId(7), table_seq=20, hand_no=0, button=None, street=None, board=(), second_board=(),
    pot=Krw(0), turn=None, seats=(),
)  # fmt: skip
EMPTY_TEXT = """\
7 20 0
- - - -
0
- -
"""


@pytest.mark.parametrize(
    ("table", "text", "golden"),
    [(IN_HAND, IN_HAND_TEXT, "ba8f5b8e8bb64334"), (EMPTY, EMPTY_TEXT, "da10eac8a85e14c6")],
)
def test_golden_text_and_hash(table: PublicTable, text: str, golden: str) -> None:
    assert hash_state(table) == sha256(text.encode()).digest()[:8] == bytes.fromhex(golden)


def test_the_numbers_that_clients_rely_on() -> None:
    assert (EVENTS_PER_HASH, HASH_BYTES, len(hash_state(EMPTY))) == (20, 8, 8)


CHANGES = [
    evolve(IN_HAND, table_id=TableId(8)),
    evolve(IN_HAND, table_seq=160),
    evolve(IN_HAND, hand_no=13),
    evolve(IN_HAND, button=SeatIndex(0)),
    evolve(IN_HAND, button=None),
    evolve(IN_HAND, street=Street.RIVER),
    evolve(IN_HAND, street=None),
    evolve(IN_HAND, board=IN_HAND.board[:3]),
    evolve(IN_HAND, board=(*IN_HAND.board[:2], *IN_HAND.board[:1:-1])),
    evolve(IN_HAND, board=(*IN_HAND.board, CardCode(30)), second_board=()),
    evolve(IN_HAND, board=(), second_board=IN_HAND.board),
    evolve(IN_HAND, second_board=(CardCode(31),)),
    evolve(IN_HAND, pot=Krw(12_001)),
    evolve(IN_HAND, turn=(SeatIndex(3), 5)),
    evolve(IN_HAND, turn=(SeatIndex(0), 6)),
    evolve(IN_HAND, turn=None),
    evolve(IN_HAND, seats=(CAPTAIN,)),
    evolve(IN_HAND, seats=(CAPTAIN, evolve(SLEEPER, seat=SeatIndex(4)))),
    evolve(IN_HAND, seats=(CAPTAIN, evolve(SLEEPER, user_id=UserId(5)))),
    evolve(IN_HAND, seats=(CAPTAIN, evolve(SLEEPER, stack=Krw(1)))),
    evolve(IN_HAND, seats=(CAPTAIN, evolve(SLEEPER, street_bet=Krw(1)))),
    evolve(IN_HAND, seats=(CAPTAIN, evolve(SLEEPER, is_in_hand=True))),
    *(
        evolve(IN_HAND, seats=(CAPTAIN, evolve(SLEEPER, status=status)))
        for status in SeatStatus
        if status is not SLEEPER.status
    ),
]


def test_each_field_matters_and_no_two_tables_look_the_same() -> None:
    hashes = {hash_state(table) for table in (IN_HAND, *CHANGES)}
    assert len(hashes) == len(CHANGES) + 1


def test_the_order_in_which_seats_are_kept_does_not_matter() -> None:
    assert hash_state(evolve(IN_HAND, seats=(CAPTAIN, SLEEPER))) == hash_state(IN_HAND)
