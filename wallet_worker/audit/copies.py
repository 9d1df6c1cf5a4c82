"""The two copies of the chains, as verification reads them: as far as they went when it began."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import trio

from cardroom.ids import ShardId
from cardroom.service.redis import Redis, RedisAway
from wallet_worker.audit.files import measure, pieces_after
from wallet_worker.audit.line import BadLine, read_line
from wallet_worker.audit.recorded import Found, Record, Strange, read_pieces, record_of
from wallet_worker.audit.redis_copy import RedisCopy

T = TypeVar("T")

_PAGE_ENTRIES = 50
_MAX_REST = 10


class CopyAway(Exception):
    """The copy cannot be read."""


class Copy(Protocol):
    """One shard's batches in one place. All calls raise ``CopyAway``."""

    @property
    def name(self) -> str:
        """What the place is called in words."""

    @property
    def is_whole(self) -> bool:
        """Say whether every batch has to stand there; else older ones are dropped."""

    async def measure(self) -> int:
        """Note how far the copy goes: nothing beyond is read. Gives 0 for an empty one."""

    async def begin(self, after: int) -> None:
        """Read from behind this batch on."""

    async def up_to(self, number: int) -> Sequence[Found]:
        """Give what follows, up to a batch with this number."""

    async def rest(self) -> Sequence[Found]:
        """Give what follows after that, not more than can be told."""

    async def content(self, number: int) -> str | None:
        """Give what a batch did, as the copy has it."""


class FileCopy:
    """The files of one shard."""

    name = "file"
    is_whole = True

    def __init__(self, folder: Path, shard: ShardId) -> None:
        self._folder = folder
        self._shard = shard
        self._measured: Sequence[tuple[Path, int]] = ()
        self._found: Iterator[Found] = iter(())
        self._next: Found | None = None

    async def measure(self) -> int:
        """Note the files and their lengths."""
        try:
            self._measured = await trio.to_thread.run_sync(measure, self._folder, self._shard)
        except OSError as error:
            raise CopyAway(str(error)) from error
        return sum(size for _, size in self._measured)

    async def begin(self, after: int) -> None:
        """Read from behind this batch on."""
        self._found = read_pieces(pieces_after(self._measured, after), self._shard)
        self._next = None

    async def up_to(self, number: int) -> Sequence[Found]:
        """Read, and hash, in a thread."""
        return await self._pull(partial(self._pull_up_to, number))

    async def rest(self) -> Sequence[Found]:
        """Give what the files have more."""
        return await self._pull(self._pull_rest)

    async def content(self, number: int) -> str | None:
        """Find a batch again."""
        for found in await self._pull(partial(self._find, number)):
            return found
        return None

    async def _pull(self, pull: Callable[[], Sequence[T]]) -> Sequence[T]:
        try:
            return await trio.to_thread.run_sync(pull)
        except OSError as error:
            raise CopyAway(str(error)) from error

    def _pull_up_to(self, number: int) -> list[Found]:
        pulled: list[Found] = []
        found = self._next or next(self._found, None)
        while found is not None and not (isinstance(found, Record) and found.number > number):
            pulled.append(found)
            found = next(self._found, None)
        self._next = found
        return pulled

    def _pull_rest(self) -> list[Found]:
        waiting = [] if self._next is None else [self._next]
        self._next = None
        return [*waiting, *islice(self._found, _MAX_REST)]

    def _find(self, number: int) -> list[str]:
        for _, piece in pieces_after(self._measured, number - 1):
            try:
                line = read_line(piece)
            except BadLine:
                continue
            if line.number == number:
                return [line.content.decode()]
        return []


class RedisRecords:
    """The newest batches of one shard in Redis."""

    name = "Redis copy"
    is_whole = False

    def __init__(self, redis: Redis, shard: ShardId) -> None:
        self._copy = RedisCopy(redis, shard, batches=1, most_bytes=1)
        self._shard = shard
        self._end = 0
        self._after = 0

    async def measure(self) -> int:
        """Note the newest batch."""
        try:
            self._end = await self._copy.last_batch()
        except RedisAway as away:
            raise CopyAway(str(away)) from away
        return self._end

    async def begin(self, after: int) -> None:
        """Read from behind this batch on."""
        self._after = after

    async def up_to(self, number: int) -> Sequence[Found]:
        """Read page by page."""
        pulled: list[Found] = []
        while self._after < min(number, self._end):
            page = await self._read(self._after, _PAGE_ENTRIES)
            for place, data in page:
                if place > min(number, self._end):
                    return pulled
                pulled.append(self._found(place, data))
                self._after = place
            if not page:
                break
        return pulled

    async def rest(self) -> Sequence[Found]:
        """Give what Redis has more."""
        page = await self._read(self._after, _MAX_REST)
        return [self._found(place, data) for place, data in page if place <= self._end]

    async def content(self, number: int) -> str | None:
        """Find a batch again."""
        for place, data in await self._read(number - 1, 1):
            if place == number and data is not None:
                return read_line(data).content.decode()
        return None

    async def _read(self, after: int, count: int) -> Sequence[tuple[int, bytes | None]]:
        try:
            return await self._copy.read(after, count)
        except RedisAway as away:
            raise CopyAway(str(away)) from away

    def _found(self, place: int, data: bytes | None) -> Found:
        try:
            line = read_line(data or b"")
        except BadLine:
            return Strange(f"what stands as batch {place} is no batch")
        if (line.shard, line.number) != (self._shard, place):
            return Strange(f"what stands as batch {place} is batch {line.number} of shard {line.shard}")
        return record_of(line)
