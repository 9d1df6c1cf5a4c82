"""Daily jobs: once among all workers, again where they fail, late after a time without workers."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import trio
from structlog.testing import LogCapture

from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from tests.fakes.logs import captured_by
from tests.wallet_worker.house import House
from tests.wallet_worker.terms import HERE
from wallet_worker.cashier.reconciliation import Unfinished
from wallet_worker.jobs.timetable import DailyJob
from wallet_worker.jobs.worker import JobWorker
from wallet_worker.store.job_runs import read_clock

ZONE = HERE.time_zone


class Counted:
    """A job that counts the days it was done for, and fails as long as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.days: list[date] = []
        self.failures = list(failures)

    @property
    def job(self) -> DailyJob:
        return DailyJob("count", 0, 0, self.run)

    async def run(self, day: date) -> None:
        await trio.lowlevel.checkpoint()
        self.days.append(day)
        if self.failures:
            raise self.failures.pop(0)


def worker(house: House, counted: Counted, name: str = "one", lines: LogCapture | None = None) -> JobWorker:
    log = captured_by(lines or LogCapture())
    return JobWorker(house.database, [counted.job], ZONE, name, log)


async def today(house: House) -> date:
    return (await read_clock(house.database)).astimezone(ZoneInfo(ZONE)).date()


async def lose_lease(house: House) -> None:
    await house.change("UPDATE job_run SET began_at = began_at - interval '601 s'")


async def test_of_many_workers_one_does_it(house: House) -> None:
    counted = Counted()
    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(worker(house, counted, f"w{number}").look, counted.job)
    await worker(house, counted).look(counted.job)
    assert counted.days == [await today(house)]
    assert await house.number("SELECT count(*) FROM job_run WHERE done_at IS NOT NULL") == 1


async def test_a_job_that_fails_is_done_again_later(house: House) -> None:
    lines = LogCapture()
    counted = Counted(Unfinished("vault"), ValueError("a mistake of ours"))
    one = worker(house, counted, lines=lines)
    for runs in (1, 2, 3):
        await one.look(counted.job)
        await one.look(counted.job)
        assert len(counted.days) == runs, "not again at once"
        await lose_lease(house)
    await one.look(counted.job)
    assert len(counted.days) == 3, "done is done"
    events = [line["event"] for line in lines.entries]
    assert events == ["job.unfinished", "unforeseen", "job.done"]


async def test_who_died_in_the_middle_is_followed_by_another(house: House) -> None:
    began = trio.Event()

    async def hang(day: date) -> None:
        began.set()
        await trio.sleep_forever()

    dies = JobWorker(house.database, [DailyJob("count", 0, 0, hang)], ZONE, "dies", captured_by(LogCapture()))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(dies.run)
        await began.wait()
        nursery.cancel_scope.cancel()
    counted = Counted()
    two = worker(house, counted, "two")
    await two.look(counted.job)
    assert counted.days == []
    await lose_lease(house)
    await two.look(counted.job)
    assert counted.days == [await today(house)]


async def test_after_days_without_workers_the_newest_is_made_up_for(house: House) -> None:
    now = await today(house)
    await house.change(
        "INSERT INTO job_run (job, business_day, worker, done_at)"
        f" VALUES ('count', '{now - timedelta(days=5)}', 'long gone', now())"
    )
    counted = Counted()
    await worker(house, counted).look(counted.job)
    assert counted.days == [now]


async def test_without_a_database_it_waits() -> None:
    nowhere = PostgresSettings(dsn="postgresql://nobody@127.0.0.1:1/none")
    counted, lines = Counted(), LogCapture()
    async with open_postgres(nowhere, must_answer=False) as postgres:
        await JobWorker(postgres, [counted.job], ZONE, "one", captured_by(lines)).look(counted.job)
    assert counted.days == []
    assert [line["event"] for line in lines.entries] == ["job.not_looked_at"]
