import statistics
import time

import pytest
import trio
import trio.testing

from shard_router.settings import HashingSettings
from shard_router.store.passwords import HashersBusy, Passwords
from tests.shard_router.front import CHEAP

COSTLY = HashingSettings(memory_kib=32_768, time_cost=3, lanes=1, threads=1, waiting=2)


async def test_hash_and_match() -> None:
    passwords = Passwords(CHEAP)
    one, other = await passwords.hash("correct horse"), await passwords.hash("correct horse")
    assert one != other
    assert one.startswith("$argon2id$")
    assert await passwords.matches(one, "correct horse")
    assert not await passwords.matches(one, "wrong horse")
    assert not await passwords.matches(None, "correct horse")
    assert not await passwords.matches("no hash", "correct horse")


async def test_outdated_after_the_cost_was_changed() -> None:
    password_hash = await Passwords(CHEAP).hash("correct horse")
    assert not Passwords(CHEAP).is_outdated(password_hash)
    assert Passwords(COSTLY).is_outdated(password_hash)


async def test_an_unknown_account_takes_as_long() -> None:
    passwords = Passwords(COSTLY)
    password_hash = await passwords.hash("correct horse")

    async def median_seconds(shown: str | None) -> float:
        times = []
        for _ in range(5):
            started = time.process_time()
            await passwords.matches(shown, "wrong horse")
            times.append(time.process_time() - started)
        return statistics.median(times)

    known, unknown = await median_seconds(password_hash), await median_seconds(None)
    assert 0.5 < unknown / known < 2.0


async def test_the_loop_turns_while_hashing() -> None:
    passwords = Passwords(COSTLY)
    turns = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(passwords.hash, "correct horse")
        await trio.testing.wait_all_tasks_blocked()
        while nursery.child_tasks:
            await trio.lowlevel.checkpoint()
            turns += 1
    assert turns > 100


async def test_too_many_in_line() -> None:
    passwords = Passwords(COSTLY)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(passwords.hash, "correct horse")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(HashersBusy):
            await passwords.matches(None, "correct horse")
        nursery.cancel_scope.cancel()
