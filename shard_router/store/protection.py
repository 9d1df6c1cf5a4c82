"""Limits and self-exclusions of players in PostgreSQL: tables ``player_term`` and ``player``.

Changes of one player wait for each other; times are the database's. Raises ``PostgresAway``.
"""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Row, Transaction
from shard_router.rules.protection import Term, change_limit, exclude

PLAYER: Final = "player"
"""Who has set a term, where it was the player; an administrator is ``admin:NAME``."""

READ_TERMS: Final = """
SELECT DISTINCT ON (kind) kind, value, before,
       (extract(epoch FROM asked_at) * 1000)::bigint AS asked_ms,
       (extract(epoch FROM begins_at) * 1000)::bigint AS begins_ms
FROM player_term WHERE user_id = $1 ORDER BY kind, id DESC
"""

READ_EXCLUSION: Final = """
SELECT (extract(epoch FROM self_excluded_until) * 1000)::bigint AS until_ms,
       (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms
FROM player WHERE id = $1
"""

_LOCK_PLAYER: Final = "UPDATE player SET has_terms = true WHERE id = $1"

_EXCLUDE: Final = """
UPDATE player SET self_excluded_until = to_timestamp($2::bigint / 1000.0) WHERE id = $1
"""

_ADD_TERM: Final = """
INSERT INTO player_term (user_id, kind, value, before, asked_at, begins_at, set_by, reason)
VALUES ($1, $2, $3, $4, to_timestamp($5::bigint / 1000.0), to_timestamp($6::bigint / 1000.0), $7, $8)
"""


class NoSuchPlayer(Exception):
    """There is no such player."""


@frozen
class Terms:
    """All of a player's terms: the newest of each kind, the end of the last exclusion, and the time now."""

    by_kind: Mapping[str, Term]
    excluded_until_ms: int | None
    now_ms: int


@frozen
class Author:
    """Who sets a term for a player, and why if it is not the player."""

    name: str = PLAYER
    reason: str | None = None


class PlayerTermsStore:
    """The terms of all players."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def read(self, user_id: UserId) -> Terms:
        """Give a player's terms; raises ``NoSuchPlayer``."""
        async with self._postgres.transaction() as transaction:
            return await _read(transaction, user_id)

    async def set_limit(
        self, user_id: UserId, kind: str, wanted: int | None, wait_ms: int, author: Author
    ) -> Terms:
        """Change a limit as ``change_limit`` says, and give all terms; the same wish again changes nothing.

        It holds for every buy-in and deposit that is decided after the answer. Raises ``NoSuchPlayer``.
        """
        async with self._postgres.transaction() as transaction:
            terms = await _lock(transaction, user_id)
            term = change_limit(terms.by_kind.get(kind), wanted, terms.now_ms, wait_ms)
            if term is None:
                return terms
            await _add(transaction, user_id, kind, term, author)
            return await _read(transaction, user_id)

    async def exclude(self, user_id: UserId, hours: int | None, for_ever_ms: int, author: Author) -> Terms:
        """Exclude a player from play for so many hours, None for ever; gives all terms.

        Raises ``ExclusionStands`` or ``NoSuchPlayer``.
        """
        async with self._postgres.transaction() as transaction:
            terms = await _lock(transaction, user_id)
            before, now = terms.excluded_until_ms, terms.now_ms
            until = exclude(before, hours, for_ever_ms, now)
            if until != before:
                await transaction.execute(_EXCLUDE, user_id, until)
                await _add(transaction, user_id, "exclusion", Term(until, before, now, now), author)
            return await _read(transaction, user_id)


async def _lock(transaction: Transaction, user_id: UserId) -> Terms:
    """Make others wait who change this player's terms, and say that there are some."""
    if await transaction.execute(_LOCK_PLAYER, user_id) == 0:
        raise NoSuchPlayer
    return await _read(transaction, user_id)


async def _read(transaction: Transaction, user_id: UserId) -> Terms:
    player = await transaction.fetch_one(READ_EXCLUSION, user_id)
    if player is None:
        raise NoSuchPlayer
    rows = await transaction.fetch(READ_TERMS, user_id)
    return Terms({row["kind"]: _term(row) for row in rows}, player["until_ms"], player["now_ms"])


async def _add(transaction: Transaction, user_id: UserId, kind: str, term: Term, author: Author) -> None:
    values = (term.value, term.before, term.asked_ms, term.begins_ms, author.name, author.reason)
    await transaction.execute(_ADD_TERM, user_id, kind, *values)


def _term(row: Row) -> Term:
    return Term(row["value"], row["before"], row["asked_ms"], row["begins_ms"])
