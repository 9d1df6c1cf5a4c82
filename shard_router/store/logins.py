"""Login sessions: PostgreSQL keeps them, Redis answers for them. Of a token only its hash is kept.

A login needs both servers (PostgreSQL holds the account anyway), and so does a logout: one that PostgreSQL
did not hear of would be undone when Redis loses its data.
"""

from typing import Final

from attrs import field, frozen

from cardroom.service.logins import Login, LoginLookup, draw_token, hash_token
from cardroom.service.postgres import Postgres

_OPEN_SESSION: Final = """
INSERT INTO session (token_hash, user_id, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
RETURNING (extract(epoch FROM expires_at) * 1000)::bigint AS expires_unix_ms
"""

_END_SESSION: Final = "UPDATE session SET ended_at = now() WHERE token_hash = $1 AND ended_at IS NULL"

# Oldest first by the index; what another router is removing is passed over.
_PURGE_SESSIONS: Final = """
DELETE FROM session WHERE token_hash = ANY(ARRAY(
    SELECT token_hash FROM session WHERE expires_at < now()
    ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
))
"""


@frozen
class NewLogin:
    """A token, shown once: only its hash is kept."""

    token: str = field(repr=False)
    expires_unix_ms: int


class Logins:
    """The login sessions. Raises ``RedisAway`` and ``PostgresAway`` when the servers do not answer."""

    def __init__(self, lookup: LoginLookup, postgres: Postgres, session_seconds: int) -> None:
        self._lookup = lookup
        self._postgres = postgres
        self._session_seconds = session_seconds

    async def open(self, login: Login) -> NewLogin:
        """Open a session; a repeat opens another. Without Redis nobody gets the token: it just expires."""
        token = draw_token()
        async with self._postgres.transaction() as transaction:
            row = await transaction.fetch_one(
                _OPEN_SESSION, hash_token(token), login.user_id, float(self._session_seconds)
            )
        assert row is not None, "an inserted row is returned"
        await self._lookup.put(hash_token(token), login, self._session_seconds * 1000)
        return NewLogin(token, row["expires_unix_ms"])

    async def find(self, token: str) -> Login | None:
        """Find an open session by its token; raises ``LoginsBusy`` too (see ``LoginLookup``)."""
        return await self._lookup.find(token)

    async def close(self, token: str) -> None:
        """End a session; a repeat does nothing. In this order, so that no look-up brings it back."""
        async with self._postgres.transaction() as transaction:
            await transaction.execute(_END_SESSION, hash_token(token))
        await self._lookup.remove(hash_token(token))

    async def purge(self, rows: int) -> int:
        """Remove up to ``rows`` expired sessions, the oldest; gives how many went. May be repeated."""
        async with self._postgres.transaction() as transaction:
            return await transaction.execute(_PURGE_SESSIONS, rows)
