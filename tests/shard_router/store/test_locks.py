from cardroom.service.redis import Redis
from shard_router.store.locks import Lock, held_once


async def test_one_has_it_and_may_renew_it(redis: Redis) -> None:
    one, two = Lock(redis, "a-lock", 60.0), Lock(redis, "a-lock", 60.0)
    assert await one.hold()
    assert await one.hold()
    assert not await two.hold()
    await two.release()
    assert not await two.hold(), "nobody gives up what another has"
    await one.release()
    assert await two.hold()
    assert 0 < await redis.pttl("a-lock") <= 60_000


async def test_it_ends_by_itself(redis: Redis) -> None:
    one, two = Lock(redis, "a-lock", 60.0), Lock(redis, "a-lock", 60.0)
    assert await one.hold()
    await redis.pexpire("a-lock", 1)
    while await redis.exists(["a-lock"]):
        pass
    assert await two.hold()
    assert not await one.hold()


async def test_held_for_a_block(redis: Redis) -> None:
    async with held_once(redis, "a-lock", 60.0) as first:
        async with held_once(redis, "a-lock", 60.0) as second:
            assert (first, second) == (True, False)
        assert await redis.exists(["a-lock"]), "who did not have it leaves it alone"
    assert not await redis.exists(["a-lock"])
