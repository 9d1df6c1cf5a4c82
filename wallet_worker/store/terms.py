"""Who reads a shard's stream: a counter and a heartbeat in the shard's row."""

from collections.abc import Sequence
from typing import Final

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres

_ADD_SHARDS: Final = """
INSERT INTO shard (id) SELECT unnest($1::int[]) ON CONFLICT (id) DO NOTHING
"""

_TAKE_TERM: Final = """
UPDATE shard SET term = term + 1, term_holder = $2, term_heartbeat = now()
WHERE id = $1
  AND (term_holder IS NULL OR term_holder = $2 OR term_heartbeat < now() - make_interval(secs => $3))
RETURNING term
"""

_RENEW_TERM: Final = "UPDATE shard SET term_heartbeat = now() WHERE id = $1 AND term = $2 RETURNING id"

# The heartbeat then says since when nobody holds the term.
_END_TERM: Final = """
UPDATE shard SET term_holder = NULL, term_heartbeat = now() WHERE id = $1 AND term = $2
"""


async def add_shards(postgres: Postgres, shards: Sequence[ShardId]) -> None:
    """Make the rows of configured shards, at epoch 0, where there are none; may be repeated."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_ADD_SHARDS, sorted(shards))


async def take_term(postgres: Postgres, shard: ShardId, holder: str, term_seconds: float) -> int | None:
    """Begin a term, if nobody holds one or its heartbeat is older than ``term_seconds``; else None.

    Time is the database's. From then on every write of an earlier term is refused.
    """
    async with postgres.transaction() as transaction:
        row = await transaction.fetch_one(_TAKE_TERM, shard, holder, term_seconds)
    return None if row is None else int(row["term"])


async def renew_term(postgres: Postgres, shard: ShardId, term: int) -> bool:
    """Write the heartbeat; false where the term has ended."""
    return await postgres.fetch_one(_RENEW_TERM, shard, term) is not None


async def end_term(postgres: Postgres, shard: ShardId, term: int) -> None:
    """Let another worker take over at once; does nothing where the term has ended already."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_END_TERM, shard, term)
