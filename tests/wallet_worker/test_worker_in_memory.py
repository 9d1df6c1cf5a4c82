"""The wallet worker of simulations answers as the real one does, over PostgreSQL and Valkey, byte for byte.

Both are sent the same commands; then replies, balances, last hands and halted tables are compared.
"""

from collections.abc import Sequence
from itertools import count
from uuid import UUID

import pytest
import trio
from attrs import define, evolve, field
from hypothesis import given, settings
from hypothesis import strategies as st

from cardroom.ids import Epoch, HandId, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings
from cardroom.wire import keys
from cardroom.wire.ledger import (
    CommandBody,
    EndTable,
    LedgerCommand,
    LedgerTable,
    OpenShard,
    ReopenTable,
    ReplyBody,
    SeatResult,
    SettleHand,
    ShardOpened,
    SwitchTable,
    TableMode,
    TableReopened,
)
from tests.fakes.ledger_books import LedgerBooks
from tests.fakes.redis import RedisInMemory
from tests.fakes.worker import WorkerInMemory
from tests.wallet_worker.house import BOOT, COMMANDS, NODE, PURSE, REPLIES, House, hold, leave, open_house
from tests.wallet_worker.letters import retry_of, void_of
from tests.wallet_worker.post import SETTINGS, Post
from wallet_worker.ledger.deadletter import StillFails, retry_letter, void_letter
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.stream import CommandStream

_UNKNOWN = TableId(987_654)


@define
class Both:
    """The same card room twice, and who plays in it."""

    house: House
    post: Post
    worker: WorkerInMemory
    sent: list[LedgerCommand] = field(factory=list)
    _hands: int = 0

    @property
    def ledger(self) -> LedgerBooks:
        return self.worker.ledger

    async def ask(self, *bodies: CommandBody) -> list[ReplyBody]:
        return await self.send(*[self.house.command(body) for body in bodies])

    async def send(self, *commands: LedgerCommand | bytes) -> list[ReplyBody]:
        """Send to both, let both serve, and compare; gives the replies."""
        self.sent += [command for command in commands if isinstance(command, LedgerCommand)]
        await self.post.append(*commands)
        for command in commands:
            data = command if isinstance(command, bytes) else COMMANDS.encode(command)
            self.worker.server.append(self.house.shard, data)
        await self._serve()
        real, ours = await self._heard()
        assert ours == real
        await self.compare()
        return ours

    async def _serve(self) -> None:
        stream = CommandStream(self.post.redis, self.house.shard, EntryReader(self.house.shard, COMMANDS))
        consumer = self.post.consumer()
        while entries := await stream.read(SETTINGS.batch_size, 20):
            await consumer.serve(self.house.term, entries)
        while await self.worker.step():
            pass

    async def _heard(self) -> tuple[list[ReplyBody], list[ReplyBody]]:
        real = await self.post.raw_replies()
        await self.post.redis.delete([keys.replies(self.house.shard, BOOT)])
        ours = self.worker.server.keys(self.house.shard).replies.pop(BOOT, ())
        assert [REPLIES.decode(one).id for one in real] == [REPLIES.decode(one).id for one in ours]
        return _comparable(real), _comparable(ours)

    async def compare(self) -> None:
        """Assert that money lies in the same places, and that tables stand at the same hand."""
        self.ledger.check()
        for player, user_id in enumerate(self.house.players):
            assert await self.house.wallet(player) == self.ledger.wallet(user_id)
        for place, table_id in enumerate(self.house.tables):
            lying = dict(self.ledger.escrow(table_id).values())
            assert await self.house.escrow(place) == lying
            table = self.ledger.table(self.house.shard, table_id)
            assert await self.house.is_halted(place) is table.is_halted
            sql = "SELECT last_hand_no FROM game_table WHERE id = $1"
            assert await self.house.number(sql, table_id) == table.last_hand_no

    async def resolve(self, table: int, *, retries: bool) -> None:
        """Resolve the first letter of a table at both; then its owner begins anew there."""
        table_id = self.house.tables[table]
        if not self.ledger.shards[self.house.shard].letters.get(table_id):
            return
        number = await self._first_letter(table_id)
        if retries:
            try:
                await retry_letter(self.house.tools, retry_of(number))
                was_done = True
            except StillFails:
                was_done = False
            assert self.ledger.retry(self.house.shard, table_id) is was_done
        else:
            await self.void(table)
        await self.compare()
        await self.ask(ReopenTable(table_id))

    async def void(self, table: int) -> None:
        """Give the first letter of a table up at both."""
        table_id = self.house.tables[table]
        number = await self._first_letter(table_id)
        await void_letter(self.house.tools, void_of(number))
        closing = await self.house.rows("SELECT last_hand_id FROM game_table WHERE id = $1", table_id)
        self.ledger.void(self.house.shard, table_id, HandId(closing[0][0]))

    async def _first_letter(self, table_id: TableId) -> int:
        sql = "SELECT min(id) FROM dead_letter WHERE table_id = $1 AND resolved_at IS NULL"
        return await self.house.number(sql, table_id)

    def hand(self, table: int, nets: Sequence[int], rake: int, oddity: int = 0) -> SettleHand:
        """Give a hand between those who sit at a table, whose nets sum to minus the rake but for oddities."""
        table_id = self.house.tables[table]
        last = self.ledger.last_hand(self.house.shard, table_id)
        self._hands += 1
        lying = sorted((seat, user) for user, (seat, _) in self.ledger.escrow(table_id).items())
        lying = lying or [(0, self.house.players[0])]
        paid = _to_sum(list(nets)[: len(lying)], -rake)
        results = tuple(
            SeatResult(user, SeatIndex(seat), Krw(net), Krw(rake if place == 0 else 0))
            for place, ((seat, user), net) in enumerate(zip(lying, paid, strict=False))
        )
        hand = SettleHand(
            table_id, HandId(UUID(int=self._hands + (table_id << 64))), last.hand_no + 1, last.hand_id,
            1_700_000_000_000, results, Krw(rake), b"record",
        )  # fmt: skip
        return _make_odd(hand, oddity)


def _to_sum(nets: list[int], total: int) -> list[int]:
    return [*nets[:-1], total - sum(nets[:-1])] if nets else nets


def _make_odd(hand: SettleHand, oddity: int) -> SettleHand:
    first = hand.results[0]
    match oddity:
        case 1:
            return evolve(hand, hand_no=hand.hand_no + 1)
        case 2:
            return evolve(hand, previous_hand_id=HandId(UUID(int=5)))
        case 3:
            return evolve(hand, rake=Krw(hand.rake + 1))
        case 4:
            stranger = evolve(first, user_id=UserId(first.user_id + 1))
            return evolve(hand, results=(stranger, *hand.results[1:]))
        case 5:
            elsewhere = evolve(first, seat=SeatIndex(first.seat + 3))
            return evolve(hand, results=(elsewhere, *hand.results[1:]))
        case 6:
            return evolve(hand, table_id=_UNKNOWN)
        case _:
            return hand


def _comparable(replies: Sequence[bytes]) -> list[ReplyBody]:
    """Decode, and leave out what only the clocks explain."""
    return [_without_times(REPLIES.decode(reply).body) for reply in replies]


def _without_times(body: ReplyBody) -> ReplyBody:
    match body:
        case ShardOpened():
            return evolve(body, tables=tuple(map(_timeless, body.tables)))
        case TableReopened():
            return evolve(body, table=_timeless(body.table))
        case _:
            return body


def _timeless(table: LedgerTable) -> LedgerTable:
    return evolve(table, departures=tuple(evolve(one, left_unix_ms=0) for one in table.departures))


@pytest.fixture
async def both(house: House, redis: Redis) -> Both:
    return await _open_both(house, redis)


async def _open_both(house: House, redis: Redis) -> Both:
    ledger = LedgerBooks()
    names = {
        UserId(row["id"]): row["nickname"] for row in await house.rows("SELECT id, nickname FROM player")
    }
    for user_id in house.players:
        ledger.add_player(user_id, names[user_id], PURSE)
    for table_id, name in zip(house.tables, ("One", "Two"), strict=True):
        table = LedgerTable(table_id, name, "50/100", 6, False, None, 0, (), "", ())
        ledger.add_table(house.shard, table)
    found = Both(house, Post(house, redis), WorkerInMemory(ledger, RedisInMemory(), house.shard))
    house.epoch = Epoch(0)
    ledger.shards[house.shard].epoch = Epoch(1)
    await found.ask(OpenShard(NODE, Epoch(1)))
    house.epoch = Epoch(2)
    return found


async def test_a_day_at_two_tables(both: Both) -> None:
    here, (one, two, three, _) = both.house, both.house.players
    table, other = here.tables
    await both.ask(hold(one, table, 0, 20_000), hold(two, table, 3, 10_000), hold(three, other, 0, 500))
    await both.ask(hold(three, table, 3, 1), hold(two, table, 0, 1), hold(one, table, 0, 80_001))
    await both.ask(both.hand(0, [-500, 450], 50))
    await both.ask(hold(one, table, 0, 500), both.hand(0, [700, -700], 0))
    await both.ask(leave(one, table, 0, 20_700), leave(two, table, 3, 9_751), leave(two, table, 3, 9_750))
    await both.ask(leave(three, table, 0, 500), leave(three, other, 0, 500), hold(one, other, 5, 700))
    await both.ask(OpenShard(NODE, Epoch(2)))
    await both.ask(hold(two, other, 1, 5), OpenShard(NODE, Epoch(2)))
    assert here.epoch == 2, "the old owner still asks under its epoch"
    here.epoch = Epoch(3)
    await both.ask(hold(two, other, 1, 5), ReopenTable(other), ReopenTable(_UNKNOWN))


async def test_a_hand_is_settled_once_by_its_id(both: Both) -> None:
    one, two, *_ = both.house.players
    table = both.house.tables[0]
    await both.ask(hold(one, table, 0, 20_000), hold(two, table, 3, 10_000))
    hand = both.hand(0, [-500, 450], 50)
    await both.ask(hand, hand, evolve(hand, record=b"written anew"))
    await both.ask(evolve(hand, hand_no=2), evolve(hand, rake=Krw(0), results=hand.results[:1]))
    await both.send(*both.sent[-3:])
    await both.send(evolve(both.sent[-1], epoch=Epoch(1)), evolve(both.sent[-2], body=ReopenTable(table)))


async def test_a_hand_about_money_that_is_not_there_becomes_a_letter(both: Both) -> None:
    one, two, *_ = both.house.players
    table = both.house.tables[0]
    await both.ask(hold(one, table, 0, 20_000), hold(two, table, 3, 10_000))
    await both.ask(both.hand(0, [-20_001, 20_001], 0), hold(one, table, 0, 5), leave(two, table, 3, 10_000))
    await both.resolve(0, retries=True)
    await both.resolve(0, retries=False)
    await both.ask(hold(one, table, 0, 5), both.hand(0, [-5], 0))


async def test_released_tables_are_opened_to_another_start_only(both: Both) -> None:
    one, two, *_ = both.house.players
    table = both.house.tables[0]
    await both.ask(hold(one, table, 0, 20_000), hold(two, table, 3, 10_000))
    await both.ask(both.hand(0, [-20_001, 20_001], 0))
    await both.void(0)
    await both.ask(OpenShard(NODE, Epoch(2)))
    both.house.epoch = Epoch(3)
    await both.ask(hold(one, table, 0, 700), ReopenTable(table), hold(one, table, 0, 700))


async def test_tables_are_paused_and_closed_alike(both: Both) -> None:
    here, (one, *_) = both.house, both.house.players
    table, other = here.tables
    await both.ask(hold(one, table, 0, 700))
    for switched, mode in (
        (table, TableMode.PAUSED), (table, TableMode.RUNNING), (other, TableMode.PAUSED),
        (table, TableMode.CLOSING), (table, TableMode.CLOSING), (table, TableMode.PAUSED),
        (_UNKNOWN, TableMode.PAUSED),
    ):  # fmt: skip
        await both.ask(SwitchTable(switched, mode, "kim", "it is late"), ReopenTable(table))
    await both.send(*both.sent[-4:])
    await both.ask(EndTable(table), EndTable(other), EndTable(_UNKNOWN), leave(one, table, 0, 700))
    await both.ask(EndTable(table), EndTable(table), ReopenTable(table), hold(one, table, 0, 5))
    await both.ask(SwitchTable(table, TableMode.CLOSING, "kim", "it is late"), OpenShard(NODE, Epoch(2)))


async def test_garbage_is_answered_by_nobody(both: Both) -> None:
    one, *_ = both.house.players
    command = both.house.command(hold(one, both.house.tables[0], 0, 700))
    await both.send(b"\xc1", command, COMMANDS.encode(evolve(command, shard=both.house.shard + 1)))  # type: ignore[arg-type]


Step = tuple[str, int, int, int, int, int]
"""What is done, at which table, by which player, at which seat, with how much, and how oddly."""

amounts = st.sampled_from([1, 700, 40_000, PURSE, 0, -3])
steps = st.lists(
    st.tuples(
        st.sampled_from(["buy", "buy", "buy", "leave", "play", "play", "play", "again", "open", "reopen",
                         "retry", "void", "freeze"]),
        st.integers(0, 1), st.integers(0, 3), st.integers(0, 6), amounts, st.integers(0, 20),
    ),
    min_size=10,
    max_size=40,
)  # fmt: skip


@pytest.mark.timeout(120)
def test_whatever_is_sent_both_answer_alike(
    wallet_settings: PostgresSettings, owner_settings: PostgresSettings, valkey: EmbeddedValkey
) -> None:
    shards = count(9001, step=2)

    @settings(max_examples=5)
    @given(script=steps, batch=st.integers(1, 6))
    def compare(script: list[Step], batch: int) -> None:
        trio.run(play, script, batch)

    async def play(script: list[Step], batch: int) -> None:
        async with (
            open_postgres(wallet_settings) as database,
            open_postgres(evolve(owner_settings, connections=2)) as owner,
            open_redis(valkey.settings) as redis,
        ):
            house = await open_house(database, owner, ShardId(next(shards)))
            await _send_in_batches(await _open_both(house, redis), script, batch)
            await house.assert_sound()

    compare()


async def _send_in_batches(both: Both, script: list[Step], batch: int) -> None:
    waiting: list[LedgerCommand] = []
    for step in script:
        command = await _draw(both, step)
        waiting += [command] if command is not None else []
        if command is None or len(waiting) >= batch or isinstance(command.body, OpenShard):
            await both.send(*waiting)
            waiting.clear()
            both.house.epoch = both.ledger.shards[both.house.shard].epoch
    await both.send(*waiting)


async def _draw(both: Both, step: Step) -> LedgerCommand | None:
    """Give the command of a step; None where it is something else, which is done."""
    what, table, player, seat, amount, oddity = step
    house, user = both.house, both.house.players[player]
    table_id = house.tables[table]
    match what:
        case "buy":
            return house.command(hold(user, table_id if oddity else _UNKNOWN, seat, amount))
        case "leave":
            at, lying = both.ledger.escrow(table_id).get(user, (seat, Krw(amount)))
            return house.command(leave(user, table_id, at, lying + (oddity == 1)))
        case "play":
            return house.command(both.hand(table, [-amount, amount // 2, 3, 5], seat, oddity))
        case "again" if both.sent:
            old = both.sent[(amount + seat) % len(both.sent)]
            return evolve(old, epoch=house.epoch) if oddity else old
        case "open":
            return house.command(OpenShard(NODE, Epoch(house.epoch - (oddity == 1))))
        case "retry" | "void":
            await both.resolve(table, retries=what == "retry")
        case "freeze":
            since = "now()" if oddity < 5 else "NULL"
            await house.change(f"UPDATE player SET frozen_at = {since} WHERE id = {user}")
            both.ledger.freeze(user, is_frozen=oddity < 5)
        case _:
            return house.command(ReopenTable(table_id))
    return None
