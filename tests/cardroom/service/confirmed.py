"""A script that is told to whichever server does not know it, and confirmed by replicas."""

from collections.abc import Sequence

from coredis.exceptions import NoScriptError

from cardroom.service.redis import Redis, evalsha_confirmed, redis_errors
from cardroom.service.settings import RedisSettings


class ConfirmedScript:
    """A script that counts as carried out only when enough replicas have what it wrote.

    A server that does not know it is told it, and asked again.
    """

    def __init__(self, redis: Redis, text: str, settings: RedisSettings) -> None:
        self._redis = redis
        self._sha = redis.register_script(text).sha
        self._text = text
        self._confirmation = settings.confirmation

    async def __call__(self, keys: Sequence[str], args: Sequence[str | bytes | int | float]) -> object:
        """Run it and give its answer; raises ``RedisAway``, also when too few replicas confirmed in time."""
        with redis_errors():
            try:
                return await evalsha_confirmed(self._redis, self._sha, keys, args, self._confirmation)
            except NoScriptError:
                await self._redis.script_load(self._text)
                return await evalsha_confirmed(self._redis, self._sha, keys, args, self._confirmation)
