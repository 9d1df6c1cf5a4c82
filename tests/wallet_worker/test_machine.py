"""Whatever is sent, repeated, lost or interrupted: money is where the sheet of paper says.

Two workers serve two shards whose players cross. Every command has one outcome, and the ledger is sound at
the end. Hypothesis draws the steps and shortens a history that fails. The database and Redis are real; a
worker crashes at points that have names.
"""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import trio
from attrs import define, evolve, field, frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cardroom.ids import CommandId, Epoch, HandId, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, PostgresAway, Transaction, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.ledger import (
    CommandBody,
    CommandRefused,
    LedgerCommand,
    OutOfOrder,
    SeatResult,
    SettleHand,
    StaleEpoch,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import (
    BOOT,
    COMMANDS,
    LINK,
    LOG,
    PURSE,
    REPLIES,
    add_players,
    hold,
    leave,
    new_id,
    open_by,
)
from tests.wallet_worker.sheet import PaperTable, Sheet
from wallet_worker.audit.verify import verify
from wallet_worker.ledger.batch import Answer, BatchTools
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import Entry, EntryReader
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.settings import LedgerSettings
from wallet_worker.store.create_table import NewTable, create_table
from wallet_worker.store.lock_shard import TermLost
from wallet_worker.store.promote import Promotion, promote
from wallet_worker.store.terms import add_shards

T = TypeVar("T")

SETTINGS = LedgerSettings(block_ms=1, term_seconds=2.0, tries=1)
WORKERS = ("one", "two")
CRASHES = (None, "before the commit", "after the commit, not heard of", "after the commit, before the answer")
SHARDS = count(20_000, step=2)

crashes = st.sampled_from(CRASHES)
workers = st.sampled_from(WORKERS)
two, five, six = st.integers(0, 1), st.integers(0, 4), st.integers(0, 5)
amounts = st.sampled_from([1, 700, 40_000, PURSE])


@frozen
class Wish:
    """What a player does next; an ``oddity`` near 0 makes it late, wrong or out of order."""

    what: str
    table: int
    player: int
    seat: int
    amount: int
    oddity: int


wishes = st.builds(
    Wish,
    what=st.sampled_from(["buy in", "leave", "play", "play"]),
    table=two,
    player=five,
    seat=six,
    amount=amounts,
    oddity=st.integers(0, 7),
)


class Crash(Exception):
    """The worker is gone, here and now."""


class DeafPostgres:
    """A database whose commits are carried out, but the answer to the next one is lost on the way."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.is_deaf = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._postgres.transaction() as transaction:
            yield transaction
        if self.is_deaf:
            raise PostgresAway("the connection broke after COMMIT")


class CrashingStream(CommandStream):
    """A stream whose reader crashes when it is about to answer."""

    crashes = False

    async def finish(self, entries: Sequence[Entry], answers: Sequence[Answer]) -> None:
        if self.crashes:
            raise Crash
        await super().finish(entries, answers)


@define
class Worker:
    """One worker's consumer of a shard, and where it is to crash next."""

    name: str
    consumer: Consumer
    postgres: DeafPostgres
    stream: CrashingStream
    crash: str | None = None

    async def step(self, crash: str | None) -> None:
        """Serve once, up to a crash."""
        self.crash = crash
        self.postgres.is_deaf = crash == CRASHES[2]
        self.stream.crashes = crash == CRASHES[3]
        try:
            await self.consumer.step(self.name)
        except (Crash, PostgresAway):
            pass
        except TermLost:
            self.consumer.term.lose()
        finally:
            self.crash, self.postgres.is_deaf, self.stream.crashes = None, False, False

    def link(self, previous: bytes | None, shard: ShardId, number: int, digest: bytes) -> bytes:
        if self.crash == CRASHES[1]:
            raise Crash
        return LINK(previous, shard, number, digest)


def _hand(
    table: TableId, seated: Sequence[tuple[UserId, int]], wish: Wish, before: SettleHand | None
) -> SettleHand:
    """Two of those who sit play; some hands do not sum to zero, some cost more than is there."""
    loser = wish.player % len(seated)
    (one, seat), (other, place) = seated[loser], seated[loser - 1]
    rake = wish.amount % 3
    results = (
        SeatResult(one, SeatIndex(seat), Krw(-wish.amount), Krw(rake)),
        SeatResult(other, SeatIndex(place), Krw(wish.amount - rake + (wish.oddity == 1)), Krw(0)),
    )
    number, previous = (before.hand_no + 1, before.hand_id) if before else (1, None)
    return SettleHand(
        table, HandId(uuid4()), number, previous, 1_700_000_000_000, results, Krw(rake), b"record"
    )


def open_worker(name: str, shard: ShardId, postgres: Postgres, redis: Redis) -> Worker:
    deaf = DeafPostgres(postgres)
    stream = CrashingStream(redis, shard, EntryReader(shard, COMMANDS))
    worker: Worker

    def link(previous: bytes | None, of: ShardId, number: int, digest: bytes) -> bytes:
        return worker.link(previous, of, number, digest)

    tools = BatchTools(deaf, REPLIES, link)  # type: ignore[arg-type]
    worker = Worker(name, Consumer(tools, stream, shard, SETTINGS, LOG), deaf, stream)
    return worker


class Loop:
    """A Trio loop in a thread of its own, with open pools: Hypothesis calls step by step from outside."""

    def __init__(self, wallet: PostgresSettings, owner: PostgresSettings, valkey: RedisSettings) -> None:
        self._opening = (wallet, owner, valkey)
        self._is_open = threading.Event()
        self._closing = trio.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._run,))
        self.token: trio.lowlevel.TrioToken
        self.database: Postgres
        self.owner: Postgres
        self.redis: Redis

    async def _run(self) -> None:
        wallet, owner, valkey = self._opening
        async with (
            open_postgres(wallet) as self.database,
            open_postgres(owner) as self.owner,
            open_redis(valkey) as self.redis,
        ):
            self.token = trio.lowlevel.current_trio_token()
            self._is_open.set()
            await self._closing.wait()

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        assert self._is_open.wait(20), "the servers answer"
        try:
            yield
        finally:
            self.token.run_sync_soon(self._closing.set)
            self._thread.join(20)

    def call(self, function: Callable[..., Awaitable[T]], *values: Any) -> T:
        return trio.from_thread.run(function, *values, trio_token=self.token)


@define
class Queue:
    """What was appended to a shard's stream, in order, and which of it Redis lost again."""

    shard: ShardId
    sent: list[LedgerCommand] = field(factory=list)
    lost: set[CommandId] = field(factory=set)
    altered: set[CommandId] = field(factory=set)


class LedgerMachine(RuleBasedStateMachine):
    """Two shards with two tables each, five players, two workers."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._loop = loop

    @initialize()
    def open_the_house(self) -> None:
        self._loop.call(self._open_the_house)

    async def _open_the_house(self) -> None:
        loop = self._loop
        first = next(SHARDS)
        self.shards = [ShardId(first), ShardId(first + 1)]
        await add_shards(loop.database, self.shards)
        self.tables = [
            [
                (await create_table(loop.database, NewTable(shard, name, "low", 6))).table_id
                for name in ("One", "Two")
            ]
            for shard in self.shards
        ]
        self.players = await add_players(loop.database, loop.owner, 5)
        self.sheet = Sheet(
            dict.fromkeys(self.players, PURSE),
            {
                table: PaperTable(shard)
                for shard, of in zip(self.shards, self.tables, strict=True)
                for table in of
            },
            dict.fromkeys(self.shards, 0),
        )
        self.queues = [Queue(shard) for shard in self.shards]
        self.workers = {
            (name, place): open_worker(name, shard, loop.database, loop.redis)
            for name in WORKERS
            for place, shard in enumerate(self.shards)
        }
        self.given = 0
        for place in (0, 1):
            await self._append(place, open_by(0))
            await self._serve(place, "one", None)
            for player, user in enumerate(self.players[:3]):
                await self._append(place, hold(user, self.tables[place][0], player, 20_000))
            await self._serve(place, "one", None)

    # What nodes send.

    @rule(place=two, wishes=st.lists(wishes, min_size=1, max_size=6))
    def send(self, place: int, wishes: Sequence[Wish]) -> None:
        for wish in wishes:
            match wish.what:
                case "buy in":
                    body = hold(
                        self.players[wish.player], self.tables[place][wish.table], wish.seat, wish.amount
                    )
                    self._loop.call(self._append, place, body, -1 if wish.oddity == 0 else 0)
                case "leave":
                    self._loop.call(self._leave, place, wish)
                case "play":
                    self._loop.call(self._play, place, wish)

    async def _leave(self, place: int, wish: Wish) -> None:
        user, table_id = self.players[wish.player], self.tables[place][wish.table]
        seat, stack = self.sheet.tables[table_id].stacks.get(user, (wish.seat, 0))
        await self._append(place, leave(user, table_id, seat, stack + (wish.oddity < 2)))

    async def _play(self, place: int, wish: Wish) -> None:
        """Send one hand, or the next two in the wrong order."""
        table_id = self.tables[place][wish.table]
        paper = self.sheet.tables[table_id]
        seated = [(user, seat) for user, (seat, stack) in paper.stacks.items() if stack]
        if len(seated) >= 2:
            hand = _hand(table_id, seated, wish, paper.last)
            hands = [_hand(table_id, seated, wish, hand), hand] if wish.oddity == 0 else [hand]
            for one in hands:
                await self._append(place, one)

    @rule(place=two, wrong=st.integers(0, 3))
    def open_anew(self, place: int, wrong: int) -> None:
        self._loop.call(self._append, place, open_by(self.sheet.epochs[self.shards[place]] - (wrong == 0)))

    @rule(place=two, which=st.integers(0, 10**6), change=st.integers(0, 5))
    def send_again(self, place: int, which: int, change: int) -> None:
        """Send an old command again: under today's epoch, as it was, or as another body under its id."""
        queue = self.queues[place]
        command = queue.sent[which % len(queue.sent)]
        if change == 0 and command.id in self.sheet.booked:
            other = hold(self.players[0], self.tables[place][0], 5, 12_345)
            self._loop.call(self._send, queue, evolve(command, body=other, epoch=self._epoch(place)))
            queue.altered.add(command.id)
        elif change < 4:
            self._loop.call(self._send, queue, evolve(command, epoch=self._epoch(place)))
        else:
            self._loop.call(self._send, queue, command)

    @rule(player=five, amount=amounts)
    def give(self, player: int, amount: int) -> None:
        self.given += 1
        gift = Promotion(self.players[player], Krw(amount), "a gift", f"{self.shards[0]}-{self.given}")
        self._loop.call(promote, self._loop.database, gift, LINK)
        self.sheet.wallets[self.players[player]] += amount

    # What befalls workers and servers.

    @rule(place=two, worker=workers, crash=crashes)
    def serve(self, place: int, worker: str, crash: str | None) -> None:
        self._loop.call(self._serve, place, worker, crash)

    @rule(place=two, crash=crashes)
    def both_serve_at_once(self, place: int, crash: str | None) -> None:
        async def both() -> None:
            async with trio.open_nursery() as nursery:
                for name in WORKERS:
                    nursery.start_soon(self.workers[name, place].step, crash if name == "one" else None)
            await self._read_outcomes(place)

        self._loop.call(both)

    @rule(place=two)
    def the_holder_falls_silent(self, place: int) -> None:
        """From now on the other worker may take the term."""
        self._loop.call(
            self._execute, "UPDATE shard SET term_heartbeat = now() - interval '1 hour' WHERE id = $1", place
        )

    @rule(place=two, which=st.integers(0, 10**6))
    def redis_loses_an_entry(self, place: int, which: int) -> None:
        self._loop.call(self._lose, place, which)

    # What must hold.

    @invariant()
    def money_is_where_the_sheet_says(self) -> None:
        if hasattr(self, "sheet"):
            self._loop.call(self._compare)

    def teardown(self) -> None:
        if hasattr(self, "sheet"):
            self._loop.call(self._close_the_house)

    # How it is done.

    def _epoch(self, place: int) -> Epoch:
        return Epoch(self.sheet.epochs[self.shards[place]])

    async def _append(self, place: int, body: CommandBody, late: int = 0) -> None:
        epoch = Epoch(max(0, self._epoch(place) + late))
        await self._send(self.queues[place], LedgerCommand(new_id(), self.shards[place], epoch, BOOT, body))

    async def _send(self, queue: Queue, command: LedgerCommand) -> None:
        queue.sent.append(command)
        queue.lost.discard(command.id)
        data = COMMANDS.encode(command)
        await self._loop.redis.xadd(keys.commands(queue.shard), field_values={keys.COMMAND_FIELD: data})

    async def _lose(self, place: int, which: int) -> None:
        key = keys.commands(self.shards[place])
        entries = list(await self._loop.redis.xrange(key))
        if not entries:
            return
        entry = entries[which % len(entries)]
        await self._loop.redis.xdel(key, [entry.identifier])
        data = next(iter(entry.field_values.values()))
        assert isinstance(data, bytes)
        lost = COMMANDS.decode(data).id
        self.queues[place].lost.add(lost)
        self.queues[place].altered.discard(lost)

    async def _serve(self, place: int, worker: str, crash: str | None) -> None:
        await self.workers[worker, place].step(crash)
        await self._read_outcomes(place)

    async def _read_outcomes(self, place: int) -> None:
        """Book on the sheet what has an outcome since the last look: by transaction, then as it was sent."""
        queue = self.queues[place]
        first: dict[CommandId, int] = {}
        for number, command in enumerate(queue.sent):
            first.setdefault(command.id, number)
        unseen = [id_ for id_ in first if id_ not in self.sheet.booked]
        async with self._loop.database.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT id, body_hash, reply, received_at FROM command WHERE id = ANY($1::uuid[])", unseen
            )
        for row in sorted(rows, key=lambda row: (row["received_at"], first[CommandId(row["id"])])):
            reader = EntryReader(queue.shard, COMMANDS)
            command = next(
                sent
                for sent in queue.sent
                if sent.id == row["id"] and reader._hash_of(sent) == row["body_hash"]
                and (sent.epoch == self._epoch(place) or "open" in type(sent.body).__name__.lower())
            )  # fmt: skip
            self.sheet.book(command, REPLIES.decode(row["reply"]).body)

    async def _execute(self, sql: str, place: int) -> None:
        async with self._loop.owner.transaction() as transaction:
            await transaction.execute(sql, self.shards[place])

    async def _compare(self) -> None:
        async with self._loop.database.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT kind::text AS kind, user_id, table_id, seat, balance FROM account"
                " WHERE user_id = ANY($1::bigint[]) AND kind IN ('wallet', 'escrow')",
                self.players,
            )
            rake = await transaction.fetch_one(
                "SELECT coalesce(sum(balance), 0) AS rake FROM account WHERE shard = ANY($1::int[])",
                self.shards,
            )
        wallets = {row["user_id"]: row["balance"] for row in rows if row["kind"] == "wallet"}
        assert wallets == self.sheet.wallets
        lying = {
            (row["table_id"], row["user_id"]): (row["seat"], row["balance"])
            for row in rows
            if row["kind"] == "escrow" and row["balance"]
        }
        assert lying == {
            (table_id, user): (seat, stack)
            for table_id, table in self.sheet.tables.items()
            for user, (seat, stack) in table.stacks.items()
            if stack
        }
        assert rake is not None
        assert rake["rake"] == self.sheet.rake

    async def _close_the_house(self) -> None:
        """Let a worker serve what waits: then all that was not lost is answered, and the ledger is sound."""
        for place, queue in enumerate(self.queues):
            await self._execute("UPDATE shard SET term_holder = NULL WHERE id = $1", place)
            for worker in WORKERS:
                self.workers[worker, place].consumer.term.lose()
            while await self._loop.redis.xlen(keys.commands(queue.shard)):
                await self._serve(place, "one", None)
            await self._check_answers(queue)
        await self._compare()
        report = await verify(self._loop.database, LINK)
        assert report.is_sound, "\n".join(report.as_lines())

    async def _check_answers(self, queue: Queue) -> None:
        key = keys.replies(queue.shard, BOOT)
        answered, refused = set(), set()
        for data in await self._loop.redis.lrange(key, 0, -1):
            reply = REPLIES.decode(data)
            answered.add(reply.id)
            if reply.body != self.sheet.booked.get(reply.id):
                if reply.body == CommandRefused(Refusal.COMMAND_REUSED):
                    refused.add(reply.id)
                else:
                    assert isinstance(reply.body, StaleEpoch | OutOfOrder), reply
        assert queue.altered <= refused
        assert {command.id for command in queue.sent} - queue.lost <= answered
        await self._loop.redis.delete([key])


@pytest.mark.timeout(300)
def test_no_history_loses_or_doubles_a_won(
    wallet_settings: PostgresSettings, owner_settings: PostgresSettings, valkey: EmbeddedValkey
) -> None:
    loop = Loop(wallet_settings, owner_settings, valkey.settings)
    with loop.running():
        run_state_machine_as_test(
            lambda: LedgerMachine(loop),  # type: ignore[arg-type] # it calls whatever makes one
            settings=settings(
                max_examples=15,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
