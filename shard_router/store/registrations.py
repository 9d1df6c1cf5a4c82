"""Registrations that wait for their address to be confirmed, and tokens to set a new password.

Of a mailed token only its hash is kept. Raises ``PostgresAway`` when the database does not answer, and
``RedisAway`` where sessions are ended.
"""

from typing import Final

from attrs import field, frozen

from cardroom.ids import UserId
from cardroom.service.logins import draw_token, hash_token, is_drawn
from cardroom.service.postgres import Postgres, Row, Transaction
from shard_router.settings import MailedTokenSettings
from shard_router.store.accounts import Account, Taken, add_account
from shard_router.store.logins import Logins

# So that many at once are mailed no more than many in a row.
_LOCK_ADDRESS: Final = "SELECT pg_advisory_xact_lock(8, hashtext(lower($1)))"
_IS_NICKNAME_TAKEN: Final = "SELECT id FROM player WHERE nickname_key = nickname_key($1)"
_HAS_ACCOUNT: Final = "SELECT id FROM player WHERE lower(email) = lower($1)"
_ADD: Final = """
INSERT INTO registration (token_hash, nickname, email, password_hash, expires_at)
VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
RETURNING (SELECT count(*) FROM registration
           WHERE lower(email) = lower($3) AND created_at > now() - interval '1 hour') AS before
"""
_TAKE: Final = """
DELETE FROM registration WHERE token_hash = $1 AND expires_at > now() RETURNING nickname, email, password_hash
"""
_ADD_RESET: Final = """
INSERT INTO password_reset (token_hash, user_id, expires_at)
SELECT $1, $2, now() + make_interval(secs => $3)
WHERE (SELECT count(*) FROM password_reset
       WHERE user_id = $2 AND created_at > now() - interval '1 hour') < $4
RETURNING user_id
"""
_IS_RESET: Final = "SELECT user_id FROM password_reset WHERE token_hash = $1 AND expires_at > now()"
_TAKE_RESET: Final = """
DELETE FROM password_reset WHERE token_hash = $1 AND expires_at > now() RETURNING user_id
"""
_TAKE_OTHER_RESETS: Final = "DELETE FROM password_reset WHERE user_id = $1"
_SET_HASH: Final = "UPDATE player SET password_hash = $2 WHERE id = $1 RETURNING nickname, email"

# An hour later than they expire: so long they count among those that an address was mailed.
# Oldest first by the index. Two routers at once wait for each other for as long as this takes.
_PURGE_REGISTRATIONS: Final = """
DELETE FROM registration WHERE token_hash = ANY(ARRAY(
    SELECT token_hash FROM registration WHERE expires_at < now() - interval '1 hour'
    ORDER BY expires_at LIMIT $1
))
"""
_PURGE_RESETS: Final = """
DELETE FROM password_reset WHERE token_hash = ANY(ARRAY(
    SELECT token_hash FROM password_reset WHERE expires_at < now() - interval '1 hour'
    ORDER BY expires_at LIMIT $1
))
"""


@frozen
class Waiting:
    """A registration that waits. The token of an address that ``has_account`` is told to nobody.

    ``may_mail`` is false when the address was mailed as often within the hour as it may be.
    """

    token: str = field(repr=False)
    has_account: bool
    may_mail: bool


@frozen
class Confirmed:
    """An account that was made of a registration."""

    user_id: UserId
    nickname: str


class _NicknameTaken(Exception):
    """Somebody else has the name by now; the registration stays."""


class Registrations:
    """Who wants an account, and who wants a new password."""

    def __init__(self, postgres: Postgres, settings: MailedTokenSettings) -> None:
        self._postgres = postgres
        self._settings = settings

    async def add(self, nickname: str, email: str, password_hash: str) -> Waiting | Taken:
        """Let somebody wait; only ``Taken.NICKNAME`` refuses. A repeat waits too, with a token of its own.

        It does the same work, and writes as much, whether or not the address has an account.
        """
        token = draw_token()
        async with self._postgres.transaction() as transaction:
            if await transaction.fetch_one(_IS_NICKNAME_TAKEN, nickname) is not None:
                return Taken.NICKNAME
            await transaction.fetch(_LOCK_ADDRESS, email)
            owner = await transaction.fetch_one(_HAS_ACCOUNT, email)
            row = await transaction.fetch_one(
                _ADD, hash_token(token), nickname, email, password_hash, float(self._settings.confirm_seconds)
            )
            assert row is not None, "an inserted row is returned"
        return Waiting(token, owner is not None, row["before"] < self._settings.an_hour)

    async def confirm(self, token: str) -> Confirmed | Taken | None:
        """Make the account that a token's registration describes; None if the token is no good.

        ``Taken.NICKNAME``: somebody was faster. The registration stays, and so does its token.
        """
        if not is_drawn(token):
            return None
        try:
            async with self._postgres.transaction() as transaction:
                row = await transaction.fetch_one(_TAKE, hash_token(token))
                if row is None:
                    return None
                made = await _make_account(transaction, row)
        except _NicknameTaken:
            return Taken.NICKNAME
        return None if isinstance(made, Taken) else Confirmed(made, row["nickname"])

    async def add_reset(self, account: Account) -> str | None:
        """Draw a token to set a new password; None when there were as many within the hour as may be."""
        token = draw_token()
        async with self._postgres.transaction() as transaction:
            await transaction.fetch(_LOCK_ADDRESS, account.email)
            row = await transaction.fetch_one(
                _ADD_RESET,
                hash_token(token),
                account.user_id,
                float(self._settings.reset_seconds),
                self._settings.an_hour,
            )
        return None if row is None else token

    async def is_reset(self, token: str) -> bool:
        """Say whether a token could set a password now: before one is hashed for it."""
        return is_drawn(token) and await self._postgres.fetch_one(_IS_RESET, hash_token(token)) is not None

    async def reset(self, token: str, password_hash: str, logins: Logins) -> Account | None:
        """Set a new password by a token, end all sessions and other such tokens; None if it is no good."""
        async with self._postgres.transaction() as transaction:
            taken = await transaction.fetch_one(_TAKE_RESET, hash_token(token))
            if taken is None:
                return None
            user_id = UserId(taken["user_id"])
            row = await transaction.fetch_one(_SET_HASH, user_id, password_hash)
            assert row is not None, "tokens go with their player"
            await self.drop_resets(transaction, user_id)
            await logins.end_all(transaction, user_id)
        return Account(user_id, row["nickname"], password_hash, email=row["email"])

    async def drop_resets(self, transaction: Transaction, user_id: UserId) -> None:
        """Let no token that was mailed to a player set a password any longer; may be repeated."""
        await transaction.execute(_TAKE_OTHER_RESETS, user_id)

    async def purge(self, rows: int) -> int:
        """Remove up to ``rows`` expired ones of each kind; gives how many went. May be repeated."""
        async with self._postgres.transaction() as transaction:
            registrations = await transaction.execute(_PURGE_REGISTRATIONS, rows)
            return registrations + await transaction.execute(_PURGE_RESETS, rows)


async def _make_account(transaction: Transaction, row: Row) -> UserId | Taken:
    made = await add_account(transaction, row["nickname"], row["email"], row["password_hash"])
    if made is Taken.NICKNAME:
        raise _NicknameTaken
    return made
