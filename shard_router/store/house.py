"""What routers must know of the house. Raises ``RedisAway``."""

from cardroom.service.redis import Redis, redis_errors
from cardroom.wire import keys
from cardroom.wire.house import read_house


async def is_play_frozen(redis: Redis) -> bool:
    """Say whether all play is frozen, as the wallet worker has written it last."""
    with redis_errors():
        word = read_house(dict(await redis.hgetall(keys.house())))
    return word is not None and word.is_play_frozen
