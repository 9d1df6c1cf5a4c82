"""A day's job is one worker's, until it is done or that worker has had its time."""

from datetime import date

import trio

from tests.wallet_worker.house import House
from wallet_worker.store.job_runs import claim_job, finish_job, read_clock

DAY, NEXT = date(2026, 11, 28), date(2026, 11, 29)


async def claim(house: House, worker: str, day: date = DAY, lease: float = 600.0) -> bool:
    return await claim_job(house.database, "count", day, worker, lease)


async def test_of_many_workers_one_gets_it(house: House) -> None:
    got = []

    async def ask(worker: str) -> None:
        if await claim(house, worker):
            got.append(worker)

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(ask, f"w{number}")
    assert len(got) == 1
    assert await house.number("SELECT count(*) FROM job_run") == 1


async def test_it_is_done_once_a_day(house: House) -> None:
    assert await claim(house, "one")
    assert await finish_job(house.database, "count", DAY, "one")
    assert not await finish_job(house.database, "count", DAY, "one")
    assert not await claim(house, "two", lease=0.0)
    assert await claim(house, "two", NEXT)
    assert await claim_job(house.database, "another", DAY, "two", 600.0)


async def test_who_does_not_finish_loses_it(house: House) -> None:
    assert await claim(house, "one")
    assert not await claim(house, "two")
    assert not await claim(house, "one"), "a worker that began anew does not know how far it was"
    await house.change("UPDATE job_run SET began_at = began_at - interval '601 s'")
    assert await claim(house, "two")
    assert not await finish_job(house.database, "count", DAY, "one")
    assert await finish_job(house.database, "count", DAY, "two")


async def test_the_clock_is_the_databases(house: House) -> None:
    first = await read_clock(house.database)
    assert first.tzinfo is not None
    assert await read_clock(house.database) > first
