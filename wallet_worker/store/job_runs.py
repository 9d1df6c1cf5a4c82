"""Which jobs were done on which day: whoever claims one first does it, and no other worker does."""

from datetime import date, datetime
from typing import Final

from cardroom.service.postgres import Postgres, Reader

_NOW: Final = "SELECT clock_timestamp() AS now"

# Cheap, and asked again and again; a claim writes.
IS_TAKEN: Final = """
SELECT FROM job_run WHERE job = $1 AND business_day = $2
  AND (done_at IS NOT NULL OR began_at > now() - make_interval(secs => $3))
"""

_CLAIM: Final = """
INSERT INTO job_run (job, business_day, worker) VALUES ($1, $2, $4)
ON CONFLICT (job, business_day) DO UPDATE SET worker = excluded.worker, began_at = now()
WHERE job_run.done_at IS NULL AND job_run.began_at <= now() - make_interval(secs => $3)
RETURNING worker
"""

_FINISH: Final = """
UPDATE job_run SET done_at = now() WHERE job = $1 AND business_day = $2 AND worker = $3 AND done_at IS NULL
"""


async def read_clock(reader: Reader) -> datetime:
    """Give the database's time, which is one for all workers."""
    row = await reader.fetch_one(_NOW)
    assert row is not None, "a clock always tells a time"
    now: datetime = row["now"]
    return now


async def claim_job(postgres: Postgres, job: str, day: date, worker: str, lease_seconds: float) -> bool:
    """Say whether this worker does a day's job now: nobody has done it, and who began it has had its time."""
    async with postgres.transaction() as transaction:
        if await transaction.fetch_one(IS_TAKEN, job, day, lease_seconds) is not None:
            return False
        return await transaction.fetch_one(_CLAIM, job, day, lease_seconds, worker) is not None


async def finish_job(postgres: Postgres, job: str, day: date, worker: str) -> bool:
    """Write that a day's job is done; false where it is another worker's by now, or done. May be repeated."""
    async with postgres.transaction() as transaction:
        return await transaction.execute(_FINISH, job, day, worker) == 1
