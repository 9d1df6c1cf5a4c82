import pytest
from attrs import evolve

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from tests.wallet_worker.rules.tables import ANN, CYD, TABLE, open_books
from wallet_worker.rules.accounts import escrow_of
from wallet_worker.rules.books import Player
from wallet_worker.rules.buy_in import BuyIn, hold_buy_in, is_seated, take_seat
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import buy_in_transfer

SIT = BuyIn(CYD, TABLE, SeatIndex(2), Krw(100))
TOP_UP = BuyIn(ANN, TABLE, SeatIndex(0), Krw(100))


def denial_of(buy_in: BuyIn, *, table: str = "", player: Player | None = None) -> Denial:
    books = open_books()
    if table:
        setattr(books.tables[TABLE], table, True)
    if player:
        books.players[buy_in.user_id] = player
    with pytest.raises(Denied) as denied:
        hold_buy_in(books, buy_in)
    return denied.value.denial


@pytest.mark.parametrize("buy_in", [SIT, TOP_UP, evolve(SIT, amount=Krw(500))])
def test_a_buy_in_and_a_top_up_move_wallet_to_escrow(buy_in: BuyIn) -> None:
    transfer = hold_buy_in(open_books(), buy_in)
    assert transfer == buy_in_transfer(buy_in.user_id, TABLE, buy_in.amount)
    assert is_seated(open_books(), buy_in) is (buy_in is TOP_UP)


@pytest.mark.parametrize(
    ("buy_in", "denial"),
    [
        (evolve(SIT, amount=Krw(501)), Denial.INSUFFICIENT_FUNDS),
        (evolve(SIT, user_id=UserId(9)), Denial.INSUFFICIENT_FUNDS),
        (evolve(SIT, amount=Krw(0)), Denial.AMOUNT_TOO_SMALL),
        (evolve(SIT, amount=Krw(10**15 + 1)), Denial.AMOUNT_TOO_LARGE),
        (evolve(SIT, seat=SeatIndex(6)), Denial.NO_SUCH_SEAT),
        (evolve(SIT, seat=SeatIndex(-1)), Denial.NO_SUCH_SEAT),
        (evolve(SIT, seat=SeatIndex(1)), Denial.SEAT_TAKEN),
        (evolve(TOP_UP, seat=SeatIndex(2)), Denial.SEAT_TAKEN),
        (evolve(SIT, table_id=TableId(8)), Denial.NO_SUCH_TABLE),
    ],
)
def test_a_buy_in_is_denied(buy_in: BuyIn, denial: Denial) -> None:
    assert denial_of(buy_in) is denial


def test_tables_and_players_that_are_out_of_play() -> None:
    assert denial_of(SIT, table="is_halted") is Denial.TABLE_HALTED
    assert denial_of(SIT, table="is_closed") is Denial.NO_SUCH_TABLE
    assert denial_of(SIT, player=Player(is_frozen=True, is_self_excluded=False)) is Denial.FROZEN
    assert denial_of(TOP_UP, player=Player(is_frozen=False, is_self_excluded=True)) is Denial.SELF_EXCLUDED
    blocked = Player(is_frozen=False, is_self_excluded=False, is_blocked=True)
    assert denial_of(TOP_UP, player=blocked) is Denial.USER_BLOCKED


def test_money_never_changes_its_seat() -> None:
    books = open_books()
    take_seat(books, SIT)
    assert books.accounts[escrow_of(CYD, TABLE)].seat == 2
    with pytest.raises(AssertionError):
        take_seat(books, evolve(TOP_UP, seat=SeatIndex(3)))
