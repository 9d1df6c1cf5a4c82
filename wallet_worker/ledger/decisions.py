"""From commands on the wire to the rules, and from what the rules say to replies."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, assert_never

from attrs import define, field, frozen

from cardroom.ids import CommandId, Epoch, ShardId, TableId
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CashOut,
    CommandRefused,
    EndTable,
    HandSettled,
    HoldBuyIn,
    LedgerCommand,
    MakeTable,
    OpenShard,
    OutOfOrder,
    ReopenTable,
    ReplyBody,
    SettleHand,
    StaleEpoch,
    SwitchTable,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.rules.accounts import AccountKey, escrow_of
from wallet_worker.rules.books import Booking, Books, FinishedHand, Seating
from wallet_worker.rules.buy_in import BuyIn, hold_buy_in, is_seated, take_seat
from wallet_worker.rules.cash_out import Leaving, cash_out
from wallet_worker.rules.denials import Denial, Denied, HandOutOfOrder
from wallet_worker.rules.settlement import book_hand, settle_hand
from wallet_worker.rules.transfers import PlayerResult

_MAX_AGE_MS: Final = 7 * 24 * 3600 * 1000
_MAX_AHEAD_MS: Final = 24 * 3600 * 1000


@frozen
class Scene:
    """Where a batch takes place: the shard, its epoch, and the database's time."""

    shard: ShardId
    epoch: Epoch
    unix_ms: int


@define
class Draft:
    """What was decided and is not written yet, in order."""

    bookings: list[Booking] = field(factory=list)
    seatings: list[Seating] = field(factory=list)
    _escrows: dict[TableId, set[AccountKey]] = field(factory=dict)

    def book(self, booking: Booking) -> None:
        """Add what a command decided."""
        self.bookings.append(booking)
        for posting in booking.transfer.postings:
            if posting.account.table_id is not None:
                self._escrows.setdefault(posting.account.table_id, set()).add(posting.account)

    def escrow_of(self, table_id: TableId) -> Iterable[AccountKey]:
        """Give the escrow accounts of a table that the bookings touch."""
        return self._escrows.get(table_id, ())


def refuse_unseen(command: LedgerCommand, scene: Scene) -> ReplyBody | None:
    """Refuse a command, that has no outcome yet, for its age or its epoch.

    Ids older than 7 days are refused, because outcomes are not kept for ever; so are ids that come from no
    clock (another version, or more than a day ahead).
    """
    created = command.id.int >> 80
    if command.id.version != 7 or created > scene.unix_ms + _MAX_AHEAD_MS:
        return CommandRefused(Refusal.MALFORMED)
    if created < scene.unix_ms - _MAX_AGE_MS:
        return CommandRefused(Refusal.COMMAND_TOO_OLD)
    if not isinstance(command.body, OpenShard) and command.epoch != scene.epoch:
        return StaleEpoch(scene.epoch)
    return None


def is_stored(reply: ReplyBody) -> bool:
    """Say whether a reply is the command's outcome for good."""
    return not isinstance(reply, StaleEpoch | OutOfOrder)


def must_write_before(command: LedgerCommand, books: Books, draft: Draft) -> bool:
    """Say whether the draft must be written first.

    Somebody who takes a seat may take it from a player whose money has left it in this very draft, or may
    have left another seat in it; one statement for both could show two players with money at one seat in
    between.
    """
    body = command.body
    if not isinstance(body, HoldBuyIn) or is_seated(books, _buy_in(body)):
        return False
    return any(
        escrow.user_id == body.user_id or books.accounts[escrow].seat == body.seat
        for escrow in draft.escrow_of(body.table_id)
    )


def decide(command: LedgerCommand, scene: Scene, books: Books, draft: Draft) -> ReplyBody:
    """Decide one command of the scene's epoch on the books and add what follows to the draft.

    Raises ``BooksDisagree``, books and draft unchanged.
    """
    try:
        match command.body:
            case HoldBuyIn() as body:
                return _hold(command.id, body, books, draft)
            case CashOut() as body:
                return _cash_out(command.id, body, books, draft)
            case SettleHand() as body:
                return _settle(command.id, body, scene, books, draft)
            case OpenShard() | ReopenTable() | MakeTable() | SwitchTable() | EndTable():
                raise AssertionError("a barrier is no part of a batch")
            case _ as unreachable:
                assert_never(unreachable)
    except Denied as denied:
        return CommandRefused(_CODES[denied.denial])
    except HandOutOfOrder as order:
        return OutOfOrder(order.last.hand_id, order.last.hand_no)


def _hold(command_id: CommandId, body: HoldBuyIn, books: Books, draft: Draft) -> ReplyBody:
    buy_in = _buy_in(body)
    transfer = hold_buy_in(books, buy_in)
    if not is_seated(books, buy_in):
        take_seat(books, buy_in)
        draft.seatings.append(Seating(body.user_id, body.table_id, body.seat))
    books.post(transfer)
    draft.book(Booking(command_id, transfer))
    escrow = books.balance(escrow_of(body.user_id, body.table_id))
    return BuyInHeld(body.table_id, body.seat, body.amount, escrow)


def _cash_out(command_id: CommandId, body: CashOut, books: Books, draft: Draft) -> ReplyBody:
    transfer = cash_out(books, Leaving(body.user_id, body.table_id, body.seat, body.stack))
    if transfer.postings:
        books.post(transfer)
        draft.book(Booking(command_id, transfer))
    return CashedOut(body.table_id, body.seat, body.stack)


def _settle(command_id: CommandId, body: SettleHand, scene: Scene, books: Books, draft: Draft) -> ReplyBody:
    hand = _finished(body)
    settled = books.hands.get(hand.hand_id)
    if settled is not None:
        is_same = settled.table_id == hand.table_id and settled.money_hash == hand.money_hash
        if not is_same:
            return CommandRefused(Refusal.COMMAND_REUSED)
        return HandSettled(hand.table_id, hand.hand_id, settled.hand_no)
    transfer = settle_hand(books, scene.shard, hand)
    books.post(transfer)
    book_hand(books, hand)
    draft.book(Booking(command_id, transfer, hand))
    return HandSettled(hand.table_id, hand.hand_id, hand.hand_no)


def _buy_in(body: HoldBuyIn) -> BuyIn:
    return BuyIn(body.user_id, body.table_id, body.seat, body.amount)


def _finished(body: SettleHand) -> FinishedHand:
    results = tuple(
        PlayerResult(result.user_id, result.seat, result.net, result.contributed_rake)
        for result in body.results
    )
    return FinishedHand(
        body.table_id, body.hand_id, body.hand_no, body.previous_hand_id, body.started_unix_ms,
        results, body.rake, body.record, _money_hash(body),
    )  # fmt: skip


def _money_hash(body: SettleHand) -> bytes:
    """Hash what a hand did to whom; the record may be written anew by another owner of the table."""
    nets = [f"{one.user_id}:{one.seat}:{one.net}:{one.contributed_rake}" for one in body.results]
    text = f"{body.table_id}|{body.hand_no}|{body.previous_hand_id}|{body.rake}|{';'.join(sorted(nets))}"
    return sha256(text.encode()).digest()


_CODES: Final = {
    Denial.INSUFFICIENT_FUNDS: Refusal.INSUFFICIENT_FUNDS,
    Denial.FROZEN: Refusal.FROZEN,
    Denial.SELF_EXCLUDED: Refusal.SELF_EXCLUDED,
    Denial.NO_SUCH_TABLE: Refusal.NO_SUCH_TABLE,
    Denial.NO_SUCH_SEAT: Refusal.NO_SUCH_SEAT,
    Denial.SEAT_TAKEN: Refusal.SEAT_TAKEN,
    Denial.AMOUNT_TOO_SMALL: Refusal.AMOUNT_TOO_SMALL,
    Denial.AMOUNT_TOO_LARGE: Refusal.AMOUNT_TOO_LARGE,
    Denial.STACK_MISMATCH: Refusal.STACK_MISMATCH,
    Denial.HAND_UNBALANCED: Refusal.HAND_UNBALANCED,
    Denial.TABLE_HALTED: Refusal.TABLE_HALTED,
    Denial.PLAY_FROZEN: Refusal.PLAY_FROZEN,
    Denial.WITHDRAWALS_FROZEN: Refusal.WITHDRAWALS_FROZEN,
    Denial.LOSS_LIMIT: Refusal.LOSS_LIMIT,
    Denial.SESSION_LIMIT: Refusal.SESSION_LIMIT,
    Denial.USER_BLOCKED: Refusal.USER_BLOCKED,
}
assert len(_CODES) == len(Denial), "every denial has its code"
