"""Passwords as argon2id hashes, made in threads of their own so that nothing else waits for them."""

import secrets
from collections.abc import Callable
from typing import TypeVar

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shard_router.settings import HashingSettings

T = TypeVar("T")


class HashersBusy(Exception):
    """As many logins wait as are allowed to; nothing was tried."""


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
        self._threads = trio.CapacityLimiter(settings.threads)
        self._waiting = settings.waiting
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(32))

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
        if self._threads.statistics().tasks_waiting >= self._waiting:
            raise HashersBusy
        return await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._threads)
