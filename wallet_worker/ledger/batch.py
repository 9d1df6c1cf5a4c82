"""One batch of a shard's commands, in one transaction."""

from collections.abc import Callable, Sequence
from typing import assert_never

from attrs import field, frozen

from cardroom.ids import BootNonce, CommandId, HandId, ShardId
from cardroom.service.postgres import Postgres, Transaction
from cardroom.service.protection import ProtectionSettings
from cardroom.wire.codec import Codec, message_name
from cardroom.wire.ledger import (
    CommandRefused,
    EndTable,
    HoldBuyIn,
    LedgerReply,
    MakeTable,
    OpenShard,
    ReopenTable,
    ReplyBody,
    SettleHand,
    ShardOpened,
    StaleEpoch,
    SwitchTable,
    TableReopened,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.ledger.decisions import (
    Draft,
    Scene,
    decide,
    is_stored,
    must_write_before,
    refuse_unseen,
)
from wallet_worker.ledger.entries import Barrier, Entry, Garbage, Letter, command_ids, users_of
from wallet_worker.rules.books import Books
from wallet_worker.store.book_hands import book_hands
from wallet_worker.store.bury_letter import DeadLetter, bury_letter
from wallet_worker.store.load_books import Wanted, load_books
from wallet_worker.store.lock_shard import LockedShard, lock_shard
from wallet_worker.store.open_shard import open_shard, read_tables
from wallet_worker.store.outcomes import Outcome, find_outcomes, store_outcomes
from wallet_worker.store.post_transfers import (
    BatchPlace,
    NewTransfer,
    open_rake,
    post_transfers,
    read_clock,
    seat_escrow,
)
from wallet_worker.store.reopen_tables import note_opened, reopen_table, reopen_tables
from wallet_worker.store.seal_batch import Link, SealedBatch, seal_batch
from wallet_worker.store.table_modes import OrderedBy, end_table, make_ordered_table, switch_table


@frozen
class Answer:
    """A reply for a node start; ``outcome`` names it in metrics."""

    boot: BootNonce
    reply: bytes
    kind: str
    outcome: str


def _tell_nobody(sealed: SealedBatch) -> None:
    """Leave it to whoever reads the database."""


@frozen
class BatchTools:
    """What a batch needs besides its commands; ``on_sealed`` is told what was sealed, after the commit.

    ``blocked_users``: whether blocks of players count, as at the door.
    """

    postgres: Postgres
    codec: Codec[LedgerReply]
    link: Link
    on_sealed: Callable[[SealedBatch], None] = _tell_nobody
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    blocked_users: bool = True


async def apply_batch(tools: BatchTools, shard: ShardId, term: int, entries: Sequence[Entry]) -> list[Answer]:
    """Commit entries in their order and give the replies; may be repeated with the same replies.

    A barrier must be alone. Raises ``TermLost``, ``PostgresAway`` (whether it was committed is not
    known), or, rolled back, ``PostgresRefused``, ``BooksDisagree`` or ``AssertionError``.
    """
    async with tools.postgres.transaction() as transaction:
        locked = await lock_shard(transaction, shard, term)
        batch = _Batch(tools, transaction, shard, locked)
        answers = await batch.run(entries)
    if batch.sealed is not None:
        tools.on_sealed(batch.sealed)
    return answers


async def bury_entry(
    tools: BatchTools, shard: ShardId, term: int, letter: Letter, reason: str
) -> list[Answer]:
    """Make a command a dead letter, halt its table, and refuse it for good; all in one transaction."""
    async with tools.postgres.transaction() as transaction:
        locked = await lock_shard(transaction, shard, term)
        batch = _Batch(tools, transaction, shard, locked)
        return await batch.bury(letter, reason)


class _Batch:
    """The state of one batch while its transaction is open."""

    def __init__(
        self, tools: BatchTools, transaction: Transaction, shard: ShardId, locked: LockedShard
    ) -> None:
        self._codec = tools.codec
        self._link = tools.link
        self._protection = tools.protection
        self._blocked_users = tools.blocked_users
        self._transaction = transaction
        self._locked = locked
        self._scene = Scene(shard, locked.epoch, locked.unix_ms)
        self._known: dict[CommandId, Outcome] = {}
        self._new: list[Outcome] = []
        self._draft = Draft()
        self._answers: list[Answer] = []
        self._booked: BatchPlace | None = None
        self._lines: list[str] = []
        self.sealed: SealedBatch | None = None

    async def run(self, entries: Sequence[Entry]) -> list[Answer]:
        self._known.update(await find_outcomes(self._transaction, command_ids(entries)))
        books = await self._load(entries)
        for entry in entries:
            if isinstance(entry, Garbage):
                await self._bury_garbage(entry)
            else:
                await self._answer(entry, books)
        await self._write(books)
        await store_outcomes(self._transaction, self._scene.shard, self._new)
        self.sealed = await seal_batch(
            self._transaction, self._scene.shard, self._locked, self._link, self._lines
        )
        return self._answers

    async def bury(self, letter: Letter, reason: str) -> list[Answer]:
        self._known.update(await find_outcomes(self._transaction, [letter.command.id]))
        if letter.command.id not in self._known:
            table_id = letter.table_id
            await self._bury(letter.stream_id, letter.payload, reason, letter)
            code = Refusal.INTERNAL if table_id is None else Refusal.TABLE_HALTED
            self._conclude(letter, CommandRefused(code))
            await store_outcomes(self._transaction, self._scene.shard, self._new)
        else:
            self._repeat(letter, self._known[letter.command.id])
        return self._answers

    async def _load(self, entries: Sequence[Entry]) -> Books:
        letters = [entry for entry in entries if isinstance(entry, Letter)]
        unseen = [letter for letter in letters if letter.command.id not in self._known]
        bodies = [letter.command.body for letter in unseen]
        hands = {HandId(body.hand_id) for body in bodies if isinstance(body, SettleHand)}
        tables = {letter.table_id for letter in unseen if letter.table_id is not None}
        users = {user for letter in unseen for user in users_of(letter.command)}
        if not tables:
            return Books()
        buyers = {body.user_id for body in bodies if isinstance(body, HoldBuyIn)}
        wanted = Wanted(users, tables, hands, buyers, self._protection, self._blocked_users)
        return await load_books(self._transaction, self._scene.shard, wanted)

    async def _answer(self, letter: Letter, books: Books) -> None:
        known = self._known.get(letter.command.id)
        if known is not None:
            self._repeat(letter, known)
            return
        reply = refuse_unseen(letter.command, self._scene)
        if reply is None and isinstance(letter.command.body, Barrier):
            reply = await self._pass_barrier(letter, letter.command.body)
        elif reply is None:
            if must_write_before(letter.command, books, self._draft):
                await self._write(books)
            reply = decide(letter.command, self._scene, books, self._draft)
        self._conclude(letter, reply)

    async def _pass_barrier(self, letter: Letter, body: Barrier) -> ReplyBody:
        by = OrderedBy(str(letter.command.id), letter.body_hash)
        match body:
            case OpenShard():
                return await self._open(body, letter.command.boot)
            case ReopenTable():
                return await self._reopen(body)
            case MakeTable():
                return await make_ordered_table(self._transaction, self._scene.shard, body, by)
            case SwitchTable():
                return await switch_table(self._transaction, self._scene.shard, body, by)
            case EndTable():
                return await end_table(self._transaction, self._scene.shard, body)
            case _ as unreachable:
                assert_never(unreachable)

    async def _open(self, body: OpenShard, boot: BootNonce) -> ReplyBody:
        shard = self._scene.shard
        opening = await open_shard(self._transaction, shard, body.from_epoch, body.node, boot)
        if opening is None:
            return StaleEpoch(self._scene.epoch)
        if not opening.is_same_start:  # one that had the shard before still believes in its old tables
            await reopen_tables(self._transaction, shard)
            await note_opened(self._transaction, shard)
        return ShardOpened(opening.epoch, await read_tables(self._transaction, shard))

    async def _reopen(self, body: ReopenTable) -> ReplyBody:
        table = await reopen_table(self._transaction, self._scene.shard, body.table_id)
        return CommandRefused(Refusal.NO_SUCH_TABLE) if table is None else TableReopened(table)

    def _repeat(self, letter: Letter, known: Outcome) -> None:
        """Answer as the first time; another body under a used id is refused, and not stored."""
        if known.body_hash == letter.body_hash:
            self._add_answer(letter, known.reply, "repeated")
        else:
            refused = CommandRefused(Refusal.COMMAND_REUSED)
            self._add_answer(letter, self._encode(letter, refused), Refusal.COMMAND_REUSED.value)

    def _conclude(self, letter: Letter, reply: ReplyBody) -> None:
        data = self._encode(letter, reply)
        if is_stored(reply):
            kind = message_name(type(letter.command.body))
            outcome = Outcome(letter.command.id, kind, letter.body_hash, data)
            self._known[letter.command.id] = outcome
            self._new.append(outcome)
        self._add_answer(letter, data, _name_of(reply))

    def _encode(self, letter: Letter, reply: ReplyBody) -> bytes:
        return self._codec.encode(LedgerReply(letter.command.id, reply))

    def _add_answer(self, letter: Letter, reply: bytes, outcome: str) -> None:
        kind = message_name(type(letter.command.body))
        self._answers.append(Answer(letter.command.boot, reply, kind, outcome))

    async def _write(self, books: Books) -> None:
        """Write the draft: seats, hands, transfers. The rules have seen all of it."""
        draft, self._draft = self._draft, Draft()
        if not draft.bookings:
            return
        hands = [booking.hand for booking in draft.bookings if booking.hand is not None]
        transfers = [NewTransfer(one.command_id, one.transfer, one.hand) for one in draft.bookings]
        await seat_escrow(self._transaction, books, draft.seatings)
        await open_rake(self._transaction, books, transfers)
        place = await self._place()
        await book_hands(self._transaction, hands, place.booked_at)
        self._lines.extend(await post_transfers(self._transaction, place, books, transfers))

    async def _place(self) -> BatchPlace:
        """Give the batch's one place; the first to ask holds the locks of all accounts."""
        if self._booked is None:
            booked_at = await read_clock(self._transaction)
            self._booked = BatchPlace(self._scene.shard, self._locked.last_batch + 1, booked_at)
        return self._booked

    async def _bury_garbage(self, garbage: Garbage) -> None:
        await self._bury(garbage.stream_id, garbage.payload, garbage.reason, None)

    async def _bury(self, stream_id: bytes, payload: bytes, reason: str, letter: Letter | None) -> None:
        dead = DeadLetter(
            shard=self._scene.shard,
            stream_id=stream_id.decode("ascii", "replace"),
            command_id=letter.command.id if letter else None,
            table_id=letter.table_id if letter else None,
            payload=payload,
            reason=reason,
        )
        await bury_letter(self._transaction, dead)


def _name_of(reply: ReplyBody) -> str:
    return reply.code.value if isinstance(reply, CommandRefused) else message_name(type(reply))
