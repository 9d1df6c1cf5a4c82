"""Money from a wallet to a seat."""

from attrs import frozen

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import escrow_of, wallet_of
from wallet_worker.rules.books import Account, Books
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import MAX_AMOUNT, Transfer, buy_in_transfer


@frozen
class BuyIn:
    """A player asks to bring ``amount`` to a seat; on the wire ``HoldBuyIn``."""

    user_id: UserId
    table_id: TableId
    seat: SeatIndex
    amount: Krw


def is_seated(books: Books, buy_in: BuyIn) -> bool:
    """Say whether the player's money lies at a seat of the table already: then it is a top-up."""
    return books.balance(escrow_of(buy_in.user_id, buy_in.table_id)) > 0


def hold_buy_in(books: Books, buy_in: BuyIn) -> Transfer:
    """Give the transfer of a buy-in or top-up.

    Denied: no such table or seat, table halted, amount out of bounds, player frozen, blocked or
    self-excluded, all play frozen, seat taken (it holds another player's money, or the player's money lies at
    another seat), session or loss limit, insufficient funds.
    """
    _check_table(books, buy_in)
    if buy_in.amount <= 0:
        raise Denied(Denial.AMOUNT_TOO_SMALL)
    if buy_in.amount > MAX_AMOUNT:
        raise Denied(Denial.AMOUNT_TOO_LARGE)
    _check_player(books, buy_in)
    _check_seat(books, buy_in)
    if (room := books.rooms.get(buy_in.user_id)) is not None:
        room.check(buy_in.amount)
    if books.balance(wallet_of(buy_in.user_id)) < buy_in.amount:
        raise Denied(Denial.INSUFFICIENT_FUNDS)
    return buy_in_transfer(buy_in.user_id, buy_in.table_id, buy_in.amount)


def take_seat(books: Books, buy_in: BuyIn) -> None:
    """Move the player's (empty) escrow to the seat; comes before the transfer."""
    escrow = books.accounts.setdefault(escrow_of(buy_in.user_id, buy_in.table_id), Account(None, Krw(0)))
    assert escrow.balance == 0, "money does not change its seat"
    escrow.seat = buy_in.seat


def _check_table(books: Books, buy_in: BuyIn) -> None:
    table = books.tables.get(buy_in.table_id)
    if table is None or table.is_closed:
        raise Denied(Denial.NO_SUCH_TABLE)
    if table.is_halted:
        raise Denied(Denial.TABLE_HALTED)
    if not 0 <= buy_in.seat < table.seat_count:
        raise Denied(Denial.NO_SUCH_SEAT)


def _check_player(books: Books, buy_in: BuyIn) -> None:
    player = books.players.get(buy_in.user_id)
    if player is None:
        raise Denied(Denial.INSUFFICIENT_FUNDS)
    if player.is_frozen:
        raise Denied(Denial.FROZEN)
    if player.is_blocked:
        raise Denied(Denial.USER_BLOCKED)
    if player.is_self_excluded:
        raise Denied(Denial.SELF_EXCLUDED)
    if player.is_play_frozen:
        raise Denied(Denial.PLAY_FROZEN)


def _check_seat(books: Books, buy_in: BuyIn) -> None:
    for key, escrow in books.escrow_at(buy_in.table_id):
        if (key.user_id == buy_in.user_id) != (escrow.seat == buy_in.seat):
            raise Denied(Denial.SEAT_TAKEN)
