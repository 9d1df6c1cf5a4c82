import pytest
from attrs import evolve

from cardroom.ids import SeatIndex, TableId
from cardroom.money import Krw
from tests.wallet_worker.rules.tables import ANN, CYD, TABLE, open_books
from wallet_worker.rules.cash_out import Leaving, cash_out
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import cash_out_transfer

LEAVE = Leaving(ANN, TABLE, SeatIndex(0), Krw(100))


def test_the_whole_stack_goes_to_the_wallet() -> None:
    assert cash_out(open_books(), LEAVE) == cash_out_transfer(ANN, TABLE, Krw(100))


@pytest.mark.parametrize(
    ("leaving", "denial"),
    [
        (evolve(LEAVE, stack=Krw(99)), Denial.STACK_MISMATCH),
        (evolve(LEAVE, stack=Krw(0)), Denial.STACK_MISMATCH),
        (evolve(LEAVE, seat=SeatIndex(1)), Denial.STACK_MISMATCH),
        (evolve(LEAVE, user_id=CYD, stack=Krw(0)), Denial.STACK_MISMATCH),
        (evolve(LEAVE, table_id=TableId(8)), Denial.NO_SUCH_TABLE),
    ],
)
def test_a_cash_out_is_denied(leaving: Leaving, denial: Denial) -> None:
    with pytest.raises(Denied) as denied:
        cash_out(open_books(), leaving)
    assert denied.value.denial is denial


def test_a_closed_table_pays_and_a_halted_one_does_not() -> None:
    books = open_books()
    books.tables[TABLE].is_closed = True
    assert cash_out(books, LEAVE).postings
    books.tables[TABLE].is_halted = True
    with pytest.raises(Denied, match="TABLE_HALTED"):
        cash_out(books, LEAVE)
