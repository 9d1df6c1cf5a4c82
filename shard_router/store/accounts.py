"""Accounts in PostgreSQL, table ``player``. Raises ``PostgresAway`` when the database does not answer."""

from enum import Enum, unique
from typing import Final

from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres

# Both unique indexes are watched: a name that is being taken by somebody else is waited for.
_REGISTER: Final = """
INSERT INTO player (nickname, email, password_hash) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING id
"""
_IS_EMAIL_TAKEN: Final = "SELECT id FROM player WHERE lower(email) = lower($1)"
_FIND: Final = "SELECT id, nickname, password_hash FROM player WHERE lower(email) = lower($1)"
_STANDING: Final = """
SELECT frozen_at IS NOT NULL AS is_frozen, coalesce(self_excluded_until > now(), false) AS is_excluded
FROM player WHERE id = $1
"""
_REPLACE_HASH: Final = "UPDATE player SET password_hash = $3 WHERE id = $1 AND password_hash = $2"


@unique
class Taken(Enum):
    """What of a registration belongs to somebody else."""

    NICKNAME = "nickname"
    EMAIL = "email"


@frozen
class Account:
    """What a login needs to know of a player."""

    user_id: UserId
    nickname: str
    password_hash: str = field(repr=False)


@frozen
class Standing:
    """Whether a player may come to a table; who is excluded has asked for it, for a time that is not over."""

    is_frozen: bool
    is_excluded: bool


class Accounts:
    """The players' accounts."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def register(self, nickname: str, email: str, password_hash: str) -> UserId | Taken:
        """Add an account; both names are unique regardless of case. A repeat finds them taken."""
        async with self._postgres.transaction() as transaction:
            row = await transaction.fetch_one(_REGISTER, nickname, email, password_hash)
            if row is not None:
                return UserId(row["id"])
            owner = await transaction.fetch_one(_IS_EMAIL_TAKEN, email)
            return Taken.NICKNAME if owner is None else Taken.EMAIL

    async def find(self, email: str) -> Account | None:
        """Find an account by its e-mail address; frozen ones too."""
        row = await self._postgres.fetch_one(_FIND, email)
        return None if row is None else Account(UserId(row["id"]), row["nickname"], row["password_hash"])

    async def standing(self, user_id: UserId) -> Standing | None:
        """Say whether a player may come to a table now; None if there is no such player."""
        row = await self._postgres.fetch_one(_STANDING, user_id)
        return None if row is None else Standing(row["is_frozen"], row["is_excluded"])

    async def replace_hash(self, account: Account, password_hash: str) -> None:
        """Store the same password under today's cost; does nothing if it was changed meanwhile."""
        async with self._postgres.transaction() as transaction:
            await transaction.execute(_REPLACE_HASH, account.user_id, account.password_hash, password_hash)
