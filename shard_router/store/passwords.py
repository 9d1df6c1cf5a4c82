"""Passwords as argon2id hashes, made in threads of their own so that nothing else waits for them.

Each hash has a thread for itself, of the lowest priority that the system knows: what the router does besides
goes first, on every core (decision 30 has the numbers). At most ``threads`` run at once; the others stand in
line, and whoever hangs up leaves it. Who would wait longer than ``wait_seconds``, as far as hashes have taken
of late, is told at once to come back.
"""

import math
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shard_router.settings import HashingSettings

T = TypeVar("T")

_LAST: Final = 19
"""The lowest priority that there is."""

_NEW_WEIGHT: Final = 0.1
"""How much the newest hash counts in the average."""


class HashersBusy(Exception):
    """The wait would be too long; nothing was tried. It may be tried again in ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"come back in {seconds} s")
        self.seconds = seconds


class Passwords:
    """Hashes and checks; at most ``threads`` at a time, at most ``waiting`` in line."""

    def __init__(self, settings: HashingSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.time_cost,
            memory_cost=settings.memory_kib,
            parallelism=settings.lanes,
            hash_len=32,
            salt_len=16,
        )
        self._settings = settings
        self._threads = trio.CapacityLimiter(settings.threads)
        began = time.monotonic()
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))
        self._average_seconds = time.monotonic() - began
        self.hashed = 0
        """So many hashes were made or checked."""

    def wait_seconds(self) -> float:
        """Say how long who comes now would stand in line."""
        statistics = self._threads.statistics()
        if statistics.borrowed_tokens < self._settings.threads:
            return 0.0
        return (statistics.tasks_waiting + 1) * self._average_seconds / self._settings.threads

    def require_time(self) -> None:
        """Raise ``HashersBusy`` where the line is too long: before anything else is done for a login."""
        wait = self.wait_seconds()
        waiting = self._threads.statistics().tasks_waiting
        if wait > self._settings.wait_seconds or waiting >= self._settings.waiting:
            raise HashersBusy(max(1, math.ceil(wait)))

    async def hash(self, password: str) -> str:
        """Hash a new password; raises ``HashersBusy``."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Check a password; without a hash it takes as long and says no. Raises ``HashersBusy``."""
        is_right = await self._in_thread(lambda: self._verify(password_hash or self._nobodys, password))
        return is_right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        self.require_time()
        job = _Job(work, self._settings.niceness)
        await self._threads.acquire_on_behalf_of(job)  # who is cancelled here has cost nothing
        try:
            job.start(self._finish)
        except RuntimeError as no_thread:  # the system gives no more of them; the place is not to be lost
            self._threads.release_on_behalf_of(job)
            raise HashersBusy(1) from no_thread
        await job.is_done.wait()
        return job.result()

    def _finish(self, job: "_Job[T]") -> None:
        """Give the place in the line away, also if nobody waits for the result any longer."""
        self.hashed += 1
        self._average_seconds += _NEW_WEIGHT * (job.seconds - self._average_seconds)
        self._threads.release_on_behalf_of(job)
        job.is_done.set()


class _Job(Generic[T]):
    """One hash in one thread; making the thread takes a hundredth of the time of the hash."""

    def __init__(self, work: Callable[[], T], niceness: int) -> None:
        self.is_done = trio.Event()
        self.seconds = 0.0
        self._work = work
        self._niceness = niceness
        self._result: list[T] = []
        self._error: BaseException | None = None

    def start(self, finish: Callable[["_Job[T]"], None]) -> None:
        """Run in a thread; then, in Trio's thread, ``finish``."""
        token = trio.lowlevel.current_trio_token()
        thread = threading.Thread(target=self._run, args=(token, finish), name="hashing", daemon=True)
        thread.start()

    def result(self) -> T:
        """Give what the work gave, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _run(self, token: trio.lowlevel.TrioToken, finish: Callable[["_Job[T]"], None]) -> None:
        _be_nice(self._niceness)
        began = time.monotonic()
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001, ASYNC103 (in a thread; raised where it is asked for)
            self._error = error
        self.seconds = time.monotonic() - began
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(finish, self)


def _be_nice(niceness: int) -> None:
    """Lower the priority of this thread alone, where threads have one of their own (Linux)."""
    if niceness and sys.platform == "linux":
        with suppress(OSError):  # where the system forbids that, hashes run as anything else does
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(_LAST, own + niceness))
