"""Second factors: a secret that player and house share, and codes for who has lost the device.

Raises ``PostgresAway`` and ``RedisAway`` when the servers do not answer. A code is used up by what it was
shown for, in one transaction: if that fails, it may be shown again.
"""

import hashlib
import secrets
import time
from base64 import b32encode
from collections.abc import Callable
from typing import Final

import pyotp
from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.service.logins import Login
from cardroom.service.postgres import Postgres, Transaction
from shard_router.rules.codes import RecoveryCode, TimedCode, find_step, read_code, show_recovery_code
from shard_router.store.factor_seal import FactorSeal
from shard_router.store.logins import Logins

RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10

_LOCK: Final = """
SELECT second_factor_at IS NOT NULL AS is_on FROM player WHERE id = $1 FOR NO KEY UPDATE
"""
_OFFER: Final = """
INSERT INTO second_factor (user_id, sealed_secret) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET sealed_secret = EXCLUDED.sealed_secret, created_at = now(), last_step = 0
"""
_FIND_SEALED: Final = "SELECT sealed_secret FROM second_factor WHERE user_id = $1"
_TAKE_STEP: Final = "UPDATE second_factor SET last_step = $2 WHERE user_id = $1 AND last_step < $2"
_TAKE_RECOVERY: Final = "DELETE FROM recovery_code WHERE user_id = $1 AND code_hash = $2"
_ADD_RECOVERY: Final = """
INSERT INTO recovery_code (user_id, code_hash) SELECT $1, one FROM unnest($2::bytea[]) AS one
"""
_TURN: Final = """
UPDATE player SET second_factor_at = CASE WHEN $2 THEN now() END WHERE id = $1
"""
_REMOVE: Final = "DELETE FROM second_factor WHERE user_id = $1"
_COUNT_RECOVERY: Final = "SELECT count(*) AS left FROM recovery_code WHERE user_id = $1"


class WrongCode(Exception):
    """The code is none, of another time, or was used before; nothing was changed."""


class FactorOn(Exception):
    """The account has a second factor already; nothing was changed."""


class FactorOff(Exception):
    """The account has no second factor, or none that is to be confirmed; nothing was changed."""


@frozen
class SecondFactors:
    """The players' second factors. ``clock`` gives Unix seconds."""

    postgres: Postgres
    logins: Logins
    seal: FactorSeal = field(repr=False)
    clock: Callable[[], float] = time.time

    async def offer(self, user_id: UserId) -> str:
        """Draw a secret that counts once it is confirmed; a repeat draws another. Raises ``FactorOn``."""
        secret = pyotp.random_base32()
        async with self.postgres.transaction() as transaction:
            if await _lock(transaction, user_id):
                raise FactorOn
            await transaction.execute(_OFFER, user_id, self.seal.close(user_id, secret))
        return secret

    async def confirm(self, user_id: UserId, code: str) -> tuple[str, ...]:
        """Let the offered secret count, if the code is its own; gives the recovery codes, this once.

        Raises ``WrongCode``, ``FactorOn``, ``FactorOff``.
        """
        drawn = [b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
        async with self.postgres.transaction() as transaction:
            if await _lock(transaction, user_id):
                raise FactorOn
            if not isinstance(typed := read_code(code), TimedCode):
                raise WrongCode
            await self._use_timed(transaction, user_id, typed)
            await transaction.execute(_ADD_RECOVERY, user_id, [_hash(user_id, one) for one in drawn])
            await transaction.execute(_TURN, user_id, True)
            await self.logins.tell_second_factor(transaction, user_id, is_on=True)
        return tuple(show_recovery_code(one) for one in drawn)

    async def use(self, user_id: UserId, code: str) -> None:
        """Take a code, timed or of recovery, which is used up by it. Raises ``WrongCode``, ``FactorOff``."""
        async with self.postgres.transaction() as transaction:
            await self._use(transaction, user_id, code)

    async def step_up(self, login: Login, code: str) -> Login | None:
        """Let a code count for a while in this session, None if it has ended. Raises as ``use`` does."""
        async with self.postgres.transaction() as transaction:
            await self._use(transaction, login.user_id, code)
            return await self.logins.step_up(transaction, login)

    async def remove(self, user_id: UserId, code: str) -> None:
        """Take the second factor away from who shows a code of it. Raises as ``use`` does."""
        async with self.postgres.transaction() as transaction:
            await self._use(transaction, user_id, code)
            await self.take_away(transaction, user_id)

    async def take_away(self, transaction: Transaction, user_id: UserId) -> bool:
        """Take a second factor away without a code, as an administrator may; False if there is none."""
        is_on = await _lock(transaction, user_id)
        await transaction.execute(_REMOVE, user_id)
        await transaction.execute(_TURN, user_id, False)
        await self.logins.tell_second_factor(transaction, user_id, is_on=False)
        return is_on

    async def count_recovery_codes(self, user_id: UserId) -> int:
        """Say how many recovery codes are left."""
        row = await self.postgres.fetch_one(_COUNT_RECOVERY, user_id)
        return 0 if row is None else int(row["left"])

    async def _use(self, transaction: Transaction, user_id: UserId, code: str) -> None:
        if not await _lock(transaction, user_id):
            raise FactorOff
        match read_code(code):
            case TimedCode() as typed:
                await self._use_timed(transaction, user_id, typed)
            case RecoveryCode(letters):
                if not await transaction.execute(_TAKE_RECOVERY, user_id, _hash(user_id, letters)):
                    raise WrongCode
            case None:
                raise WrongCode

    async def _use_timed(self, transaction: Transaction, user_id: UserId, code: TimedCode) -> None:
        row = await transaction.fetch_one(_FIND_SEALED, user_id)
        if row is None:
            raise FactorOff
        step = find_step(self.seal.open(user_id, row["sealed_secret"]), code, int(self.clock()))
        if step is None or not await transaction.execute(_TAKE_STEP, user_id, step):
            raise WrongCode


async def _lock(transaction: Transaction, user_id: UserId) -> bool:
    """Lock the player, and say whether the second factor counts."""
    row = await transaction.fetch_one(_LOCK, user_id)
    return row is not None and bool(row["is_on"])


def _hash(user_id: UserId, letters: str) -> bytes:
    """Give what is kept of a recovery code; it has 80 bits, so nobody finds it again from this."""
    return hashlib.sha256(f"{user_id}:{letters}".encode()).digest()
