"""Who reads streams now: the register of live workers, and the terms they hold."""

from collections.abc import Sequence
from typing import Final

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres
from wallet_worker.rules.sharing import Standing

_SIGN_IN: Final = """
INSERT INTO ledger_worker (name, shards, heartbeat) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET shards = excluded.shards, heartbeat = excluded.heartbeat
"""

# Workers that ended without a word are forgotten long after they stopped counting.
_FORGET: Final = """
DELETE FROM ledger_worker WHERE heartbeat < clock_timestamp() - make_interval(secs => 100 * $1::float8)
"""

_SIGN_OUT: Final = "DELETE FROM ledger_worker WHERE name = $1"

_LIVE_WORKERS: Final = """
SELECT name, shards FROM ledger_worker
WHERE heartbeat >= clock_timestamp() - make_interval(secs => $1) ORDER BY name
"""

# A term without a heartbeat for too long is nobody's; its time is counted from that heartbeat.
_TERMS: Final = """
SELECT id, CASE WHEN silence <= $2 THEN term_holder END AS holder, silence > 2 * $2 AS is_overdue
FROM (
    SELECT id, term_holder,
           coalesce(extract(epoch FROM clock_timestamp() - term_heartbeat), 'infinity')::float8 AS silence
    FROM shard WHERE id = ANY($1::int[])
) AS term
"""


async def sign_in(
    postgres: Postgres, worker: str, shards: Sequence[ShardId], live_seconds: float
) -> Standing:
    """Write this worker's heartbeat and give the picture that it is part of.

    A worker counts for ``live_seconds`` after its heartbeat, a term after its own. Time is the database's.
    """
    async with postgres.transaction() as transaction:
        await transaction.execute(_SIGN_IN, worker, sorted(shards))
        await transaction.execute(_FORGET, live_seconds)
        workers = await transaction.fetch(_LIVE_WORKERS, live_seconds)
        serves = {str(row["name"]): frozenset(map(ShardId, row["shards"])) for row in workers}
        wanted = sorted({shard for served in serves.values() for shard in served})
        terms = await transaction.fetch(_TERMS, wanted, live_seconds)
    return Standing(
        serves=serves,
        holders={ShardId(row["id"]): row["holder"] if row["holder"] in serves else None for row in terms},
        overdue=frozenset(ShardId(row["id"]) for row in terms if row["is_overdue"]),
    )


async def sign_out(postgres: Postgres, worker: str) -> None:
    """Take this worker off the register, so that nobody leaves a shard to it; may be repeated."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_SIGN_OUT, worker)
