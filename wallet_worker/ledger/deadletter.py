"""Dead letters: commands that could not be carried out, and how an operator ends them.

``retry`` carries the command out after all, by the same decisions as a batch; ``void`` gives it up and pays
what lies at its table back to the wallets. Both work under the shard's lock, whatever the term, in one
transaction that is sealed like a batch. The outcome that is stored under the command's own id stays the
refusal it is: what is done now goes under ids of its own. The table stays halted until its owner has opened
it anew (``ReopenTable``, or the next ``OpenShard``): what the owner still believes about it must not be
decided on the new money.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import attrs
from attrs import frozen

from cardroom.ids import BootNonce, CommandId, HandId, ShardId, TableId, new_command_id
from cardroom.service.postgres import PostgresAway, PostgresRefused, Transaction
from cardroom.wire import keys
from cardroom.wire.codec import message_name
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CommandRefused,
    HandSettled,
    HoldBuyIn,
    LedgerCommand,
    ReplyBody,
    SettleHand,
    command_codec,
)
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.decisions import Draft, Scene, decide
from wallet_worker.ledger.entries import Barrier, EntryReader, Garbage, users_of
from wallet_worker.ledger.trouble import is_server_trouble
from wallet_worker.rules.books import Books, FinishedHand
from wallet_worker.rules.cash_out import pay_out_table
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.rules.settlement import close_void_hands, nothing_moves
from wallet_worker.store.book_hands import book_hands
from wallet_worker.store.load_books import Wanted, load_books
from wallet_worker.store.post_transfers import (
    BatchPlace,
    NewTransfer,
    open_rake,
    post_transfers,
    read_clock,
    seat_escrow,
)
from wallet_worker.store.resolve_letter import (
    LockedLetter,
    Resolution,
    find_release,
    lock_letter,
    note_failure,
    resolve_letter,
    who_sits,
)
from wallet_worker.store.seal_batch import SealedBatch, seal_batch

RETRIED: Final = "retried"
VOIDED: Final = "voided"

_ID_BYTES: Final = 10


class ResolvedOtherwise(Exception):
    """The letter was resolved in the other way; that cannot be changed."""


class StillFails(Exception):
    """The command cannot be carried out; the text says why. The letter waits as before."""


@frozen
class Resolved:
    """What became of a letter: ``document`` is the same however often it is asked for.

    ``owner`` holds the shard, if anybody does; ``release`` is the number under which the table waits to be
    opened anew by it, None where it does not wait.
    """

    shard: ShardId
    table_id: TableId | None
    document: Mapping[str, Any]
    owner: BootNonce | None
    release: int | None


async def retry_letter(tools: BatchTools, wanted: Resolution) -> Resolved:
    """Carry a letter's command out; may be repeated.

    Raises ``StillFails`` (nothing moved, the letter notes why), ``ResolvedOtherwise``, ``NoSuchLetter``,
    ``LetterKeyReused``, or ``PostgresAway``.
    """
    assert wanted.how == RETRIED, "a letter is retried"
    try:
        return await _resolve(tools, wanted)
    except (PostgresRefused, BooksDisagree, AssertionError) as trouble:
        if is_server_trouble(trouble):
            raise PostgresAway(str(trouble)) from trouble
        failure = str(trouble) or repr(trouble)
    except StillFails as fails:
        failure = str(fails)
    await note_failure(tools.postgres, wanted.letter_id, failure)
    raise StillFails(failure)


async def void_letter(tools: BatchTools, wanted: Resolution) -> Resolved:
    """Give a letter up and pay its table's escrow out, if it has a table; may be repeated.

    Hands of the table that are not settled are void: a hand that nobody played takes their place, so that
    none of them can ever follow the last one that is settled. Raises ``ResolvedOtherwise``, ``NoSuchLetter``,
    ``LetterKeyReused``, or ``PostgresAway``.
    """
    assert wanted.how == VOIDED, "a letter is voided"
    try:
        return await _resolve(tools, wanted)
    except PostgresRefused as trouble:
        if is_server_trouble(trouble):
            raise PostgresAway(str(trouble)) from trouble
        raise


async def _resolve(tools: BatchTools, wanted: Resolution) -> Resolved:
    """Resolve the letter, unless it is, in one transaction; then give what is stored of it."""
    async with tools.postgres.transaction() as transaction:
        letter = await lock_letter(transaction, wanted)
        case = _Case(tools, transaction, letter, wanted)
        if letter.resolution is None:
            await (case.retry() if wanted.how == RETRIED else case.void())
        resolved = await _conclude(transaction, wanted)
    if case.sealed is not None:
        tools.on_sealed(case.sealed)
    return resolved


async def _conclude(transaction: Transaction, wanted: Resolution) -> Resolved:
    """Give the answer from what is stored: the first and every later one are the same."""
    letter = await lock_letter(transaction, wanted)
    if letter.resolution != wanted.how or letter.outcome is None:
        raise ResolvedOtherwise
    release = await find_release(transaction, letter.table_id)
    return Resolved(letter.shard, letter.table_id, letter.outcome, letter.owner_boot, release)


class _Case:
    """One letter that is being resolved, while its transaction is open."""

    def __init__(
        self, tools: BatchTools, transaction: Transaction, letter: LockedLetter, wanted: Resolution
    ) -> None:
        self._link = tools.link
        self._protection = tools.protection
        self._blocked_users = tools.blocked_users
        self._transaction = transaction
        self._letter = letter
        self._wanted = wanted
        self._lines: list[str] = []
        self.sealed: SealedBatch | None = None
        self._note = f"letter {letter.letter_id} {wanted.how} by {wanted.by}: {wanted.reason}"

    async def retry(self) -> None:
        command = self._read_command()
        books = await self._load(command)
        table = None if self._letter.table_id is None else books.tables.get(self._letter.table_id)
        if table is not None:
            table.is_halted = False  # for this command only: it is what the table is halted for
        draft = Draft()
        scene = Scene(self._letter.shard, self._letter.locked.epoch, self._letter.locked.unix_ms)
        reply = decide(command, scene, books, draft)
        if not isinstance(reply, BuyInHeld | CashedOut | HandSettled):
            raise StillFails(_say(reply))
        await seat_escrow(self._transaction, books, draft.seatings)
        hands = [booking.hand for booking in draft.bookings if booking.hand is not None]
        transfers = [
            NewTransfer(one.command_id, one.transfer, one.hand, self._note) for one in draft.bookings
        ]
        await self._post(books, hands, transfers)
        await self._finish(transfers, {"answer": message_name(type(reply))})

    async def void(self) -> None:
        table_id = self._letter.table_id
        if table_id is None:
            await self._finish((), {"paid": []})
            return
        users = await who_sits(self._transaction, table_id)
        books = await load_books(self._transaction, self._letter.shard, Wanted(users, {table_id}, ()))
        paid = pay_out_table(books, table_id)
        transfers = [NewTransfer(self._new_id(), transfer, reason=self._note) for _, transfer in paid]
        seats = [
            {"user_id": leaving.user_id, "seat": leaving.seat, "amount": leaving.stack} for leaving, _ in paid
        ]
        closing = close_void_hands(
            books.tables[table_id].last, table_id, HandId(uuid4()), self._letter.locked.unix_ms
        )
        transfers.append(NewTransfer(self._new_id(), nothing_moves(), closing, self._note))
        await self._post(books, (closing,), transfers)
        await self._finish(transfers, {"paid": seats})

    def _read_command(self) -> LedgerCommand:
        """Give the command, under a new id: the old one has its outcome for good."""
        fields = {keys.COMMAND_FIELD: self._letter.payload}
        entry = EntryReader(self._letter.shard, command_codec()).read(self._letter.stream_id, fields)
        if isinstance(entry, Garbage) or isinstance(entry.command.body, Barrier):
            raise StillFails("it is no command about money, so it can only be voided")
        return attrs.evolve(entry.command, id=self._new_id())

    async def _load(self, command: LedgerCommand) -> Books:
        body = command.body
        tables = set() if self._letter.table_id is None else {self._letter.table_id}
        hands = {body.hand_id} if isinstance(body, SettleHand) else set()
        users = set(users_of(command))
        buyers = users if isinstance(body, HoldBuyIn) else ()
        wanted = Wanted(users, tables, hands, buyers, self._protection, self._blocked_users)
        return await load_books(self._transaction, self._letter.shard, wanted)

    def _new_id(self) -> CommandId:
        return new_command_id(self._letter.locked.unix_ms, secrets.token_bytes(_ID_BYTES))

    async def _post(
        self, books: Books, hands: Sequence[FinishedHand], transfers: Sequence[NewTransfer]
    ) -> None:
        """Write what was decided as a batch of its own."""
        if not transfers:
            return
        await open_rake(self._transaction, books, transfers)
        number, booked_at = self._letter.locked.last_batch + 1, await read_clock(self._transaction)
        await book_hands(self._transaction, hands, booked_at)
        place = BatchPlace(self._letter.shard, number, booked_at)
        self._lines = await post_transfers(self._transaction, place, books, transfers)

    async def _finish(self, transfers: Sequence[NewTransfer], facts: dict[str, Any]) -> None:
        """Note the resolution, and seal."""
        outcome: dict[str, Any] = {
            "letter": self._letter.letter_id,
            "resolution": self._wanted.how,
            "by": self._wanted.by,
            "reason": self._wanted.reason,
            "shard": self._letter.shard,
            "table_id": self._letter.table_id,
            "transfers": [str(new.command_id) for new in transfers],
        }
        await resolve_letter(self._transaction, self._letter, self._wanted, outcome | facts)
        self.sealed = await seal_batch(
            self._transaction, self._letter.shard, self._letter.locked, self._link, self._lines
        )


def _say(reply: ReplyBody) -> str:
    return reply.code.value if isinstance(reply, CommandRefused) else message_name(type(reply))
