"""Money from a seat back to the wallet."""

from attrs import frozen

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import escrow_of
from wallet_worker.rules.books import Books
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import Transfer, cash_out_transfer


@frozen
class Leaving:
    """A player leaves a seat with ``stack``; on the wire ``CashOut``."""

    user_id: UserId
    table_id: TableId
    seat: SeatIndex
    stack: Krw


def cash_out(books: Books, leaving: Leaving) -> Transfer:
    """Give the transfer of a seat's whole escrow; moves nothing where stack and escrow are zero.

    Denied: no such table, table halted, stack mismatch (the stack is not the escrow, or the player's money
    does not lie at that seat).
    """
    table = books.tables.get(leaving.table_id)
    if table is None:
        raise Denied(Denial.NO_SUCH_TABLE)
    if table.is_halted:
        raise Denied(Denial.TABLE_HALTED)
    escrow = books.accounts.get(escrow_of(leaving.user_id, leaving.table_id))
    if escrow is None or escrow.balance != leaving.stack or escrow.seat != leaving.seat:
        raise Denied(Denial.STACK_MISMATCH)
    return cash_out_transfer(leaving.user_id, leaving.table_id, leaving.stack)


def pay_out_table(books: Books, table_id: TableId) -> list[tuple[Leaving, Transfer]]:
    """Give what pays every seat of a table out, by seats, and post it; whether the table is halted or not."""
    paid = []
    for key, escrow in sorted(books.escrow_at(table_id), key=lambda one: one[1].seat or 0):
        assert key.user_id is not None, "escrow is a player's"
        assert escrow.seat is not None, "escrow lies at a seat"
        transfer = cash_out_transfer(key.user_id, table_id, escrow.balance)
        paid.append((Leaving(key.user_id, table_id, escrow.seat, escrow.balance), transfer))
        books.post(transfer)
    return paid
