"""The only reader of a stream: crashes, garbage, poison, take-over, on a real PostgreSQL and Valkey."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
import trio
from structlog.testing import CapturingLogger

from cardroom.ids import Epoch, NodeId
from cardroom.service.postgres import PostgresRefused
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CommandRefused,
    HoldBuyIn,
    ReplyBody,
    ShardOpened,
    StaleEpoch,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import (
    BOOT,
    COMMANDS,
    PURSE,
    REPLIES,
    House,
    again,
    hand_of,
    hold,
    leave,
    open_by,
)
from tests.wallet_worker.letters import bury, void_of
from tests.wallet_worker.post import SETTINGS, Post
from wallet_worker.ledger import metrics
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.deadletter import void_letter
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.stream import CommandStream


@pytest.fixture
def post(house: House, redis: Redis) -> Post:
    return Post(house, redis)


def buy_in(house: House, player: int, amount: int = 20_000, table: int = 0) -> HoldBuyIn:
    """Let a player sit down at the seat of the player's own number."""
    return hold(house.players[player], house.tables[table], player, amount)


async def hear(post: Post, how_many: int) -> list[ReplyBody]:
    """Wait for so many replies to the tests' node start, and take them."""
    heard: list[ReplyBody] = []
    with trio.fail_after(10):
        while len(heard) < how_many:
            found = await post.redis.blpop([keys.replies(post.house.shard, BOOT)], timeout=1)
            if found:
                heard.append(REPLIES.decode(found[1]).body)
    return heard


@asynccontextmanager
async def running(post: Post, name: str = "test") -> AsyncIterator[Consumer]:
    consumer, stopping = post.consumer(), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(consumer.run, name, stopping)
        yield consumer
        stopping.set()


async def test_commands_are_answered_in_order_and_taken_out_of_the_stream(house: House, post: Post) -> None:
    await post.put(*[buy_in(house, player) for player in (0, 1, 2)])
    await post.put(leave(house.players[0], house.tables[0], 0, 20_000))
    async with running(post):
        replies = await hear(post, 4)
        assert [type(reply) for reply in replies] == [BuyInHeld, BuyInHeld, BuyInHeld, CashedOut]
        assert await post.waiting() == 0
    await house.assert_sound()


async def test_replies_that_nobody_reads_do_not_stay_for_ever(house: House, post: Post) -> None:
    await post.put(buy_in(house, 0))
    async with running(post):
        with trio.fail_after(10):
            while not await post.raw_replies():  # noqa: ASYNC110
                await trio.sleep(0.01)
        lives = await post.redis.ttl(keys.replies(house.shard, BOOT))
        assert 0 < lives <= keys.REPLIES_SECONDS


async def test_a_crash_between_commit_and_answer_is_answered_from_what_is_stored(
    house: House, post: Post
) -> None:
    command = house.command(buy_in(house, 0))
    first = await house.send(command)
    await post.append(command)
    async with running(post):
        assert await hear(post, 1) == first
    assert await house.wallet(0) == PURSE - 20_000


async def test_opening_is_a_barrier_in_the_stream(house: House, post: Post) -> None:
    await post.put(buy_in(house, 0), open_by(1, NodeId("node-2")), buy_in(house, 1))
    async with running(post):
        replies = await hear(post, 3)
    assert isinstance(replies[0], BuyInHeld)
    assert isinstance(replies[1], ShardOpened)
    assert [escrow.user_id for escrow in replies[1].tables[0].escrow] == [house.players[0]]
    assert replies[2] == StaleEpoch(Epoch(2))


async def test_garbage_is_kept_for_a_person_and_blocks_nothing(house: House, post: Post) -> None:
    await post.append(b"\xc1garbage")
    await post.redis.xadd(keys.commands(house.shard), {b"v9": b"from the future"})
    await post.put(buy_in(house, 0))
    async with running(post):
        assert isinstance((await hear(post, 1))[0], BuyInHeld)
    letters = await house.rows("SELECT reason, payload FROM dead_letter ORDER BY id")
    assert len(letters) == 2
    assert letters[0]["payload"] == b"\xc1garbage"


async def test_a_poisoned_hand_halts_its_table_and_no_other(house: House, post: Post) -> None:
    poison = hand_of(house.tables[0], [(house.players[2], 2, -10), (house.players[3], 3, 10)])
    await post.put(buy_in(house, 0), poison, buy_in(house, 1), buy_in(house, 1, table=1), open_by(1))
    async with running(post):
        held, poisoned, refused, other, reopened = await hear(post, 5)
    assert isinstance(held, BuyInHeld)
    assert poisoned == CommandRefused(Refusal.TABLE_HALTED)
    assert refused == CommandRefused(Refusal.TABLE_HALTED)
    assert isinstance(other, BuyInHeld)
    assert isinstance(reopened, ShardOpened)
    assert [table.is_halted for table in reopened.tables] == [True, False]
    await house.assert_sound()


async def test_one_reads_and_the_other_takes_over_when_it_goes(house: House, post: Post) -> None:
    async with running(post) as first:
        await post.put(buy_in(house, 0))
        await hear(post, 1)
        async with running(post, "another") as second:
            await post.put(buy_in(house, 1))
            await hear(post, 1)
            assert first.term.number is not None
            assert second.term.number is None
    async with running(post, "another") as third:
        await post.put(buy_in(house, 2))
        await hear(post, 1)
        assert third.term.number is not None
    await house.assert_sound()


async def test_connections_cut_by_the_server_lose_and_double_nothing(house: House, post: Post) -> None:
    async with running(post):
        for round_number in range(6):
            await post.put(*[buy_in(house, player, 1_000) for player in range(4)])
            await house.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'holdem_wallet'"
            )
            replies = await hear(post, 4)
            assert [type(reply) for reply in replies] == [BuyInHeld] * 4
            assert [reply.escrow for reply in replies if isinstance(reply, BuyInHeld)] == [
                1_000 * (round_number + 1)
            ] * 4
    await house.assert_sound()


def _measured(post: Post) -> tuple[float, float]:
    gauges = (metrics.BACKLOG, metrics.BACKLOG_AGE)
    length, age = (gauge.labels(shard=post.house.shard)._value.get() for gauge in gauges)
    return length, age


async def _measure(post: Post) -> tuple[float, float]:
    with trio.move_on_after(0.5):
        await post.consumer().probe_backlog()
    return _measured(post)


async def test_what_waits_is_measured_by_everybody_whoever_holds_the_term(house: House, post: Post) -> None:
    assert await _measure(post) == (0, 0)
    asked_at = int((time.time() - 30) * 1000)
    for number, body in enumerate((buy_in(house, 0), buy_in(house, 1))):
        data = COMMANDS.encode(house.command(body))
        fields = {keys.COMMAND_FIELD: data}
        await post.redis.xadd(keys.commands(house.shard), fields, identifier=f"{asked_at}-{number}")
    length, age = await _measure(post)
    assert length == 2
    assert 29 <= age < 60
    async with running(post):
        await hear(post, 2)
    assert await _measure(post) == (0, 0), "after a take-over, measured by a worker without the term"


async def test_who_does_not_reach_redis_knows_no_backlog_and_does_not_say_none(
    house: House, post: Post
) -> None:
    await post.put(buy_in(house, 0))
    await _measure(post)
    nowhere = RedisSettings("127.0.0.1", 1, connect_seconds=0.2, call_seconds=0.2)
    async with open_redis(nowhere) as broken:
        assert all(map(math.isnan, await _measure(Post(house, broken))))


async def test_letters_that_wait_are_measured_until_they_are_resolved(house: House, post: Post) -> None:
    gauge = metrics.LETTERS_WAITING.labels(shard=house.shard)
    number, _ = await bury(house, buy_in(house, 0))
    await _measure(post)
    assert gauge._value.get() == 1
    await void_letter(house.tools, void_of(number))
    await _measure(post)
    assert gauge._value.get() == 0
    await house.change("REVOKE SELECT ON dead_letter FROM holdem_wallet")
    await _measure(post)
    assert math.isnan(gauge._value.get())


async def test_an_id_that_stands_for_another_body_is_an_alert_and_changes_nothing(
    house: House, redis: Redis
) -> None:
    post, log = Post(house, redis), CapturingLogger()
    first = house.command(buy_in(house, 0))
    await house.send(first)
    stored = await house.stored()
    await post.append(again(first, body=buy_in(house, 1)))
    stream = CommandStream(redis, house.shard, EntryReader(house.shard, COMMANDS))
    logger = structlog.wrap_logger(log, processors=[], wrapper_class=structlog.stdlib.BoundLogger)
    counter = metrics.REUSED_IDS.labels(shard=house.shard)
    before = counter._value.get()
    await Consumer(house.tools, stream, house.shard, SETTINGS, logger).step("test")
    assert await post.replies() == [CommandRefused(Refusal.COMMAND_REUSED)]
    assert (counter._value.get(), await house.stored()) == (before + 1, stored)
    (alert,) = [call for call in log.calls if call.method_name == "error"]
    assert alert.kwargs["command_id"] == str(first.id)
    assert (alert.kwargs["shard"], alert.kwargs["table_id"]) == (house.shard, house.tables[0])


async def test_a_missing_month_waits_for_the_operator_and_buries_nothing(house: House, post: Post) -> None:
    months = await house.rows(
        "SELECT relname FROM pg_class WHERE relname LIKE 'transfer\\_20%' AND relkind = 'r'"
    )
    for month in months:
        await house.change(f"ALTER TABLE transfer DETACH PARTITION {month['relname']}")
    await post.put(buy_in(house, 0))
    consumer = post.consumer()
    for _ in range(SETTINGS.tries + 1):
        with pytest.raises(PostgresRefused, match="no partition"):
            await consumer.step("test")
    assert await house.number("SELECT count(*) FROM dead_letter") == 0
    assert await post.waiting() == 1
