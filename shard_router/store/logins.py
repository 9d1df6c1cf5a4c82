"""Login sessions: PostgreSQL keeps them, Redis answers for them. Of a token only its hash is kept.

A login needs both servers (PostgreSQL holds the account anyway), and so does a logout: one that PostgreSQL
did not hear of would be undone when Redis loses its data. What Redis is told, it is told inside of the
transaction, while the rows are locked: no look-up, which locks the row too, can then bring an old state back.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from attrs import evolve, field, frozen

from cardroom.ids import UserId
from cardroom.service.logins import Login, LoginLookup, draw_token, hash_token
from cardroom.service.postgres import Postgres, Row, Transaction
from shard_router.store.accounts import Account

# Whoever changes the password or the second factor waits for this lock, or is seen here.
_LOCK_PLAYER: Final = """
SELECT password_hash, second_factor_at IS NOT NULL AS has_second_factor FROM player WHERE id = $1 FOR SHARE
"""

_OPEN_SESSION: Final = """
INSERT INTO session (token_hash, user_id, expires_at, address, user_agent, has_second_factor)
VALUES ($1, $2, now() + make_interval(secs => $3), $4, $5, $6)
RETURNING id, (extract(epoch FROM expires_at) * 1000)::bigint AS expires_unix_ms
"""

_END_OLDEST: Final = """
UPDATE session SET ended_at = now() WHERE token_hash = ANY(ARRAY(
    SELECT token_hash FROM session WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()
    ORDER BY created_at DESC OFFSET $2
)) RETURNING token_hash
"""

_END_SESSION: Final = "UPDATE session SET ended_at = now() WHERE token_hash = $1 AND ended_at IS NULL"

_END_ONE: Final = """
UPDATE session SET ended_at = now()
WHERE id = $2 AND user_id = $1 AND ended_at IS NULL AND expires_at > now() RETURNING token_hash
"""
_END_ALL: Final = """
UPDATE session SET ended_at = now()
WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL AND expires_at > now() RETURNING token_hash
"""
_TELL_SECOND_FACTOR: Final = """
UPDATE session SET has_second_factor = $2, stepped_up_until = NULL
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now() RETURNING token_hash
"""
_STEP_UP: Final = """
UPDATE session SET stepped_up_until = now() + make_interval(secs => $2) WHERE id = $1 AND ended_at IS NULL
RETURNING token_hash, (extract(epoch FROM stepped_up_until) * 1000)::bigint AS until_ms
"""
_LIST: Final = """
SELECT id, token_hash, address, user_agent,
       (extract(epoch FROM created_at) * 1000)::bigint AS created_ms,
       (extract(epoch FROM expires_at) * 1000)::bigint AS expires_ms
FROM session WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()
ORDER BY created_at DESC LIMIT $2
"""

# Oldest first by the index; what another router is removing is passed over.
_PURGE_SESSIONS: Final = """
DELETE FROM session WHERE token_hash = ANY(ARRAY(
    SELECT token_hash FROM session WHERE expires_at < now()
    ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
))
"""

_NO_SESSION: Final = UUID(int=0)
_MAX_ADDRESS: Final = 64
_MAX_AGENT: Final = 200


class AccountChanged(Exception):
    """The password or the second factor is not any more what was shown; nothing was opened."""


@frozen
class NewLogin:
    """A token, shown once: only its hash is kept."""

    token: str = field(repr=False)
    expires_unix_ms: int


@frozen
class Origin:
    """Where a login comes from, as its player is shown it in the list of sessions."""

    address: str = ""
    user_agent: str = ""


@frozen
class Session:
    """A session that is open now; times are Unix milliseconds."""

    session_id: UUID
    created_ms: int
    seen_ms: int
    """When it was last used, to the minute."""
    expires_ms: int
    address: str
    user_agent: str


@frozen
class SessionRules:
    """How long sessions last, how many a player has at most (the oldest end), how long stepping up counts."""

    seconds: int
    at_most: int = 100
    step_up_seconds: int = 300


class Logins:
    """The login sessions. Raises ``RedisAway`` and ``PostgresAway`` when the servers do not answer.

    What is asked to happen within a transaction of the caller's counts when that is committed.
    """

    def __init__(self, lookup: LoginLookup, postgres: Postgres, rules: SessionRules) -> None:
        self._lookup = lookup
        self._postgres = postgres
        self._rules = rules

    async def open(self, account: Account, origin: Origin) -> NewLogin:
        """Open a session of who has shown the account's password, and code; a repeat opens another.

        Raises ``AccountChanged``. Without Redis nobody gets the token: it just expires.
        """
        token = draw_token()
        async with self._postgres.transaction() as transaction:
            await _require_same(transaction, account)
            row = await transaction.fetch_one(
                _OPEN_SESSION,
                hash_token(token),
                account.user_id,
                float(self._rules.seconds),
                origin.address[:_MAX_ADDRESS],
                origin.user_agent[:_MAX_AGENT],
                account.has_second_factor,
            )
            assert row is not None, "an inserted row is returned"
            ended = await transaction.fetch(_END_OLDEST, account.user_id, self._rules.at_most)
            await self._forget(ended)
            login = Login(account.user_id, account.nickname, UUID(str(row["id"])), account.has_second_factor)
            await self._lookup.put(hash_token(token), login, self._rules.seconds * 1000)
        return NewLogin(token, row["expires_unix_ms"])

    async def find(self, token: str) -> Login | None:
        """Find an open session by its token; raises ``LoginsBusy`` too (see ``LoginLookup``)."""
        return await self._lookup.find(token)

    async def close(self, token: str) -> None:
        """End a session; a repeat does nothing."""
        async with self._postgres.transaction() as transaction:
            await transaction.execute(_END_SESSION, hash_token(token))
            await self._lookup.remove([hash_token(token)])

    async def list_of(self, user_id: UserId) -> tuple[Session, ...]:
        """List a player's open sessions, the newest first; ``at_most`` of the rules are all there are."""
        rows = await self._postgres.fetch(_LIST, user_id, self._rules.at_most)
        seen = await self._lookup.seen([row["token_hash"] for row in rows])
        return tuple(
            Session(
                session_id=UUID(str(row["id"])),
                created_ms=row["created_ms"],
                seen_ms=max(row["created_ms"], at),
                expires_ms=row["expires_ms"],
                address=row["address"],
                user_agent=row["user_agent"],
            )
            for row, at in zip(rows, seen, strict=True)
        )

    async def end_one(self, transaction: Transaction, user_id: UserId, session_id: UUID) -> bool:
        """End one session of a player; False if the player has none of this id that is open."""
        return await self._forget(await transaction.fetch(_END_ONE, user_id, session_id)) > 0

    async def end_all(self, transaction: Transaction, user_id: UserId, but: UUID = _NO_SESSION) -> int:
        """End all sessions of a player, but perhaps one; gives how many. May be repeated."""
        return await self._forget(await transaction.fetch(_END_ALL, user_id, but))

    async def tell_second_factor(self, transaction: Transaction, user_id: UserId, *, is_on: bool) -> None:
        """Let all sessions of a player know whether there is a second factor now; none has stepped up."""
        await self._forget(await transaction.fetch(_TELL_SECOND_FACTOR, user_id, is_on))

    async def step_up(self, transaction: Transaction, login: Login) -> Login | None:
        """Let a code that was shown count for a while; gives the session as it is then, None if it ended."""
        row = await transaction.fetch_one(_STEP_UP, login.session_id, float(self._rules.step_up_seconds))
        if row is None:
            return None
        await self._forget([row])
        return evolve(login, stepped_up_until_ms=row["until_ms"])

    async def purge(self, rows: int) -> int:
        """Remove up to ``rows`` expired sessions, the oldest; gives how many went. May be repeated."""
        async with self._postgres.transaction() as transaction:
            return await transaction.execute(_PURGE_SESSIONS, rows)

    async def _forget(self, rows: Sequence[Row]) -> int:
        """Let the next request of each session be looked up in PostgreSQL."""
        await self._lookup.remove([row["token_hash"] for row in rows])
        return len(rows)


async def _require_same(transaction: Transaction, account: Account) -> None:
    row = await transaction.fetch_one(_LOCK_PLAYER, account.user_id)
    if row is None or (row["password_hash"], row["has_second_factor"]) != (
        account.password_hash,
        account.has_second_factor,
    ):
        raise AccountChanged
