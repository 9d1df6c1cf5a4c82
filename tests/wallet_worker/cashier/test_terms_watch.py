"""What nodes are told of the players who sit: who has to go, when and why."""

import time

import pytest
import trio

from cardroom.service.postgres import PostgresRefused
from cardroom.service.protection import ProtectionSettings
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.protection import PlayerTerms, terms_codec
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import LOG, House, hand_of, leave
from tests.wallet_worker.terms import HERE, block, exclude, limit, unblock, usage_of
from wallet_worker.cashier.terms_watch import TermsWatch
from wallet_worker.rules.protection import Period


@pytest.fixture
def watch(house: House, redis: Redis) -> TermsWatch:
    return TermsWatch(house.database, redis, HERE, LOG)


async def told(redis: Redis) -> dict[int, PlayerTerms]:
    found = await redis.hgetall(keys.player_terms())
    return {int(name): terms_codec().decode(data) for name, data in found.items()}


async def test_only_who_sits_and_has_terms_is_told_of(house: House, redis: Redis, watch: TermsWatch) -> None:
    await house.seat(0, 1_000, 1_000)
    await limit(house, 0, "reality_check_minutes", 30)
    await limit(house, 2, "loss_day", 1)
    await watch.look()
    user = house.players[0]
    assert await told(redis) == {user: PlayerTerms(user, None, None, 1800)}
    await house.ask(leave(user, house.tables[0], 0, 1_000))
    await watch.look()
    assert await told(redis) == {}


async def test_who_is_excluded_or_over_a_limit_has_to_go(
    house: House, redis: Redis, watch: TermsWatch
) -> None:
    await house.seat(0, 1_000, 1_000, 3_000)
    await exclude(house, 0)
    await limit(house, 1, "loss_day", 999)
    await limit(house, 2, "session_minutes", 60)
    await watch.look()
    first = await told(redis)
    risk = (await usage_of(house, 1)).risks[Period.DAY]
    assert first[house.players[0]] == PlayerTerms(house.players[0], 0, Refusal.SELF_EXCLUDED, 0)
    assert first[house.players[1]] == PlayerTerms(house.players[1], risk.begins_ms, Refusal.LOSS_LIMIT, 0)
    timed = first[house.players[2]]
    assert timed.reason is Refusal.SESSION_LIMIT
    assert timed.play_until_unix_ms is not None
    now_ms = time.time_ns() // 1_000_000
    assert now_ms + 59 * 60_000 < timed.play_until_unix_ms < now_ms + 25 * 3_600_000
    watch._known.clear()  # as if the time to count anew had come
    await watch.look()
    assert await told(redis) == first


async def test_who_is_blocked_has_to_go_with_or_without_terms_until_it_is_taken_back(
    house: House, redis: Redis, watch: TermsWatch
) -> None:
    await house.seat(0, 1_000, 1_000, 1_000)
    one, two = house.players[:2]
    await exclude(house, 0)
    await block(house, 0)
    await block(house, 1, 60)
    await block(house, 3)
    await watch.look()
    blocked = {user: PlayerTerms(user, 0, Refusal.USER_BLOCKED, 0) for user in (one, two)}
    assert await told(redis) == blocked
    await TermsWatch(house.database, redis, HERE, LOG, blocked_users=False).look()
    excluded = {one: PlayerTerms(one, 0, Refusal.SELF_EXCLUDED, 0)}
    assert await told(redis) == excluded
    await watch.look()
    assert await told(redis) == blocked
    await unblock(house)
    await watch.look()
    assert await told(redis) == excluded


async def test_winnings_over_the_limit_stay_until_the_period_ends(
    house: House, redis: Redis, watch: TermsWatch
) -> None:
    user, other = house.players[:2]
    await limit(house, 0, "loss_day", 1_000)
    await house.seat(0, 1_000, 1_000)
    await watch.look()
    assert (await told(redis))[user].play_until_unix_ms is None
    await house.ask(hand_of(house.tables[0], [(user, 0, 1_000), (other, 1, -1_000)]))
    await watch.look()
    ends_ms = (await usage_of(house, 0)).risks[Period.DAY].ends_ms
    assert (await told(redis))[user] == PlayerTerms(user, ends_ms, Refusal.LOSS_LIMIT, 0)


async def test_redis_that_lost_it_has_it_again_and_what_is_wrong_there_goes(
    house: House, redis: Redis, watch: TermsWatch
) -> None:
    await house.seat(0, 1_000)
    await exclude(house, 0)
    await watch.look()
    before = await told(redis)
    await redis.flushall()
    await redis.hset(keys.player_terms(), {b"4711": b"nonsense", str(house.players[0]).encode(): b"x"})
    await watch.look()
    assert await told(redis) == before


async def test_a_limit_becomes_looser_by_itself_and_what_is_off_ends_nothing(
    house: House, redis: Redis, watch: TermsWatch
) -> None:
    await house.seat(0, 1_000)
    await limit(house, 0, "loss_day", None, 10, waits="0.3 s")
    await watch.look()
    assert (await told(redis))[house.players[0]].reason is Refusal.LOSS_LIMIT
    await TermsWatch(house.database, redis, ProtectionSettings(loss_limits=False), LOG).look()
    assert (await told(redis))[house.players[0]].reason is None
    await watch.look()
    await house.rows("SELECT pg_sleep(0.35)")
    await watch.look()
    assert (await told(redis))[house.players[0]].reason is None


async def test_it_goes_on_while_a_server_is_away(house: House, redis: Redis) -> None:
    settings = ProtectionSettings(watch_seconds=0.05)
    watch = TermsWatch(house.database, redis, settings, LOG)
    await house.change("ALTER TABLE player_term RENAME TO hidden")
    await house.seat(0, 1_000)
    await exclude(house, 0)
    with pytest.raises(PostgresRefused):
        await watch.look()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        await house.change("ALTER TABLE hidden RENAME TO player_term")
        with trio.fail_after(5):
            while not await told(redis):  # noqa: ASYNC110 (nothing to wait on but Redis)
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
