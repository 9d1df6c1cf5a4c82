from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.house import HouseWord, write_house
from shard_router.store.house import is_play_frozen


async def test_play_is_frozen_when_the_house_says_so(redis: Redis) -> None:
    assert not await is_play_frozen(redis)
    for number, is_frozen in enumerate((True, False)):
        await redis.hset(keys.house(), write_house(HouseWord(is_frozen, "why", number)))
        assert await is_play_frozen(redis) is is_frozen
    await redis.hset(keys.house(), {b"play_frozen": b"perhaps"})
    assert not await is_play_frozen(redis), "nodes and the ledger refuse on their own"
