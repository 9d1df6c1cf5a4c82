"""A script that is told to whichever server does not know it, and confirmed by replicas."""

from collections.abc import Sequence

from coredis.exceptions import NoScriptError

from cardroom.service.redis import Redis, RedisAway, ask_confirmed, redis_errors
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
                answer, is_confirmed = await self._ask(keys, args)
            except NoScriptError:
                await self._redis.script_load(self._text)
                answer, is_confirmed = await self._ask(keys, args)
        if not is_confirmed:
            raise RedisAway("too few replicas confirmed")
        return answer

    async def _ask(
        self, keys: Sequence[str], args: Sequence[str | bytes | int | float]
    ) -> tuple[object, bool]:
        request = self._redis.evalsha(self._sha, keys=keys, args=args)
        return await ask_confirmed(self._redis, request, self._confirmation)
