"""The ledger of a card room in memory: what PostgreSQL holds, decided by the real rules.

It fakes the tables and transactions, not the bookkeeping: that is ``wallet_worker.rules`` and ``decide``.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from uuid import uuid4

from attrs import define, evolve, field, frozen

from cardroom.ids import BootNonce, CommandId, Epoch, HandId, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import (
    DEPARTURE_MS,
    MAX_TABLE_DEPARTURES,
    CommandRefused,
    Departure,
    EndTable,
    LedgerReply,
    LedgerTable,
    OpenShard,
    ReopenTable,
    ReplyBody,
    SeatEscrow,
    ShardOpened,
    StaleEpoch,
    SwitchTable,
    TableEnded,
    TableMode,
    TableReopened,
    TableSwitched,
    reply_codec,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.ledger.decisions import Draft, Scene, decide, is_stored, refuse_unseen
from wallet_worker.ledger.entries import Entry, Garbage, Letter
from wallet_worker.rules.accounts import OF_PLAYERS, AccountKind, wallet_of
from wallet_worker.rules.books import Booking, Books, FinishedHand, Player, Table
from wallet_worker.rules.cash_out import pay_out_table
from wallet_worker.rules.denials import BooksDisagree, LastHand
from wallet_worker.rules.settlement import book_hand, close_void_hands
from wallet_worker.rules.transfers import TransferKind, promotion_transfer

_CODEC = reply_codec()


def _ignore(_: object) -> None:
    """Nobody wants to know."""


@frozen
class Answer:
    """A reply for a node start."""

    boot: BootNonce
    reply: bytes


@define
class ShardBooks:
    """One shard: who owns it, its tables as they were made, and commands that could not be carried out."""

    books: Books
    tables: dict[TableId, LedgerTable] = field(factory=dict)
    epoch: Epoch = field(default=Epoch(0))
    owner: BootNonce | None = None
    letters: dict[TableId, list[Letter]] = field(factory=dict)
    """Dead letters that wait, by table."""
    releases: dict[TableId, int] = field(factory=dict)
    """Tables that are halted until their owner has opened them anew."""


@define
class LedgerBooks:
    """All shards. Whoever is given money here gets it from the house, so that everything sums to zero."""

    shards: dict[ShardId, ShardBooks] = field(factory=dict)
    nicknames: dict[UserId, str] = field(factory=dict)
    hands: list[FinishedHand] = field(factory=list)
    """Every hand that was ever settled, in the order of the commits."""
    on_settled: Callable[[FinishedHand], None] = _ignore
    """Told of each hand that is settled, in order."""
    on_released: Callable[[TableId], None] = _ignore
    """Told of each table that begins anew after its dead letters were resolved."""
    _common: Books = field(factory=Books)
    _outcomes: dict[CommandId, tuple[bytes, bytes]] = field(factory=dict)
    _departures: dict[TableId, dict[UserId, Departure]] = field(factory=dict)
    _released: int = 0

    def add_player(self, user_id: UserId, nickname: str, purse: int) -> None:
        """Let somebody have an account, with a promotion of the house in the wallet."""
        self.nicknames[user_id] = nickname
        self._common.players[user_id] = Player(is_frozen=False, is_self_excluded=False)
        self._common.post(promotion_transfer(user_id, Krw(purse)))

    def freeze(self, user_id: UserId, *, is_frozen: bool) -> None:
        """Let a player bring no more money to tables, or let that be allowed again."""
        self._common.players[user_id] = Player(is_frozen=is_frozen, is_self_excluded=False)

    def add_table(self, shard: ShardId, table: LedgerTable) -> None:
        """Make a table; its escrow is empty."""
        place = self.shards.get(shard) or self._add_shard(shard)
        place.tables[table.table_id] = table
        place.books.tables[table.table_id] = Table(
            seat_count=table.seat_count, is_halted=False, is_closed=False, last=LastHand(None, 0)
        )

    def _add_shard(self, shard: ShardId) -> ShardBooks:
        books = Books()
        books.accounts, books.players = self._common.accounts, self._common.players
        books.hands = self._common.hands
        self.shards[shard] = ShardBooks(books)
        return self.shards[shard]

    def commit(self, shard: ShardId, entries: Iterable[Entry]) -> list[Answer]:
        """Carry entries out in their order; may be repeated with the same answers."""
        case = _Case(self, shard)
        return [answer for entry in entries for answer in case.answer(entry)]

    # What it holds.

    def wallet(self, user_id: UserId) -> Krw:
        """Give what a player has outside of all tables."""
        return self._common.balance(wallet_of(user_id))

    def escrow(self, table_id: TableId) -> dict[UserId, tuple[int, Krw]]:
        """Give who has money at a table: the seat, and how much."""
        return {
            key.user_id: (account.seat or 0, account.balance)
            for key, account in self._common.escrow_at(table_id)
            if key.user_id is not None
        }

    def last_hand(self, shard: ShardId, table_id: TableId) -> LastHand:
        """Give the last settled hand of a table."""
        return self.shards[shard].books.tables[table_id].last

    def balances(self) -> Mapping[str, int]:
        """Give the balance of every account that is not empty, by a name for people."""
        return {
            f"{key.kind.value} {key.user_id or key.shard or ''} {key.table_id or ''}".strip(): one.balance
            for key, one in self._common.accounts.items()
            if one.balance
        }

    def check(self) -> None:
        """Assert that nothing was made or lost, and that no player owes anything (invariant 1)."""
        accounts = self._common.accounts
        assert sum(account.balance for account in accounts.values()) == 0, "all accounts sum to zero"
        for key, account in accounts.items():
            assert account.balance >= 0 or key.kind not in OF_PLAYERS, f"{key} owes {account.balance}"

    # What administrators do.

    def letters(self, shard: ShardId) -> list[TableId]:
        """Give the tables that have dead letters."""
        return [table_id for table_id, letters in self.shards[shard].letters.items() if letters]

    def bury(self, shard: ShardId, letter: Letter) -> Answer:
        """Make a command a dead letter, as after its last try, and halt its table; gives the refusal."""
        return _Case(self, shard).bury(letter)

    def is_undecided(self, shard: ShardId, letter: Letter) -> bool:
        """Say whether a command about a table of the shard would be decided now, not answered as before."""
        place, command = self.shards[shard], letter.command
        is_ours = letter.table_id in place.tables and command.epoch == place.epoch
        return is_ours and command.id not in self._outcomes

    def void(self, shard: ShardId, table_id: TableId, closing: HandId | None = None) -> None:
        """Give the first letter of a table up: pay its escrow out, and let no hand of before follow any more.

        ``closing`` is the hand that takes their place.
        """
        place, now = self.shards[shard], _unix_ms()
        for _, transfer in pay_out_table(place.books, table_id):
            self._note_moves(Booking(_no_command(), transfer), now)
        last = place.books.tables[table_id].last
        book_hand(place.books, close_void_hands(last, table_id, closing or HandId(uuid4()), now))
        self._resolve(place, table_id)

    def retry(self, shard: ShardId, table_id: TableId) -> bool:
        """Carry the first letter of a table out after all; False if it still fails."""
        place = self.shards[shard]
        letter, draft = place.letters[table_id][0], Draft()
        table = place.books.tables[table_id]
        table.is_halted = False
        command = evolve(letter.command, id=_no_command())
        try:
            reply = decide(command, Scene(shard, place.epoch, _unix_ms()), place.books, draft)
        except BooksDisagree:
            return False
        finally:
            table.is_halted = True
        if isinstance(reply, CommandRefused) or not is_stored(reply):
            return False
        self._book(draft, _unix_ms())
        self._resolve(place, table_id)
        return True

    def _resolve(self, place: ShardBooks, table_id: TableId) -> None:
        """Take a letter away; where it was the last one, the table waits for its owner."""
        del place.letters[table_id][0]
        if place.letters[table_id]:
            return
        self._released += 1
        place.releases[table_id] = self._released

    def _book(self, draft: Draft, now: int) -> None:
        for booking in draft.bookings:
            if booking.hand is not None:
                self.hands.append(booking.hand)
                self.on_settled(booking.hand)
            self._note_moves(booking, now)

    def _note_moves(self, booking: Booking, now: int) -> None:
        """A departure counts until the player's next posting at that table (rule 35)."""
        for posting in booking.transfer.postings:
            key = posting.account
            if key.kind is not AccountKind.ESCROW or key.table_id is None or key.user_id is None:
                continue
            of_table = self._departures.setdefault(key.table_id, {})
            of_table.pop(key.user_id, None)
            if booking.transfer.kind is TransferKind.CASH_OUT:
                of_table[key.user_id] = Departure(key.user_id, Krw(-posting.amount), now)

    def table(self, shard: ShardId, table_id: TableId) -> LedgerTable:
        """Give a table as an opening tells it."""
        place, since = self.shards[shard], _unix_ms() - DEPARTURE_MS
        table = place.books.tables[table_id]
        lying = [
            SeatEscrow(key.user_id, self.nicknames[key.user_id], account.seat, account.balance)
            for key, account in place.books.escrow_at(table_id)
            if key.user_id is not None and account.seat is not None
        ]
        left = [one for one in self._departures.get(table_id, {}).values() if one.left_unix_ms > since]
        return evolve(
            place.tables[table_id],
            is_halted=table.is_halted,
            last_hand_id=table.last.hand_id,
            last_hand_no=table.last.hand_no,
            escrow=tuple(sorted(lying, key=lambda one: one.seat)),
            departures=tuple(reversed(left))[:MAX_TABLE_DEPARTURES],
        )


class _Case:
    """One commit to a shard."""

    def __init__(self, ledger: LedgerBooks, shard: ShardId) -> None:
        self._ledger = ledger
        self._shard = shard
        self._place = ledger.shards[shard]
        self._now = _unix_ms()

    def answer(self, entry: Entry) -> Iterator[Answer]:
        if isinstance(entry, Garbage):
            return
        letter, known = entry, self._ledger._outcomes.get(entry.command.id)
        if known is not None:
            body_hash, reply = known
            is_same = body_hash == letter.body_hash
            refused = self._encode(letter, CommandRefused(Refusal.COMMAND_REUSED))
            yield Answer(letter.command.boot, reply if is_same else refused)
            return
        try:
            yield self._conclude(letter, self._decide(letter))
        except BooksDisagree:
            yield self.bury(letter)

    def bury(self, letter: Letter) -> Answer:
        table_id = letter.table_id
        assert table_id is not None, "who opens a shard is not in dispute"
        self._place.letters.setdefault(table_id, []).append(letter)
        self._place.releases.pop(table_id, None)
        self._place.books.tables[table_id].is_halted = True
        return self._conclude(letter, CommandRefused(Refusal.TABLE_HALTED))

    def _decide(self, letter: Letter) -> ReplyBody:
        scene = Scene(self._shard, self._place.epoch, self._now)
        refused = refuse_unseen(letter.command, scene)
        if refused is not None:
            return refused
        match letter.command.body:
            case OpenShard(_, from_epoch):
                return self._open(from_epoch, letter.command.boot)
            case ReopenTable(table_id):
                return self._reopen(table_id)
            case SwitchTable() as body:
                return self._switch(body)
            case EndTable(table_id):
                return self._end(table_id)
            case _:
                draft = Draft()
                reply = decide(letter.command, scene, self._place.books, draft)
                self._ledger._book(draft, self._now)
                return reply

    def _open(self, from_epoch: Epoch, boot: BootNonce) -> ReplyBody:
        place = self._place
        if from_epoch != place.epoch:
            return StaleEpoch(place.epoch)
        for table_id in () if boot == place.owner else tuple(place.releases):
            self._take_up(table_id)
        place.epoch, place.owner = Epoch(place.epoch + 1), boot
        return ShardOpened(place.epoch, self._tables())

    def _reopen(self, table_id: TableId) -> ReplyBody:
        if table_id not in self._place.tables:
            return CommandRefused(Refusal.NO_SUCH_TABLE)
        if table_id in self._place.releases:
            self._take_up(table_id)
        if self._place.books.tables[table_id].is_closed:
            return CommandRefused(Refusal.NO_SUCH_TABLE)
        return TableReopened(self._ledger.table(self._shard, table_id))

    def _switch(self, body: SwitchTable) -> ReplyBody:
        place, told = self._place, self._place.tables.get(body.table_id)
        if told is None or place.books.tables[body.table_id].is_closed:
            return CommandRefused(Refusal.NO_SUCH_TABLE)
        if told.is_closing and body.mode is not TableMode.CLOSING:
            return CommandRefused(Refusal.TABLE_CLOSING)
        place.tables[body.table_id] = evolve(
            told,
            is_paused=body.mode is TableMode.PAUSED,
            is_closing=body.mode is TableMode.CLOSING,
            switch_no=told.switch_no + 1,
        )
        return TableSwitched(body.table_id, body.mode, told.switch_no + 1)

    def _end(self, table_id: TableId) -> ReplyBody:
        told = self._place.tables.get(table_id)
        if told is None or not told.is_closing:
            return CommandRefused(Refusal.NO_SUCH_TABLE)
        table = self._place.books.tables[table_id]
        if self._ledger.escrow(table_id):
            return CommandRefused(Refusal.TABLE_NOT_EMPTY)
        if table.is_halted:
            return CommandRefused(Refusal.TABLE_HALTED)
        table.is_closed = True
        return TableEnded(table_id)

    def _take_up(self, table_id: TableId) -> None:
        del self._place.releases[table_id]
        self._place.books.tables[table_id].is_halted = False
        self._ledger.on_released(table_id)

    def _tables(self) -> tuple[LedgerTable, ...]:
        tables = self._place.books.tables
        open_tables = [table_id for table_id in sorted(self._place.tables) if not tables[table_id].is_closed]
        return tuple(self._ledger.table(self._shard, table_id) for table_id in open_tables)

    def _conclude(self, letter: Letter, reply: ReplyBody) -> Answer:
        data = self._encode(letter, reply)
        if is_stored(reply):
            self._ledger._outcomes[letter.command.id] = (letter.body_hash, data)
        return Answer(letter.command.boot, data)

    def _encode(self, letter: Letter, reply: ReplyBody) -> bytes:
        return _CODEC.encode(LedgerReply(letter.command.id, reply))


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


def _no_command() -> CommandId:
    return CommandId(uuid4())
