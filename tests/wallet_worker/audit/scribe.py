"""A house whose batches are recorded: real files, a real Valkey, and what spoils them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from attrs import define, evolve, field

from cardroom.ids import ShardId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from tests.wallet_worker.house import LINK, LOG, House
from wallet_worker.audit.copies import FileCopy, RedisRecords
from wallet_worker.audit.files import find_files
from wallet_worker.audit.handover import Handover
from wallet_worker.audit.places import FilePlace, Place, RedisPlace
from wallet_worker.audit.recorder import Recorder, RecorderServices, recording
from wallet_worker.audit.redis_copy import RedisCopy
from wallet_worker.audit.verify import Copies, Report, Scope, verify
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.settings import AuditSettings
from wallet_worker.store.house_transfer import HOUSE

FILE = "the file says what the database says"
REDIS = "the Redis copy says what the database says"
_SECONDS = 20


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    with trio.fail_after(_SECONDS):
        while True:
            if await holds():
                return
            await trio.sleep(0.01)


@define
class Scribe:
    """Records what a house does, and verifies it."""

    house: House
    redis: Redis
    folder: Path
    settings: AuditSettings = field(init=False)
    handover: Handover = field(init=False)
    postgres: Postgres | None = None
    """The recorder's own way to the database, where it is not the house's."""

    def __attrs_post_init__(self) -> None:
        self.settings = AuditSettings(self.folder, poll_seconds=0.05, longest_pause_seconds=0.1)
        self.handover = Handover(self.shards, 3)

    @property
    def shards(self) -> tuple[ShardId, ...]:
        return (self.house.shard, HOUSE)

    @property
    def tools(self) -> BatchTools:
        return evolve(self.house.tools, on_sealed=self.handover.offer)

    def recorder(self, log: Log = LOG) -> Recorder:
        places: dict[ShardId, Sequence[Place]] = {
            shard: [
                FilePlace(self.folder, shard),
                RedisPlace(self.copy_of(shard), self.settings.redis_batches),
            ]
            for shard in self.shards
        }
        postgres = self.postgres or self.house.database
        return Recorder(RecorderServices(postgres, self.handover, self.settings, log), places)

    def copy_of(self, shard: ShardId) -> RedisCopy:
        return RedisCopy(self.redis, shard, self.settings.redis_batches, self.settings.redis_bytes)

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[Recorder]:
        """Record during the block, and end it as a worker does: everything known is written."""
        recorder = self.recorder()
        async with recording(recorder, _SECONDS):
            yield recorder

    async def record(self) -> None:
        """Bring the copies up to what the database has."""
        async with self.recording():
            pass

    async def wait_until_recorded(self, number: int) -> None:
        """Wait until both copies of the house's shard have a batch."""
        await until(self.has_recorded(number, number))

    def has_recorded(self, in_file: int, in_redis: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return await self.recorded() == (in_file, in_redis)

        return look

    def has_recorded_lines(self, number: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return len(self.lines()) == number

        return look

    async def recorded(self) -> tuple[int, int]:
        """Give the last batch in the file and in Redis."""
        lines = self.lines()
        copy = RedisCopy(self.redis, self.house.shard, 1, 1)
        last = 0 if not lines else int(lines[-1].partition(b'"batch":')[2].partition(b",")[0])
        return last, await copy.last_batch()

    def file(self) -> Path:
        """The newest file of the house's shard."""
        return find_files(self.folder, self.house.shard)[-1]

    def lines(self) -> list[bytes]:
        files = find_files(self.folder, self.house.shard)
        return files[-1].read_bytes().splitlines() if files else []

    def write_lines(self, lines: Sequence[bytes]) -> None:
        self.file().write_bytes(b"".join(line + b"\n" for line in lines))

    def copies(self, lag_seconds: float = 0.0) -> Copies:
        return Copies(
            {shard: [FileCopy(self.folder, shard), RedisRecords(self.redis, shard)] for shard in self.shards},
            lag_seconds,
        )

    async def verify(
        self, *, full: bool = False, checkpoint: bool = False, lag_seconds: float = 0.0
    ) -> Report:
        scope = Scope(is_full=full, makes_checkpoint=checkpoint)
        return await verify(self.house.database, LINK, scope, self.copies(lag_seconds))

    async def faults(self, *, full: bool = False, lag_seconds: float = 0.0) -> dict[str, str]:
        """Verify and give what is wrong, by check."""
        report = await self.verify(full=full, lag_seconds=lag_seconds)
        return {check.name: " ".join(check.faults) for check in report.checks if check.faults}
