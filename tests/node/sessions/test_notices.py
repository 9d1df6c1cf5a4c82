"""Notices of coins reach all of their player's connections at tables, and nobody else's."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import trio

from cardroom.ids import UserId
from cardroom.local.servers import EmbeddedValkey, free_port, valkey_server
from cardroom.money import Krw
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import sign_ticket
from cardroom.wire.notices import (
    DepositNotice,
    DepositState,
    PlayerNotice,
    WithdrawalNotice,
    WithdrawalState,
    notice_codec,
)
from cardroom.wire.player import Hello, Ping
from cardroom.wire.table import Pong, Snapshot, TableEvent, Welcome
from node.sessions.notices import NoticeRelay
from node.settings import SessionLimits
from tests.node.sessions.door import KEY, Door, Player, open_door
from tests.node.tables.house import LOG, until

ONE, TWO = UserId(1), UserId(2)
CREDITED = DepositNotice(7, "BTC", "0.001", DepositState.CREDITED, 3, 3, Krw(150_000), None, Krw(248_500))
SENT = WithdrawalNotice(8, "ETH", WithdrawalState.SENT, Krw(50_000), "0.01", "0xab")


async def tell(redis: Redis, user_id: UserId, *notices: PlayerNotice) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for notice in notices:
            pipeline.publish(keys.user(user_id), notice_codec().encode(notice))


@asynccontextmanager
async def relayed(door: Door, settings: RedisSettings) -> AsyncIterator[Redis]:
    """Let notices reach the connections of a door, as a node does."""
    async with open_redis(settings) as redis, trio.open_nursery() as nursery:
        relay = NoticeRelay(door.connections, redis, LOG)
        nursery.start_soon(relay.run)
        await until(lambda: relay.is_listening)
        yield redis
        nursery.cancel_scope.cancel()


async def hear_notice(player: Player) -> PlayerNotice:
    return cast("PlayerNotice", await player.hear_until(DepositNotice | WithdrawalNotice))


async def assert_hears_nothing(player: Player) -> None:
    """Whatever was told before a ping comes before its answer."""
    await player.send(Ping(99))
    assert await player.hear_until(Pong | DepositNotice | WithdrawalNotice) == Pong(99)


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_all_connections_of_the_player_hear_it_and_others_nothing(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    async with open_door(valkey.settings) as door, relayed(door, valkey.settings) as redis:
        async with door.enter(encoding=encoding) as one, door.enter() as device, door.enter(user=2) as two:
            await tell(redis, ONE, CREDITED, SENT)
            for player in (one, device):
                assert [await hear_notice(player), await hear_notice(player)] == [CREDITED, SENT]
            await assert_hears_nothing(two)
            await tell(redis, TWO, SENT)
            assert await hear_notice(two) == SENT
            await assert_hears_nothing(one)
        await until(lambda: len(door.connections) == 0)
        await tell(redis, ONE, CREDITED)
        await door.assert_table_goes_on()


async def test_a_notice_is_no_event_and_takes_no_number(valkey: EmbeddedValkey) -> None:
    async with (
        open_door(valkey.settings) as door,
        relayed(door, valkey.settings) as redis,
        door.enter() as one,
    ):
        await one.sit(0)
        before = one.last_seq
        await tell(redis, ONE, CREDITED)
        assert await hear_notice(one) == CREDITED
        async with door.enter(user=2) as two:
            await two.sit(1)
        event = await one.hear_until(TableEvent)
        assert isinstance(event, TableEvent)
        assert event.table_seq == (before or 0) + 1


async def test_who_comes_back_gets_what_was_missed_and_no_old_notice(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door, relayed(door, valkey.settings) as redis:
        async with door.enter() as one:
            await tell(redis, ONE, CREDITED)
            assert await hear_notice(one) == CREDITED
            token, last = one.token, one.last_seq
        await until(lambda: len(door.connections) == 0)
        await tell(redis, ONE, SENT)
        async with door.come_back(token, last) as again:
            await assert_hears_nothing(again)


async def test_nothing_comes_before_the_snapshot(valkey: EmbeddedValkey) -> None:
    """However early a notice is: the welcome and the snapshot are the first that a client hears."""
    async with open_door(valkey.settings) as door, relayed(door, valkey.settings) as redis:
        for _ in range(20):
            async with door.knock() as player, trio.open_nursery() as nursery:
                nursery.start_soon(_tell_all_the_time, redis)
                await player.send(Hello(sign_ticket(door.ticket(), KEY), ""))
                assert isinstance(await player.hear(), Welcome)
                assert isinstance(await player.hear(), Snapshot)
                assert await hear_notice(player) == SENT
                nursery.cancel_scope.cancel()


async def _tell_all_the_time(redis: Redis) -> None:
    while True:
        await tell(redis, ONE, SENT)


async def test_a_flood_of_notices_is_dropped_and_the_table_goes_on(valkey: EmbeddedValkey) -> None:
    """Nothing that a wallet does is as much; the table's inbox is bounded all the same."""
    limits = SessionLimits(outbox_bytes=1_000_000)
    async with (
        open_door(valkey.settings, limits) as door,
        relayed(door, valkey.settings) as redis,
        door.enter() as one,
    ):
        for _ in range(10):
            await tell(redis, ONE, *[CREDITED] * 500)
        await door.assert_table_goes_on()
        await tell(redis, ONE, SENT)
        while await hear_notice(one) != SENT:
            pass


async def test_who_does_not_read_notices_is_closed_and_nobody_waits(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(outbox_bytes=4_000, send_buffer_bytes=4_096, close_seconds=0.5)
    async with (
        open_door(valkey.settings, limits) as door,
        relayed(door, valkey.settings) as redis,
        door.enter_by_hand(1, receive_buffer=4_096),
        door.enter(user=2) as two,
    ):
        await until(lambda: door.connections.has(ONE))
        with trio.fail_after(8):
            while door.connections.has(ONE):
                await tell(redis, ONE, *[CREDITED] * 50)
        await tell(redis, TWO, SENT)
        assert await hear_notice(two) == SENT


async def test_two_nodes_tell_each_their_own_players(valkey: EmbeddedValkey) -> None:
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(open_door(valkey.settings)) for _ in range(2)]
        redis = await stack.enter_async_context(relayed(doors[0], valkey.settings))
        await stack.enter_async_context(relayed(doors[1], valkey.settings))
        here, there = [await stack.enter_async_context(door.enter()) for door in doors]
        other = await stack.enter_async_context(doors[1].enter(user=2))
        await tell(redis, ONE, CREDITED)
        assert [await hear_notice(here), await hear_notice(there)] == [CREDITED] * 2
        await tell(redis, TWO, SENT)
        assert await hear_notice(other) == SENT
        await assert_hears_nothing(here)


async def test_a_redis_that_was_away_is_heard_again_and_connections_stay(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    port = free_port()
    settings = RedisSettings("127.0.0.1", port, connect_seconds=0.5)
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(open_door(valkey.settings))
        redis = await stack.enter_async_context(open_redis(settings))
        nursery = await stack.enter_async_context(trio.open_nursery())
        relay = NoticeRelay(door.connections, redis, LOG)
        nursery.start_soon(relay.run)
        one = await stack.enter_async_context(door.enter())
        for notice in (CREDITED, SENT):
            with valkey_server(tmp_path, port):
                await until(lambda: relay.is_listening)
                await tell(redis, ONE, notice)
                assert await hear_notice(one) == notice
            await until(lambda: not relay.is_listening)
        nursery.cancel_scope.cancel()
