"""The watch over players' own limits: real Valkey, a real table, and a clock that is told."""

from collections.abc import AsyncIterator, Mapping

import pytest
import trio

from cardroom.ids import UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.wire import keys
from cardroom.wire.place import PlaceChanged
from cardroom.wire.protection import PlayerTerms, RealityCheck, terms_codec
from cardroom.wire.refusals import Refusal
from node.presence.protection import ProtectionWatch, Seated
from node.settings import ProtectionSettings
from node.tables.directory import Directory
from tests.node.tables.house import LOG, Guest, House, open_house, until

ONE = UserId(1)
NOW = 1_800_000_000_000
MINUTE = 60_000


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with open_redis(valkey.settings) as client:
        await client.delete([keys.player_terms()])
        yield client


async def write(redis: Redis, *terms: PlayerTerms) -> None:
    await redis.hset(keys.player_terms(), {str(one.user_id): terms_codec().encode(one) for one in terms})


def watch_over(house: House, redis: Redis, minutes: int = 0) -> ProtectionWatch:
    directory = Directory()
    directory.add(house.table.entry)
    return ProtectionWatch(redis, directory, ProtectionSettings(0.05, minutes), LOG)


def seated(house: House, *guests: Guest) -> Seated:
    return {guest.user_id: [house.table.entry] for guest in guests}


async def sit(house: House) -> Guest:
    guest = house.guest(1)
    guest.sit(0)
    await until(lambda: is_seated(house))
    return guest


def is_seated(house: House) -> bool:
    holder = house.table.seats.of_user(ONE)
    return holder is not None and holder.buy_in is None and bool(house.table.entry.summary.seats)


def is_away(house: House) -> bool:
    return house.table.seats.of_user(ONE) is None


async def test_a_seat_ends_when_the_time_is_over_and_not_before(redis: Redis) -> None:
    async with open_house() as house:
        guest, watch = await sit(house), watch_over(house, redis)
        await write(redis, PlayerTerms(ONE, NOW, Refusal.SESSION_LIMIT, 0))
        await watch.read(seated(house, guest))
        watch.look(seated(house, guest), NOW - 1)
        await trio.sleep(0.05)
        assert not is_away(house)
        watch.look(seated(house, guest), NOW)
        await until(lambda: is_away(house))
        assert Refusal.SESSION_LIMIT in [one.reason for one in guest.all(PlaceChanged)]


async def test_the_task_reads_for_who_sits(redis: Redis) -> None:
    async with open_house() as house, trio.open_nursery() as nursery:
        await write(redis, PlayerTerms(ONE, 0, Refusal.SELF_EXCLUDED, 0))
        nursery.start_soon(watch_over(house, redis).run)
        guest = house.guest(1)
        guest.sit(0)
        await until(lambda: Refusal.SELF_EXCLUDED in [one.reason for one in guest.all(PlaceChanged)])
        await until(lambda: is_away(house))
        nursery.cancel_scope.cancel()


async def test_the_last_word_stands_while_redis_is_away_or_says_nonsense(redis: Redis) -> None:
    async with open_house() as house:
        guest, watch = await sit(house), watch_over(house, redis)
        await write(redis, PlayerTerms(ONE, NOW, Refusal.LOSS_LIMIT, 0))
        await watch.read(seated(house, guest))
        await redis.hset(keys.player_terms(), {b"1": b"nonsense"})
        await watch.read(seated(house, guest))
        await redis.delete([keys.player_terms()])
        await redis.set(keys.player_terms(), b"no hash")
        with pytest.raises(RedisAway):
            await watch.read(seated(house, guest))
        watch.look(seated(house, guest), NOW)
        await until(lambda: is_away(house))
        await redis.delete([keys.player_terms()])


@pytest.mark.parametrize(
    ("own_seconds", "minutes", "told_at"),
    [(0, 0, {}), (60, 0, {1, 2, 3}), (120, 1, {2}), (0, 1, {1, 2, 3}), (0, 2, {2})],
)
async def test_reality_is_told_as_often_as_the_player_wants_or_the_house(
    redis: Redis, own_seconds: int, minutes: int, told_at: Mapping[int, object]
) -> None:
    async with open_house() as house:
        guest, watch = await sit(house), watch_over(house, redis, minutes)
        await write(redis, PlayerTerms(ONE, None, None, own_seconds))
        await watch.read(seated(house, guest))
        heard = set()
        for minute in range(4):
            before = len(guest.all(RealityCheck))
            watch.look(seated(house, guest), NOW + minute * MINUTE)
            watch.look(seated(house, guest), NOW + minute * MINUTE + 1)
            await trio.sleep(0.02)
            if len(guest.all(RealityCheck)) > before:
                heard.add(minute)
        assert heard == set(told_at)


async def test_who_comes_again_begins_anew(redis: Redis) -> None:
    async with open_house() as house:
        guest, watch = await sit(house), watch_over(house, redis, 1)
        watch.look(seated(house, guest), NOW)
        watch.look({}, NOW + MINUTE)
        watch.look(seated(house, guest), NOW + 2 * MINUTE)
        await trio.sleep(0.02)
        assert guest.all(RealityCheck) == []
