"""What a node tells through a real Valkey: itself with a time to live, and its tables when they change."""

import os
import signal
from pathlib import Path

import trio
from attrs import evolve

from cardroom.ids import BootNonce, NodeId, ShardId, TableId
from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.presence import LOBBY_AT, NodeAnnouncement, announcement_codec, summary_codec
from node.presence.announce import Presence, PresenceServices
from node.tables.directory import Directory
from node.tables.tempo import Rhythm
from tests.node.tables.house import LOG, TABLE, open_house

ME = NodeAnnouncement(NodeId("node-presence"), BootNonce("b"), "ws://here", 3, 600)
SHARD = ShardId(1)


async def _until(redis: Redis, key: str, wanted: bool) -> None:
    with trio.fail_after(5):
        while True:
            if bool(await redis.exists([key])) is wanted:
                return
            await trio.sleep(0.01)


async def test_announced_rewritten_on_change_and_withdrawn_for_good(valkey: EmbeddedValkey) -> None:
    lobby, held, directory = keys.lobby(SHARD), [SHARD], Directory()
    async with open_house() as house, open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        directory.add(house.table.entry)
        services = PresenceServices(redis, directory, lambda: ME, lambda: held, 0.02, LOG)
        presence, ended = Presence(services), trio.Event()
        await redis.hset(lobby, {"999": b"of an earlier owner"})
        await _hold(redis)

        async def run() -> None:
            await presence.run()
            ended.set()

        nursery.start_soon(run)
        await _until(redis, keys.node(ME.node), wanted=True)
        assert 0 < await redis.ttl(keys.node(ME.node)) <= keys.NODE_SECONDS
        found = await redis.get(keys.node(ME.node))
        assert found is not None
        assert announcement_codec().decode(found) == ME
        await _lobby_says(redis, {TABLE: 0})
        house.table.entry.tell(evolve(house.table.entry.summary, hand_no=7), Rhythm())
        await _lobby_says(redis, {TABLE: 7})
        await redis.hset(lobby, {str(TABLE): b"by somebody else"})
        await trio.sleep(0.1)
        assert (await redis.hgetall(lobby))[str(TABLE).encode()] == b"by somebody else", "only what changed"
        await presence.withdraw()
        with trio.fail_after(5):
            await ended.wait()
        assert not await redis.exists([keys.node(ME.node)])


async def test_a_new_owner_s_lobby_is_never_without_its_tables(valkey: EmbeddedValkey) -> None:
    directory, counts = Directory(), set()
    async with open_house() as house, open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        directory.add(house.table.entry)
        services = PresenceServices(redis, directory, lambda: ME, lambda: [SHARD], 60.0, LOG)
        await redis.delete([keys.lobby(SHARD)])
        await _hold(redis)
        for _ in range(20):
            nursery.start_soon(Presence(services).run)
            await _lobby_says(redis, {TABLE: 0})
            counts |= {await redis.hlen(keys.lobby(SHARD)) for _ in range(20)}
        nursery.cancel_scope.cancel()
    assert counts == {2}, "the table, and how far it is written"


async def test_the_lobby_is_written_anew_when_redis_lost_it_though_no_call_failed(tmp_path: Path) -> None:
    directory = Directory()
    with valkey_server(tmp_path / "one", port=0) as server:
        port = server.settings.port
        async with (
            open_house() as house,
            open_redis(server.settings) as redis,
            trio.open_nursery() as nursery,
        ):
            directory.add(house.table.entry)
            services = PresenceServices(redis, directory, lambda: ME, lambda: [SHARD], 0.02, LOG)
            await _hold(redis)
            nursery.start_soon(Presence(services).run)
            await _lobby_says(redis, {TABLE: 0})
            await redis.flushall()
            await _hold(redis)
            await _lobby_says(redis, {TABLE: 0})
            nursery.cancel_scope.cancel()
        async with open_house() as house, open_redis(server.settings) as redis:
            directory = Directory()
            directory.add(house.table.entry)
            # Between two announcements, so that neither of them fails.
            services = PresenceServices(redis, directory, lambda: ME, lambda: [SHARD], 0.02, LOG)
            presence = Presence(services)
            await _hold(redis)
            await presence.announce()
            os.kill(server.pid, signal.SIGKILL)
            with valkey_server(tmp_path / "two", port=port):
                await redis.hset(keys.lobby(SHARD), {str(TABLE): b"of long ago"})
                await _hold(redis)
                await presence.announce()
                await _lobby_says(redis, {TABLE: 0})


async def test_a_shard_that_was_opened_is_told_of_at_once(valkey: EmbeddedValkey) -> None:
    directory, held = Directory(), set[ShardId]()
    async with open_house() as house, open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        await redis.delete([keys.lobby(SHARD), keys.node(ME.node)])
        services = PresenceServices(redis, directory, lambda: ME, lambda: held, 60.0, LOG)
        nursery.start_soon(Presence(services).run)
        with trio.fail_after(5):
            while not await redis.exists([keys.node(ME.node)]):  # noqa: ASYNC110 (it is in Redis)
                await trio.sleep(0.01)
        await _hold(redis)
        directory.expect(SHARD)
        directory.add(house.table.entry)
        held.add(SHARD)
        directory.settle(SHARD)
        await _lobby_says(redis, {TABLE: 0})
        nursery.cancel_scope.cancel()


async def test_a_name_that_redis_lost_is_said_again(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        services = PresenceServices(redis, Directory(), lambda: ME, list, 0.01, LOG)
        nursery.start_soon(Presence(services).run)
        await redis.srem(keys.nodes(), [ME.node])
        with trio.fail_after(5):
            while not await redis.sismember(keys.nodes(), ME.node):  # noqa: ASYNC110 (it is in Redis)
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_a_changed_table_is_told_long_before_the_node_is_said_again(valkey: EmbeddedValkey) -> None:
    directory = Directory()
    async with open_house() as house, open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        directory.add(house.table.entry)
        await redis.delete([keys.lobby(SHARD)])
        await _hold(redis)
        services = PresenceServices(
            redis, directory, lambda: ME, lambda: [SHARD], 3600.0, LOG, tell_seconds=0.01
        )
        nursery.start_soon(Presence(services).run)
        await _lobby_says(redis, {TABLE: 0})
        for hand_no in (1, 2, 3):
            house.table.entry.tell(evolve(house.table.entry.summary, hand_no=hand_no), Rhythm())
            await _lobby_says(redis, {TABLE: hand_no})
        directory.remove(TABLE)
        await _lobby_says(redis, {})
        nursery.cancel_scope.cancel()


async def test_hands_an_hour_fall_though_the_table_sleeps(valkey: EmbeddedValkey) -> None:
    directory = Directory()
    async with open_house() as house, open_redis(valkey.settings) as redis:
        directory.add(house.table.entry)
        await _hold(redis)
        rhythm = Rhythm(60.0, trio.current_time() - 120.0)
        house.table.entry.tell(evolve(house.table.entry.summary, hands_per_hour=60), rhythm)
        services = PresenceServices(redis, directory, lambda: ME, lambda: [SHARD], 60.0, LOG)
        await Presence(services).announce()
        data = (await redis.hgetall(keys.lobby(SHARD)))[str(TABLE).encode()]
        assert summary_codec().decode(data).hands_per_hour == 30


async def test_a_lobby_that_is_another_s_is_left_alone(valkey: EmbeddedValkey) -> None:
    directory = Directory()
    async with open_house() as house, open_redis(valkey.settings) as redis:
        directory.add(house.table.entry)
        await _hold(redis)
        services = PresenceServices(redis, directory, lambda: ME, lambda: [SHARD], 60.0, LOG)
        presence = Presence(services)
        await presence.announce()
        await _hold(redis, "another")
        house.table.entry.tell(evolve(house.table.entry.summary, hand_no=9), Rhythm())
        await presence.announce()
        await _lobby_says(redis, {TABLE: 0})
        await _hold(redis)
        await presence.announce()
        await _lobby_says(redis, {TABLE: 9})


async def test_without_redis_it_goes_on() -> None:
    async with open_redis(RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2)) as redis:
        with trio.move_on_after(0.5) as announcing:
            await Presence(PresenceServices(redis, Directory(), lambda: ME, list, 0.1, LOG)).run()
        assert announcing.cancelled_caught


async def _lobby_says(redis: Redis, wanted: dict[TableId, int]) -> None:
    with trio.fail_after(5):
        while True:
            rows = await redis.hgetall(keys.lobby(SHARD))
            if {int(name): _hand_no(data) for name, data in rows.items() if name != LOBBY_AT} == wanted:
                return
            await trio.sleep(0.01)


async def test_a_private_table_is_announced_as_private_and_without_its_code(valkey: EmbeddedValkey) -> None:
    code, directory = "ABCDEFGH23", Directory()
    async with (
        open_house(invitation=code) as house,
        open_redis(valkey.settings) as redis,
        trio.open_nursery() as nursery,
    ):
        directory.add(house.table.entry)
        services = PresenceServices(redis, directory, lambda: ME, lambda: [SHARD], 0.02, LOG)
        await redis.delete([keys.lobby(SHARD)])
        await _hold(redis)
        nursery.start_soon(Presence(services).run)
        await _lobby_says(redis, {TABLE: 0})
        data = (await redis.hgetall(keys.lobby(SHARD)))[str(TABLE).encode()]
        summary = summary_codec().decode(data)
        assert (summary.is_private, summary.waiting) == (True, 0)
        assert code.encode() not in data
        nursery.cancel_scope.cancel()


def _hand_no(data: bytes) -> int:
    return summary_codec().decode(data).hand_no if not data.startswith(b"of") else -1


async def _hold(redis: Redis, boot: str = ME.boot) -> None:
    """Make the shard's lease that of a start of a node."""
    await redis.hset(
        keys.lease(SHARD), {b"node": b"any", b"boot": boot.encode(), b"epoch": b"1", b"counter": b"1"}
    )
