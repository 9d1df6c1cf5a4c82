"""The two places besides the database where sealed batches stand, as the recorder writes them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import trio

from cardroom.ids import ShardId
from cardroom.service.redis import RedisAway
from wallet_worker.audit.files import AuditFiles, FolderTaken
from wallet_worker.audit.line import AuditLine
from wallet_worker.audit.redis_copy import CopyMoved, RedisCopy


class PlaceAway(Exception):
    """The place cannot be written now; open it again later."""


class PlaceTaken(Exception):
    """Another worker writes there, as it should, or the copy was lost: open it again."""


class Place(Protocol):
    """Where one shard's batches are recorded, in order."""

    @property
    def name(self) -> str:
        """What the place is called in metrics and logs."""

    def oldest(self, head: int, /) -> int:
        """Say behind which batch an empty place begins, when the chain ends with ``head``."""

    async def open(self) -> int:
        """Get ready and give the last batch that stands there, 0 for none; ``PlaceAway``, ``PlaceTaken``."""

    async def append(self, lines: Sequence[AuditLine]) -> None:
        """Record batches that follow the last one; whatever is raised, open the place again."""

    async def close(self) -> None:
        """Let others write there."""


class FilePlace:
    """The files of one shard; all that touches the disk runs in a thread."""

    name = "file"

    def __init__(self, folder: Path, shard: ShardId) -> None:
        self._files = AuditFiles(folder, shard)

    def oldest(self, _head: int) -> int:
        """Files go back to the beginning."""
        return 0

    async def open(self) -> int:
        """Take the shard's files for this process."""
        try:
            return await trio.to_thread.run_sync(self._files.open)
        except FolderTaken as taken:
            raise PlaceTaken(str(taken)) from taken
        except OSError as error:
            raise PlaceAway(str(error)) from error

    async def append(self, lines: Sequence[AuditLine]) -> None:
        """Return when the lines are on the disk."""
        try:
            await trio.to_thread.run_sync(self._files.append, lines)
        except OSError as error:
            raise PlaceAway(str(error)) from error

    async def close(self) -> None:
        """Give the files back."""
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._files.close)


class RedisPlace:
    """The newest batches of one shard in Redis."""

    name = "redis"

    def __init__(self, copy: RedisCopy, batches: int) -> None:
        self._copy = copy
        self._batches = batches
        self._last = 0

    def oldest(self, head: int) -> int:
        """The copy reaches back as far as it is trimmed."""
        return max(0, head - self._batches)

    async def open(self) -> int:
        """Find where the copy ends."""
        try:
            self._last = await self._copy.last_batch()
        except RedisAway as away:
            raise PlaceAway(str(away)) from away
        return self._last

    async def append(self, lines: Sequence[AuditLine]) -> None:
        """Add to the copy, if it ends where it was left."""
        try:
            await self._copy.append(lines, self._last)
        except CopyMoved as moved:
            raise PlaceTaken(str(moved)) from moved
        except RedisAway as away:
            raise PlaceAway(str(away)) from away
        self._last = lines[-1].number

    async def close(self) -> None:
        """Nothing is held."""
