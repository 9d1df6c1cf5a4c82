"""The only reader of a stream: crashes, garbage, poison, take-over, on a real PostgreSQL and Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from cardroom.ids import Epoch, NodeId
from cardroom.service.logs import open_log
from cardroom.service.redis import Redis
from cardroom.service.settings import LogSettings
from cardroom.wire import keys
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CommandRefused,
    LedgerCommand,
    OpenShard,
    ReplyBody,
    ShardOpened,
    StaleEpoch,
    command_codec,
    reply_codec,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.counter import BOOT, LINK, PURSE, SHARD, Counter, buy_in, cash_out
from wallet_worker.ledger import metrics
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.settings import LedgerSettings

SETTINGS = LedgerSettings(block_ms=50, term_seconds=2.0, tries=3)
LOG = open_log(LogSettings(level="error"), "tests")


async def send(redis: Redis, *commands: LedgerCommand) -> None:
    for command in commands:
        await redis.xadd(keys.commands(SHARD), {keys.COMMAND_FIELD: command_codec().encode(command)})


async def hear(redis: Redis, how_many: int) -> list[ReplyBody]:
    """Wait for replies to the tests' node start."""
    heard: list[ReplyBody] = []
    with trio.fail_after(10):
        while len(heard) < how_many:
            found = await redis.blpop([keys.replies(SHARD, BOOT)], timeout=1)
            if found:
                heard.append(reply_codec().decode(found[1]).body)
    return heard


def consumer_of(counter: Counter, redis: Redis) -> Consumer:
    tools = BatchTools(counter.ledger, reply_codec(), LINK)
    stream = CommandStream(redis, SHARD, EntryReader(SHARD, command_codec()))
    return Consumer(tools, stream, SHARD, SETTINGS, LOG)


@asynccontextmanager
async def running(counter: Counter, redis: Redis, name: str = "test") -> AsyncIterator[Consumer]:
    consumer, stopping = consumer_of(counter, redis), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(consumer.run, name, stopping)
        yield consumer
        stopping.set()


async def test_commands_are_answered_in_order_and_taken_out_of_the_stream(
    counter: Counter, redis: Redis
) -> None:
    commands = [counter.command(buy_in(user, user)) for user in (1, 2, 3)]
    await send(redis, *commands, counter.command(cash_out(1, 1, 200_000)))
    async with running(counter, redis):
        replies = await hear(redis, 4)
        assert [type(reply) for reply in replies] == [BuyInHeld, BuyInHeld, BuyInHeld, CashedOut]
        assert await redis.xlen(keys.commands(SHARD)) == 0
        assert await redis.ttl(keys.replies(SHARD, BOOT)) > 0 or not await redis.exists(
            [keys.replies(SHARD, BOOT)]
        )
    assert (await counter.verify()).is_sound


async def test_a_crash_between_commit_and_answer_is_answered_from_what_is_stored(
    counter: Counter, redis: Redis
) -> None:
    command = counter.command(buy_in(1, 1))
    first = await counter.commit(command)
    await send(redis, command)
    async with running(counter, redis):
        assert await hear(redis, 1) == first
    assert (await counter.balances())["wallet 1"] == PURSE - 200_000


async def test_opening_is_a_barrier_in_the_stream(counter: Counter, redis: Redis) -> None:
    opening = counter.command(OpenShard(NodeId("node-2"), Epoch(1)))
    before, after = counter.command(buy_in(1, 1)), counter.command(buy_in(2, 2))
    await send(redis, before, opening, after)
    async with running(counter, redis):
        replies = await hear(redis, 3)
    assert isinstance(replies[0], BuyInHeld)
    assert isinstance(replies[1], ShardOpened)
    assert [escrow.user_id for escrow in replies[1].tables[0].escrow] == [1]
    assert replies[2] == StaleEpoch(Epoch(2))


async def test_garbage_is_kept_for_a_person_and_blocks_nothing(counter: Counter, redis: Redis) -> None:
    await redis.xadd(keys.commands(SHARD), {keys.COMMAND_FIELD: b"\xc1garbage"})
    await redis.xadd(keys.commands(SHARD), {b"v9": b"from the future"})
    await send(redis, counter.command(buy_in(1, 1)))
    async with running(counter, redis):
        assert isinstance((await hear(redis, 1))[0], BuyInHeld)
    async with counter.ledger.transaction() as transaction:
        letters = await transaction.fetch("SELECT reason, payload FROM dead_letter ORDER BY id")
    assert len(letters) == 2
    assert letters[0]["payload"] == b"\xc1garbage"


async def test_a_poisoned_hand_halts_its_table_and_no_other(counter: Counter, redis: Redis) -> None:
    poison = counter.command(counter.hand({(3, 3): -10, (4, 4): 10}))
    await send(
        redis,
        counter.command(buy_in(1, 1)),
        poison,
        counter.command(buy_in(2, 2, table=1)),
        counter.command(buy_in(2, 2, table=2)),
        counter.command(OpenShard(NodeId("node-1"), Epoch(1))),
    )
    async with running(counter, redis):
        held, poisoned, refused, other, reopened = await hear(redis, 5)
    assert isinstance(held, BuyInHeld)
    assert poisoned == CommandRefused(Refusal.TABLE_HALTED)
    assert refused == CommandRefused(Refusal.TABLE_HALTED)
    assert isinstance(other, BuyInHeld)
    assert isinstance(reopened, ShardOpened)
    assert [table.is_halted for table in reopened.tables] == [True, False]
    assert (await counter.verify()).is_sound


async def test_one_reads_and_the_other_takes_over_when_it_goes(counter: Counter, redis: Redis) -> None:
    async with running(counter, redis) as first:
        await send(redis, counter.command(buy_in(1, 1)))
        await hear(redis, 1)
        async with running(counter, redis, "another") as second:
            await send(redis, counter.command(buy_in(2, 2)))
            await hear(redis, 1)
            assert first.term is not None
            assert second.term is None
    async with running(counter, redis, "another") as third:
        await send(redis, counter.command(buy_in(3, 3)))
        await hear(redis, 1)
        assert third.term is not None
    assert (await counter.verify()).is_sound


async def test_connections_cut_by_the_server_lose_and_double_nothing(counter: Counter, redis: Redis) -> None:
    async with running(counter, redis):
        for round_number in range(6):
            await send(redis, *(counter.command(buy_in(user, user, 1_000)) for user in (1, 2, 3, 4)))
            async with counter.owner.transaction() as transaction:
                await transaction.fetch(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'holdem_wallet'"
                )
            replies = await hear(redis, 4)
            assert [type(reply) for reply in replies] == [BuyInHeld] * 4
            assert [reply.escrow for reply in replies if isinstance(reply, BuyInHeld)] == [
                1_000 * (round_number + 1)
            ] * 4
    assert (await counter.verify()).is_sound


async def test_what_waits_is_measured(counter: Counter, redis: Redis) -> None:
    await send(redis, counter.command(buy_in(1, 1)), counter.command(buy_in(2, 2)))
    with trio.move_on_after(0.5):
        await consumer_of(counter, redis).probe_backlog()
    gauges = (metrics.BACKLOG, metrics.BACKLOG_AGE)
    length, age = (gauge.labels(shard=SHARD)._value.get() for gauge in gauges)
    assert length == 2
    assert 0 < age < 60
