"""The money of a finished hand."""

from hashlib import sha256

from cardroom.ids import HandId, ShardId, TableId
from cardroom.money import Krw
from wallet_worker.rules.accounts import escrow_of
from wallet_worker.rules.books import BookedHand, Books, FinishedHand
from wallet_worker.rules.denials import BooksDisagree, Denial, Denied, HandOutOfOrder, LastHand
from wallet_worker.rules.transfers import MAX_AMOUNT, Posting, Transfer, TransferKind, hand_transfer


def settle_hand(books: Books, shard: ShardId, hand: FinishedHand) -> Transfer:
    """Give the transfer of a hand that follows its table's last settled one.

    Denied: no such table, hand unbalanced. Raises ``HandOutOfOrder`` where it does not follow, and
    ``BooksDisagree`` where a player has no escrow at that seat: who has no money there, did not play.
    """
    table = books.tables.get(hand.table_id)
    if table is None:
        raise Denied(Denial.NO_SUCH_TABLE)
    if not is_balanced(hand):
        raise Denied(Denial.HAND_UNBALANCED)
    if hand.hand_no != table.last.hand_no + 1 or hand.previous != table.last.hand_id:
        raise HandOutOfOrder(table.last)
    if table.is_halted:
        raise Denied(Denial.TABLE_HALTED)
    nets = []
    for result in hand.results:
        key = escrow_of(result.user_id, hand.table_id)
        escrow = books.accounts.get(key)
        if escrow is None or escrow.balance == 0 or escrow.seat != result.seat:
            raise BooksDisagree(f"user {result.user_id} has no escrow at seat {result.seat}")
        nets.append(Posting(key, result.net))
    return hand_transfer(shard, nets, hand.rake)


def close_void_hands(last: LastHand, table_id: TableId, hand_id: HandId, unix_ms: int) -> FinishedHand:
    """Give a hand that nobody played and that moves nothing, to stand in the place of those that are void.

    Whoever still has one of them, the owner's journal too, finds that it no longer follows the table's last.
    """
    return FinishedHand(
        table_id, hand_id, last.hand_no + 1, last.hand_id, unix_ms,
        results=(), rake=Krw(0), record=None, money_hash=sha256(b"void").digest(),
    )  # fmt: skip


def nothing_moves() -> Transfer:
    """Give the transfer of a hand that moves nothing."""
    return Transfer(TransferKind.HAND, ())


def book_hand(books: Books, hand: FinishedHand) -> None:
    """Make the hand the table's last settled one; comes after its transfer."""
    books.tables[hand.table_id].last = LastHand(hand.hand_id, hand.hand_no)
    books.hands[hand.hand_id] = BookedHand(hand.table_id, hand.hand_no, hand.money_hash)


def is_balanced(hand: FinishedHand) -> bool:
    """Say whether a hand moves money without making or losing any, and accounts for its rake."""
    results = hand.results
    amounts = [abs(amount) for result in results for amount in (result.net, result.contributed_rake)]
    return (
        len(results) > 0
        and max(amounts) <= MAX_AMOUNT
        and len({result.user_id for result in results}) == len(results)
        and len({result.seat for result in results}) == len(results)
        and hand.rake >= 0
        and sum(result.net for result in results) + hand.rake == 0
        and all(result.contributed_rake >= 0 for result in results)
        and sum(result.contributed_rake for result in results) == hand.rake
    )
