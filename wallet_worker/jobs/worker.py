"""Does daily jobs: each once among all workers, late rather than never, never twice at the same time."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import trio
from prometheus_client import Counter, Gauge

from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.cashier.reconciliation import Unfinished
from wallet_worker.jobs.timetable import DailyJob
from wallet_worker.store.job_runs import claim_job, finish_job, read_clock

RUNS: Final = Counter(
    "holdem_job_runs_total", "Daily jobs that this worker did, by how they ended", ["job", "end"]
)
DONE_AT: Final = Gauge(
    "holdem_job_done_seconds", "Unix time at which this worker last did a daily job", ["job"]
)

_LOOK_SECONDS: Final = 30.0
_LEASE_SECONDS: Final = 600.0
_RUN_SECONDS: Final = 540.0
"""Less than the lease: when another worker may begin, this one has ended."""


class JobWorker:
    """Looks again and again whether a day's job is due and nobody's.

    Whoever claims it has ten minutes. If it does not say that it is done, because it failed or died, whoever
    looks next does it then; so a job that fails is tried again every ten minutes until the next day's is due.
    After a time without workers the newest day is made up for, and no older one.
    """

    def __init__(
        self, postgres: Postgres, jobs: Sequence[DailyJob], time_zone: str, name: str, log: Log
    ) -> None:
        self._postgres = postgres
        self._jobs = jobs
        self._zone = ZoneInfo(time_zone)
        self._name = name
        self._log = log

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            for job in self._jobs:
                await self.look(job)
            await trio.sleep(_LOOK_SECONDS)

    async def look(self, job: DailyJob) -> None:
        """Do a job if it is due and this worker is the first to see it; whatever becomes of it is told."""
        try:
            now = await read_clock(self._postgres)
            day = job.newest_due(now.astimezone(self._zone))
            if await claim_job(self._postgres, job.name, day, self._name, _LEASE_SECONDS):
                await self._do(job, day)
        except (PostgresAway, PostgresRefused) as trouble:
            self._log.warning("job.not_looked_at", job=job.name, trouble=str(trouble))

    async def _do(self, job: DailyJob, day: date) -> None:
        log = self._log.bind(job=job.name, day=day.isoformat())
        try:
            with trio.fail_after(_RUN_SECONDS):
                await job.run(day)
        except (Unfinished, PostgresAway, PostgresRefused, trio.TooSlowError) as trouble:
            RUNS.labels(job.name, "unfinished").inc()
            log.warning("job.unfinished", trouble=str(trouble) or type(trouble).__name__)
            return
        except Exception as error:  # noqa: BLE001 (the border of a job run)
            RUNS.labels(job.name, "failed").inc()
            report_unforeseen(log, "job", error)
            return
        if await finish_job(self._postgres, job.name, day, self._name):
            RUNS.labels(job.name, "done").inc()
            DONE_AT.labels(job.name).set((await read_clock(self._postgres)).timestamp())
            log.info("job.done")
