"""What one command does to the books: the answer, and what is to be written."""

from typing import assert_never

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CashOut,
    CommandRefused,
    HandSettled,
    HoldBuyIn,
    LedgerCommand,
    OpenShard,
    OutOfOrder,
    ReplyBody,
    SettleHand,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.ledger.translation import buy_in_of, hand_of, leaving_of, refusal_of
from wallet_worker.rules.accounts import escrow_of
from wallet_worker.rules.books import Booking, Books, Seating
from wallet_worker.rules.buy_in import hold_buy_in, is_seated, take_seat
from wallet_worker.rules.cash_out import cash_out
from wallet_worker.rules.denials import Denial, Denied, HandOutOfOrder
from wallet_worker.rules.settlement import book_hand, settle_hand
from wallet_worker.rules.transfers import Transfer


@frozen
class Decision:
    """The answer to a command. ``is_final``: it is stored, and every repeat gets it again."""

    reply: ReplyBody
    is_final: bool = True
    booking: Booking | None = None
    seating: Seating | None = None


def decide(books: Books, shard: ShardId, command: LedgerCommand) -> Decision:
    """Carry a command out on the books, or refuse it, which changes nothing.

    Raises ``BooksDisagree`` when the sender believes in money that is not there.
    """
    try:
        match command.body:
            case HoldBuyIn():
                return _hold(books, command, command.body)
            case SettleHand():
                return _settle(books, shard, command, command.body)
            case CashOut():
                return _cash_out(books, command, command.body)
            case OpenShard():
                raise AssertionError("opening a shard is a transaction of its own")
            case _ as unreachable:
                assert_never(unreachable)
    except Denied as denied:
        # A halted table is opened again by an operator: what it refused meanwhile may be sent again.
        is_final = denied.denial is not Denial.TABLE_HALTED
        return Decision(CommandRefused(refusal_of(denied.denial)), is_final)
    except HandOutOfOrder as late:
        return Decision(OutOfOrder(late.last.hand_id, late.last.hand_no), is_final=False)


def _hold(books: Books, command: LedgerCommand, body: HoldBuyIn) -> Decision:
    buy_in = buy_in_of(body)
    transfer = hold_buy_in(books, buy_in)
    seating = None
    if not is_seated(books, buy_in):
        take_seat(books, buy_in)
        seating = Seating(body.user_id, body.table_id, body.seat)
    booking = _post(books, command, transfer)
    escrow = books.balance(escrow_of(body.user_id, body.table_id))
    return Decision(
        BuyInHeld(body.table_id, body.seat, body.amount, escrow), booking=booking, seating=seating
    )


def _settle(books: Books, shard: ShardId, command: LedgerCommand, body: SettleHand) -> Decision:
    """A hand is known by its own id too: settled already, it is only answered."""
    hand = hand_of(body)
    booked = books.hands.get(hand.hand_id)
    if booked is not None:
        if booked.money_hash != hand.money_hash:
            return Decision(CommandRefused(Refusal.COMMAND_REUSED))
        return Decision(HandSettled(body.table_id, body.hand_id, body.hand_no))
    transfer = settle_hand(books, shard, hand)
    booking = Booking(command.id, transfer, hand)
    books.post(transfer)
    book_hand(books, hand)
    return Decision(HandSettled(body.table_id, body.hand_id, body.hand_no), booking=booking)


def _cash_out(books: Books, command: LedgerCommand, body: CashOut) -> Decision:
    transfer = cash_out(books, leaving_of(body))
    booking = _post(books, command, transfer)
    return Decision(CashedOut(body.table_id, body.seat, body.stack), booking=booking)


def _post(books: Books, command: LedgerCommand, transfer: Transfer) -> Booking | None:
    """Post a transfer; one that moves nothing leaves no trace."""
    if not transfer.postings:
        return None
    books.post(transfer)
    return Booking(command.id, transfer)
