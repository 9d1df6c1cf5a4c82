"""Where requests are counted for all processes together: storage of the ``limits`` library over our Redis.

The library's own Redis storage asks twice for each key, once to count and once to know what is left, and goes
by the clock of whoever asks. Here both are one script, by the server's clock; and all that is asked at the
same time goes to the server in one write, over a line that follows the sentinels.
"""

import time
from typing import Final

import trio
from attrs import define, field, frozen
from limits import RateLimitItem
from limits.aio.storage import MovingWindowSupport, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.service.redis_line import Word
from cardroom.wire import keys

_BATCH: Final = 64
_WAITING: Final = 1024
"""More questions than this don't wait: the server is as good as away."""

# A list of the times of those that were let in, the newest first. Who is refused is not among them: whoever
# goes on asking is let in again as soon as one who follows the rule would be.
_MOVING_WINDOW: Final = b"""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local limit, window, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = tonumber(redis.call('LINDEX', KEYS[1], -1) or now)
while oldest <= now - window do
    redis.call('RPOP', KEYS[1])
    oldest = tonumber(redis.call('LINDEX', KEYS[1], -1) or now)
end
local count = redis.call('LLEN', KEYS[1])
local is_taken = 0
if count + amount <= limit then
    is_taken = 1
    for _ = 1, amount do
        count = redis.call('LPUSH', KEYS[1], string.format('%.0f', now))
        redis.call('PEXPIRE', KEYS[1], window)
    end
end
return {is_taken, count, count > 0 and oldest + window - now or 0}
"""

_FIXED_WINDOW: Final = b"""
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
if count == tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""


@frozen
class Window:
    """Whether one more was let in, how many were in the time that counts, and when the oldest leaves it."""

    is_taken: bool
    count: int
    wait_seconds: float


@define(eq=False)
class _Question:
    command: tuple[Word, ...]
    answered: trio.Event = field(factory=trio.Event)
    answer: object = None


class LimitStorage(Storage, MovingWindowSupport):
    """Counts in Redis. ``run`` must be running; nothing takes longer than ``seconds``, then ``RedisAway``."""

    STORAGE_SCHEME = None

    def __init__(self, redis: Redis, seconds: float) -> None:
        super().__init__()
        self._line = make_line(redis)
        self._seconds = seconds
        self._asked: list[_Question] = []
        self._wake = trio.Event()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What is raised when the server does not answer."""
        return RedisAway

    async def run(self) -> None:
        """Carry questions to the server until cancelled: what came meanwhile goes with the next write."""
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            while self._asked:
                batch, self._asked = self._asked[:_BATCH], self._asked[_BATCH:]
                await self._exchange(batch)

    async def take(self, key: str, limit: int, seconds: int, amount: int) -> Window:
        """Let ``amount`` more in, if they are not too many; with 0 only look. Raises ``RedisAway``."""
        name = keys.limit(key)
        answer = await self._ask(b"EVAL", _MOVING_WINDOW, 1, name, limit, seconds * 1000, amount)
        assert isinstance(answer, list), "the script gives three numbers"
        is_taken, count, wait_ms = answer
        return Window(bool(is_taken), count, wait_ms / 1000)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Let ``amount`` more in, if they are not too many."""
        return (await self.take(key, limit, expiry, amount)).is_taken

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Give since when those count that were let in, and how many they are."""
        window = await self.take(key, limit, expiry, 0)
        return time.time() + window.wait_seconds - (expiry if window.count else 0), window.count

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in windows that begin with the first one."""
        return await self._count(b"EVAL", _FIXED_WINDOW, 1, keys.limit(key), expiry, amount)

    async def get(self, key: str) -> int:
        """Give what ``incr`` has counted."""
        return int(await self._ask(b"GET", keys.limit(key)) or 0)  # type: ignore[call-overload, no-any-return]

    async def get_expiry(self, key: str) -> float:
        """Give when a count ends, in seconds since 1970."""
        return time.time() + max(await self._count(b"PTTL", keys.limit(key)), 0) / 1000

    async def check(self) -> bool:
        """Say whether the server answers."""
        try:
            return await self._ask(b"PING") == b"PONG"
        except RedisAway:
            return False

    async def clear(self, key: str) -> None:
        """Forget what one was counted."""
        await self._ask(b"DEL", keys.limit(key))

    async def reset(self) -> int | None:
        """Not offered: what all were counted is spread over the server."""
        raise NotImplementedError

    async def _count(self, *command: Word) -> int:
        answer = await self._ask(*command)
        assert isinstance(answer, int), "the server answers with a number"
        return answer

    async def _ask(self, *command: Word) -> object:
        if len(self._asked) >= _WAITING:
            raise RedisAway("too many questions wait")
        question = _Question(command)
        self._asked.append(question)
        self._wake.set()
        with trio.move_on_after(self._seconds):
            await question.answered.wait()
        if not question.answered.is_set():
            if question in self._asked:
                self._asked.remove(question)  # nobody is counted who has not waited for it
            raise RedisAway("limits: no answer in time")
        if isinstance(question.answer, RedisAway):
            raise RedisAway(str(question.answer)) from question.answer
        return question.answer

    async def _exchange(self, batch: list[_Question]) -> None:
        answers: list[object]
        try:
            with redis_errors(), trio.fail_after(self._seconds):
                answers = await self._line.ask(*[question.command for question in batch])
        except RedisAway as away:
            answers = [away] * len(batch)
        for question, answer in zip(batch, answers, strict=True):
            question.answer = answer
            question.answered.set()


class MovingWindow(MovingWindowRateLimiter):
    """The library's moving window, which tells with each hit what is left."""

    def __init__(self, storage: LimitStorage) -> None:
        super().__init__(storage)
        self._windows = storage

    async def take(self, item: RateLimitItem, *who: str) -> Window:
        """Let one more in, if there are not too many; raises ``RedisAway``."""
        return await self._windows.take(item.key_for(*who), item.amount, item.get_expiry(), 1)
