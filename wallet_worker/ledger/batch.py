"""One batch of a shard's commands as one transaction: all of it is committed, or nothing."""

from collections.abc import Sequence
from typing import Final, assert_never

from attrs import frozen

from cardroom.ids import CommandId, HandId, ShardId, TableId, UserId
from cardroom.service.postgres import Postgres, Transaction
from cardroom.wire.ledger import (
    CashOut,
    CommandRefused,
    HoldBuyIn,
    LedgerCommand,
    LedgerReply,
    OpenShard,
    ReplyBody,
    SettleHand,
    ShardOpened,
    StaleEpoch,
    reply_codec,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.ledger.deciding import Decision, decide
from wallet_worker.ledger.translation import body_hash
from wallet_worker.rules.books import Booking, Books, FinishedHand
from wallet_worker.store.book_hands import book_hands
from wallet_worker.store.load_books import Wanted, load_books
from wallet_worker.store.lock_shard import LockedShard, lock_shard
from wallet_worker.store.open_shard import open_shard, read_tables
from wallet_worker.store.outcomes import Outcome, find_outcomes, store_outcomes
from wallet_worker.store.post_transfers import NewTransfer, open_account, post_transfers, seat_escrow
from wallet_worker.store.seal_batch import Link, seal_batch

COMMAND_LIFE_MS: Final = 7 * 24 * 3600 * 1000
"""An older command that is not known is refused: its outcome may have been forgotten."""

_REPLIES: Final = reply_codec()


@frozen
class Holder:
    """Whose batches these are: the worker's term of a shard, and the key of the integrity chain."""

    shard: ShardId
    term: int
    link: Link


async def commit_batch(postgres: Postgres, holder: Holder, commands: Sequence[LedgerCommand]) -> list[bytes]:
    """Carry out commands in their order; gives the encoded reply to each.

    May be repeated: what has an outcome is only answered. Raises ``TermLost``, ``BooksDisagree``, or what
    the database says; then nothing is changed.
    """
    async with postgres.transaction() as transaction:
        locked = await lock_shard(transaction, holder.shard, holder.term)
        known = await find_outcomes(transaction, [command.id for command in commands])
        if len(commands) == 1 and isinstance(commands[0].body, OpenShard):
            return [await _open(transaction, locked, commands[0], commands[0].body, known)]
        fresh = [command for command in _once(commands) if command.id not in known]
        books = await load_books(transaction, holder.shard, _wanted(fresh))
        decided = {command.id: _answer(books, holder.shard, locked, command) for command in fresh}
        await _write(transaction, holder, locked, books, [decided[command.id] for command in fresh])
        outcomes = [_outcome(command, decided[command.id].reply) for command in fresh]
        final = [one for one in outcomes if decided[one.command_id].is_final]
        await store_outcomes(transaction, holder.shard, final)
        await seal_batch(transaction, holder.shard, locked, holder.link)
        by_id = known | {one.command_id: one for one in outcomes}
        return [_reply(command, by_id[command.id]) for command in commands]


def _once(commands: Sequence[LedgerCommand]) -> list[LedgerCommand]:
    """Leave repeats within the batch out: they get the outcome of the first."""
    return list({command.id: command for command in reversed(commands)}.values())[::-1]


def _wanted(commands: Sequence[LedgerCommand]) -> Wanted:
    users: set[UserId] = set()
    tables: set[TableId] = set()
    hands: set[HandId] = set()
    for command in commands:
        match command.body:
            case HoldBuyIn() | CashOut() as moved:
                users.add(moved.user_id)
                tables.add(moved.table_id)
            case SettleHand() as hand:
                users.update(result.user_id for result in hand.results)
                tables.add(hand.table_id)
                hands.add(hand.hand_id)
            case OpenShard():
                raise AssertionError("opening a shard is a transaction of its own")
            case _ as unreachable:
                assert_never(unreachable)
    return Wanted(users, tables, hands)


def _answer(books: Books, shard: ShardId, locked: LockedShard, command: LedgerCommand) -> Decision:
    if command.epoch != locked.epoch:
        return Decision(StaleEpoch(locked.epoch), is_final=False)
    if locked.unix_ms - (command.id.int >> 80) > COMMAND_LIFE_MS:
        return Decision(CommandRefused(Refusal.COMMAND_TOO_OLD), is_final=False)
    return decide(books, shard, command)


async def _write(
    transaction: Transaction, holder: Holder, locked: LockedShard, books: Books, decisions: Sequence[Decision]
) -> None:
    bookings = [one.booking for one in decisions if one.booking is not None]
    hands: list[FinishedHand] = [booking.hand for booking in bookings if booking.hand is not None]
    await seat_escrow(transaction, books, [one.seating for one in decisions if one.seating is not None])
    for key, account in books.accounts.items():
        if account.id is None and key.table_id is None:
            account.id = await open_account(transaction, key)
    await book_hands(transaction, hands)
    batch = locked.last_batch + 1
    await post_transfers(transaction, holder.shard, batch, books, [_new(booking) for booking in bookings])


def _new(booking: Booking) -> NewTransfer:
    hand_id = booking.hand.hand_id if booking.hand is not None else None
    return NewTransfer(booking.command_id, booking.transfer, hand_id)


async def _open(
    transaction: Transaction,
    locked: LockedShard,
    command: LedgerCommand,
    body: OpenShard,
    known: dict[CommandId, Outcome],
) -> bytes:
    """Raise the epoch; the same command again gets the same epoch."""
    if command.id in known:
        return _reply(command, known[command.id])
    epoch = await open_shard(transaction, command.shard, body.from_epoch, body.node, command.boot)
    if epoch is None:
        return _encoded(command, StaleEpoch(locked.epoch))
    opened = ShardOpened(epoch, await read_tables(transaction, command.shard))
    outcome = _outcome(command, opened)
    await store_outcomes(transaction, command.shard, [outcome])
    return outcome.reply


def _outcome(command: LedgerCommand, reply: ReplyBody) -> Outcome:
    kind = type(command.body).__name__
    return Outcome(command.id, kind, body_hash(command.body), _encoded(command, reply))


def _reply(command: LedgerCommand, outcome: Outcome) -> bytes:
    """Give the outcome to who asked for it; another body under the same id is refused."""
    if outcome.body_hash != body_hash(command.body):
        return _encoded(command, CommandRefused(Refusal.COMMAND_REUSED))
    return outcome.reply


def _encoded(command: LedgerCommand, reply: ReplyBody) -> bytes:
    return _REPLIES.encode(LedgerReply(command.id, reply))
