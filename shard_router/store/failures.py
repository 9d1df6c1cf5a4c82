"""Wrong passwords and codes slow down those that follow, at all routers alike: counts in Redis.

What is counted is named by a keyed hash, so that Redis holds no address and no e-mail. Whoever comes too
early is refused before anything is looked up, an unknown e-mail address as any other. Raises ``RedisAway``:
without counts nobody guesses. Those of one account lie in one slot of a cluster, an address's in another.
"""

import hashlib
import math
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.addresses import Networks, limit_network
from cardroom.service.redis import Redis, redis_errors
from cardroom.service.settings import Secret
from cardroom.wire import keys
from shard_router.settings import FailureSettings, PauseSettings

_COMMON: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function left(key)
    return tonumber(redis.call('HGET', key, 'until') or '0') - now
end
local function count(key, free, first, most, forget)
    local failures = redis.call('HINCRBY', key, 'count', 1)
    if failures >= tonumber(free) then
        local pause = math.min(tonumber(most), tonumber(first) * 2 ^ math.min(failures - free, 40))
        redis.call('HSET', key, 'until', string.format('%.0f', now + pause))
    end
    redis.call('PEXPIRE', key, forget)
end
"""

_BEGIN: Final = f"""{_COMMON}
local known = 0
local wait = left(KEYS[1])
if KEYS[3] then
    known = redis.call('EXISTS', KEYS[3])
    if known == 0 then wait = math.max(wait, left(KEYS[2])) end
end
if wait <= 0 then count(KEYS[1], unpack(ARGV)) end
return {{math.max(0, wait), known}}
"""
"""A try counts when it begins: many at once are no more than many in a row."""

_LEFT: Final = f"{_COMMON} return math.max(0, left(KEYS[1]))"
_COUNT: Final = f"{_COMMON} count(KEYS[1], unpack(ARGV)) return 0"
_COUNT_ACCOUNT: Final = f"""{_COMMON}
count(KEYS[2], unpack(ARGV))
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'told', 1) end
return 0
"""
"""What an address has told of an account is remembered there, so that it can be forgiven."""

_TAKE_BACK: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HINCRBY', KEYS[1], 'count', -1) < tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], 'until')
end
return 0
"""

_FORGIVE: Final = """
local told = tonumber(redis.call('HGET', KEYS[1], 'told') or '0')
redis.call('DEL', KEYS[1])
if told > 0 and redis.call('EXISTS', KEYS[2]) == 1 then
    local rest = redis.call('HINCRBY', KEYS[2], 'count', -told)
    if rest < tonumber(ARGV[1]) then redis.call('HDEL', KEYS[2], 'until') end
end
redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])
return 0
"""

_CODE: Final = "code"
_PASSWORD: Final = "password"  # noqa: S105 (the name of a count)

Words = list[str | bytes | int | float]


class Slowed(Exception):
    """Too many failures before this; nothing was tried. It may be tried again in ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"come back in {seconds} s")
        self.seconds = seconds


@frozen
class Try:
    """A try that has begun: it counts as a failure until it is forgiven or taken back."""

    here: str
    account: str
    known: str
    address: str
    is_known: bool


class Failures:
    """Counts failures of logins by account and address, and of codes by player."""

    def __init__(self, redis: Redis, settings: FailureSettings, key: Secret) -> None:
        self._redis = redis
        self._settings = settings
        self._key = hashlib.sha256(key.value.encode()).digest()
        self._exempt = Networks(settings.exempt)

    async def begin(self, email: str, address: str) -> Try:
        """Begin a login by an e-mail address, whosever it is; raises ``Slowed``."""
        attempt = self._name(email, address)
        counts = self._pause(self._settings.here)
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                begun = pipeline.eval(_BEGIN, [attempt.here, attempt.account, attempt.known], counts)
                left = pipeline.eval(_LEFT, [attempt.address])
            wait, is_known = _numbers(await begun)
            (wait_address,) = _numbers([await left])
        if wait > 0:
            raise Slowed(_seconds(wait))
        attempt = Try(attempt.here, attempt.account, attempt.known, attempt.address, bool(is_known))
        if wait_address > 0 and self._counts_address(attempt, address):
            await self.take_back(attempt)
            raise Slowed(_seconds(wait_address))
        return attempt

    async def fail(self, attempt: Try, address: str) -> None:
        """Count a wrong password for account and address, too; not where the player is known to log in."""
        if attempt.is_known:
            return
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                account = self._pause(self._settings.account)
                pipeline.eval(_COUNT_ACCOUNT, [attempt.here, attempt.account], account)
                if self._counts_address(attempt, address):
                    pipeline.eval(_COUNT, [attempt.address], self._pause(self._settings.address))

    async def forgive(self, attempt: Try) -> None:
        """Forget what an address has failed at an account, after a login; the address is the player's now."""
        free = self._settings.account.free
        words: Words = [free, _milliseconds(self._settings.known_seconds)]
        await self._run(_FORGIVE, [attempt.here, attempt.account, attempt.known], words)

    async def take_back(self, attempt: Try) -> None:
        """Let a try not count whose password was right, or was not looked at."""
        await self._run(_TAKE_BACK, [attempt.here], [self._settings.here.free])

    async def begin_code(self, user_id: UserId) -> None:
        """Begin to check a code; it counts already. Raises ``Slowed``."""
        await self._begin_of(_CODE, user_id)

    async def forgive_code(self, user_id: UserId) -> None:
        """Forget all wrong codes of a player, after a right one."""
        await self._forgive_of(_CODE, user_id)

    async def begin_password(self, user_id: UserId) -> None:
        """Begin to check a password of who is logged in; it counts already. Raises ``Slowed``.

        Apart from codes: who knows the password could otherwise have wrong codes forgiven by it.
        """
        await self._begin_of(_PASSWORD, user_id)

    async def forgive_password(self, user_id: UserId) -> None:
        """Forget all wrong passwords of a player who is logged in, after the right one."""
        await self._forgive_of(_PASSWORD, user_id)

    async def _begin_of(self, kind: str, user_id: UserId) -> None:
        answer = await self._run(_BEGIN, [self._of(kind, user_id)], self._pause(self._settings.code))
        wait, _ = _numbers(answer)
        if wait > 0:
            raise Slowed(_seconds(wait))

    async def _forgive_of(self, kind: str, user_id: UserId) -> None:
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.delete([self._of(kind, user_id)])

    def _counts_address(self, attempt: Try, address: str) -> bool:
        return not attempt.is_known and address not in self._exempt

    def _name(self, email: str, address: str) -> Try:
        network = self._digest(limit_network(address))
        account = f"{{{self._digest(email)}}}"
        return Try(
            here=keys.failures("here", f"{account}:{network}"),
            account=keys.failures("account", account),
            known=keys.failures("known", f"{account}:{network}"),
            address=keys.failures("address", network),
            is_known=False,
        )

    def _of(self, kind: str, user_id: UserId) -> str:
        return keys.failures(kind, self._digest(str(user_id)))

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()

    def _pause(self, pause: PauseSettings) -> Words:
        forget = _milliseconds(max(self._settings.forget_seconds, pause.most_seconds))
        return [pause.free, _milliseconds(pause.first_seconds), _milliseconds(pause.most_seconds), forget]

    async def _run(self, script: str, names: list[str], words: Words) -> object:
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                answer = pipeline.eval(script, names, words)
            return await answer


def _numbers(answer: object) -> list[int]:
    assert isinstance(answer, list), "the script answers with a list"
    return [int(one) for one in answer]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _seconds(milliseconds: int) -> int:
    return max(1, math.ceil(milliseconds / 1000))
