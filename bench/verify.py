"""How long a verification takes that a million entries have come after: ``python -m bench.verify``.

Database, files and Redis are compared, the chains are followed and every invariant is asked, on the machine
that runs the servers too. The ledger is filled through its streams. ``make bench`` plays only a fifth of it.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trio

from bench.ledger_room import SHARDS, BenchServers, LedgerRoom, open_room, open_servers
from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres, open_postgres
from tests.wallet_worker.house import LINK, LOG
from wallet_worker.audit.copies import Copy, FileCopy, RedisRecords
from wallet_worker.audit.handover import Handover
from wallet_worker.audit.places import FilePlace, Place, RedisPlace
from wallet_worker.audit.recorder import Recorder, RecorderServices
from wallet_worker.audit.redis_copy import RedisCopy
from wallet_worker.audit.verify import Copies, Report, verify
from wallet_worker.settings import AuditSettings
from wallet_worker.store.checkpoints import make_checkpoint

HANDS: Final = 143_000
"""Hands of six players with rake: seven entries each."""
SHARE: Final = 5
"""``make bench`` plays this part of them and counts what it finds so many times."""

AT_ONCE: Final = 11_000
ROUNDS: Final = 3

_OPEN_BALANCE: Final = """
INSERT INTO account (kind, coin, balance) SELECT 'deposit_clearing', 'BTC', -sum(balance) FROM account
"""

_COUNT: Final = "SELECT count(*) AS entries FROM entry"


async def begin(servers: BenchServers, database: Postgres) -> None:
    """Make a checkpoint of the players' money; the bench has put it there without entries."""
    async with open_postgres(servers.owner) as owner, owner.transaction() as transaction:
        await transaction.execute(_OPEN_BALANCE)
    async with database.transaction() as transaction:
        await make_checkpoint(transaction, LINK)


async def play(room: LedgerRoom, hands: int) -> int:
    """Settle hands, in steps of ``AT_ONCE``; gives how many entries there are."""
    for _ in range(-(-hands // AT_ONCE)):
        await room.seconds_for(room.hands(AT_ONCE))
    async with room.database.transaction() as transaction:
        row = await transaction.fetch_one(_COUNT)
    assert row is not None, "a count is always given"
    return int(row["entries"])


async def record(room: LedgerRoom, settings: AuditSettings) -> float:
    """Fill both copies up from the database; gives the seconds that it takes."""
    handover = Handover(SHARDS, settings.kept_batches)
    services = RecorderServices(room.database, handover, settings, LOG)
    places: dict[ShardId, list[Place]] = {
        shard: [
            FilePlace(settings.folder, shard),
            RedisPlace(
                RedisCopy(room.redis, shard, settings.redis_batches, settings.redis_bytes),
                settings.redis_batches,
            ),
        ]
        for shard in SHARDS
    }
    stopping = trio.Event()
    stopping.set()
    began = time.perf_counter()
    await Recorder(services, places).run(stopping)
    return time.perf_counter() - began


async def look(room: LedgerRoom, folder: Path) -> tuple[float, Report]:
    """Verify what came after the checkpoint; gives the seconds that it takes."""
    copies: dict[ShardId, list[Copy]] = {
        shard: [FileCopy(folder, shard), RedisRecords(room.redis, shard)] for shard in SHARDS
    }
    began = time.perf_counter()
    report = await verify(room.database, LINK, copies=Copies(copies))
    seconds = time.perf_counter() - began
    assert report.is_sound, "\n".join(report.as_lines())
    assert report.scope.startswith("from checkpoint"), report.scope
    return seconds, report


async def _measure(share: int) -> Mapping[str, float]:
    with TemporaryDirectory(prefix="holdem-") as folder:
        settings = AuditSettings(Path(folder))
        async with open_servers() as servers, open_room(servers) as room:
            await begin(servers, room.database)
            entries = await play(room, HANDS // share)
            recorded = await record(room, settings)
            seconds = [(await look(room, settings.folder))[0] for _ in range(ROUNDS)]
    assert entries >= 1_000_000 // share, f"{entries} entries are too few"
    millions = entries / 1_000_000
    return {
        "verify_million_entries_s": round(statistics.median(seconds) / millions, 2),
        "record_million_entries_s": round(recorded / millions, 2),
    }


def measure() -> Mapping[str, float]:
    """Verify a part of a million entries several times, all with ``LONG``; the median, for a million."""
    return trio.run(_measure, 1 if os.environ.get("LONG") else SHARE)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(trio.run(_measure, 1))) + "\n")
