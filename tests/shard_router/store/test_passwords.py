import os
import statistics
import sys
import threading
import time

import pytest
import trio
import trio.testing
from attrs import evolve

from shard_router.settings import HashingSettings
from shard_router.store.passwords import HashersBusy, Passwords
from tests.shard_router.front import CHEAP

COSTLY = HashingSettings(memory_kib=32_768, time_cost=3, lanes=1, threads=1, waiting=2, niceness=0)


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
        with pytest.raises(HashersBusy) as busy:
            await passwords.matches(None, "correct horse")
        assert busy.value.seconds >= 1
        nursery.cancel_scope.cancel()


async def test_who_would_wait_too_long_is_told_so_at_once() -> None:
    """However few are in line: what counts is how long hashes have taken of late."""
    passwords = Passwords(evolve(COSTLY, waiting=50, wait_seconds=2.0))
    passwords._average_seconds = 3.5
    assert passwords.wait_seconds() == 0.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(passwords.hash, "correct horse")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(HashersBusy) as busy:
            await passwords.hash("correct horse")
        assert busy.value.seconds == 4
    assert 0.0 < passwords._average_seconds < 3.5, "the one that ran was measured"
    await passwords.hash("correct horse")


async def test_who_hangs_up_in_line_costs_no_hash() -> None:
    passwords = Passwords(evolve(COSTLY, waiting=50, wait_seconds=60.0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(passwords.hash, "correct horse")
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as hung_up:
            async with trio.open_nursery() as waiting:
                for _ in range(20):
                    waiting.start_soon(passwords.hash, "correct horse")
                await trio.testing.wait_all_tasks_blocked()
                hung_up.cancel()
    await passwords.hash("correct horse")
    assert passwords.hashed == 2


async def test_who_hangs_up_while_the_hash_runs_leaves_the_place_when_it_is_done() -> None:
    passwords = Passwords(COSTLY)
    with trio.move_on_after(0.001) as hung_up:
        await passwords.hash("correct horse")
    assert hung_up.cancelled_caught
    assert passwords.wait_seconds() > 0.0
    assert await passwords.hash("correct horse")
    assert passwords.hashed == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only there threads have a priority of their own")
async def test_threads_of_hashes_come_last_and_ours_stays_as_it_is() -> None:
    passwords = Passwords(evolve(CHEAP, niceness=7))
    before = os.getpriority(os.PRIO_PROCESS, 0)
    seen = await passwords._in_thread(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert seen == min(19, before + 7)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


async def test_what_fails_in_the_thread_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        await Passwords(CHEAP)._in_thread(lambda: 1 // 0)


async def test_a_thread_that_does_not_start_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise so many as may run at once, and nobody logs in any more."""
    passwords = Passwords(CHEAP)

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as system:
        system.setattr(threading.Thread, "start", fail)
        for _ in range(CHEAP.threads + 1):
            with pytest.raises(HashersBusy), trio.fail_after(5):
                await passwords.hash("correct horse")
    with trio.fail_after(5):
        assert await passwords.hash("correct horse")


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux")
async def test_hashes_run_where_the_system_forbids_other_priorities(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: int) -> None:
        raise PermissionError("as systemd's filter of system calls has it")

    monkeypatch.setattr(os, "setpriority", forbid)
    with trio.fail_after(5):
        assert await Passwords(evolve(CHEAP, niceness=5)).hash("correct horse")
