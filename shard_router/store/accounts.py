"""Accounts in PostgreSQL, table ``player``. Raises ``PostgresAway`` when the database does not answer."""

from enum import Enum, unique
from typing import Final

from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Row, Transaction

# All unique indexes are watched: a name that is being taken by somebody else is waited for.
_REGISTER: Final = """
INSERT INTO player (nickname, email, password_hash) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING id
"""
_IS_EMAIL_TAKEN: Final = "SELECT id FROM player WHERE lower(email) = lower($1)"

# The newest registration that nobody has confirmed comes second: see ``Found``.
_FIND: Final = """
SELECT id, nickname, email, password_hash, second_factor_at IS NOT NULL AS has_second_factor
FROM player WHERE lower(email) = lower($1)
UNION ALL
(SELECT NULL, nickname, email, password_hash, false FROM registration
 WHERE lower(email) = lower($1) AND expires_at > now() ORDER BY created_at DESC LIMIT 1)
"""
_FIND_BY_ID: Final = """
SELECT id, nickname, email, password_hash, second_factor_at IS NOT NULL AS has_second_factor
FROM player WHERE id = $1
"""
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
    has_second_factor: bool = False
    email: str = field(default="", repr=False, eq=False)


@frozen
class Found:
    """Who may log in by an e-mail address; and the password of the newest registration that waits there.

    Anybody may write such a registration, whether the address has an account or not, and it is treated alike.
    """

    account: Account | None = None
    waiting_hash: str | None = field(default=None, repr=False)


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
        """Add an account; both names are unique by what they look like. A repeat finds them taken."""
        async with self._postgres.transaction() as transaction:
            return await add_account(transaction, nickname, email, password_hash)

    async def find(self, email: str) -> Found:
        """Find an account by its e-mail address; frozen ones too."""
        found = Found()
        for row in await self._postgres.fetch(_FIND, email):
            if row["id"] is None:
                found = Found(found.account, row["password_hash"])
            else:
                found = Found(_read_account(row), found.waiting_hash)
        return found

    async def find_by_id(self, user_id: UserId) -> Account | None:
        """Find an account by its number; frozen ones too."""
        row = await self._postgres.fetch_one(_FIND_BY_ID, user_id)
        return None if row is None else _read_account(row)

    async def standing(self, user_id: UserId) -> Standing | None:
        """Say whether a player may come to a table now; None if there is no such player."""
        row = await self._postgres.fetch_one(_STANDING, user_id)
        return None if row is None else Standing(row["is_frozen"], row["is_excluded"])

    async def replace_hash(self, account: Account, password_hash: str) -> None:
        """Store the same password under today's cost; does nothing if it was changed meanwhile."""
        async with self._postgres.transaction() as transaction:
            await change_hash(transaction, account, password_hash)


async def add_account(
    transaction: Transaction, nickname: str, email: str, password_hash: str
) -> UserId | Taken:
    """Add an account within a transaction of the caller's; see ``Accounts.register``."""
    row = await transaction.fetch_one(_REGISTER, nickname, email, password_hash)
    if row is not None:
        return UserId(row["id"])
    owner = await transaction.fetch_one(_IS_EMAIL_TAKEN, email)
    return Taken.NICKNAME if owner is None else Taken.EMAIL


async def change_hash(transaction: Transaction, account: Account, password_hash: str) -> bool:
    """Store another hash for an account; False, and nothing changed, if it was changed meanwhile."""
    return await transaction.execute(_REPLACE_HASH, account.user_id, account.password_hash, password_hash) > 0


def _read_account(row: Row) -> Account:
    return Account(
        UserId(row["id"]), row["nickname"], row["password_hash"], row["has_second_factor"], row["email"]
    )
