"""Who reads streams now: the register of live workers, and the terms they hold."""

from collections.abc import Sequence
from typing import Final

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres
from wallet_worker.rules.sharing import Standing

# One statement, because every worker says it several times a second. It sees the register as it was before: this
# worker is added to the others. Workers that ended without a word are forgotten long after they stopped counting.
# A term without a heartbeat for too long is nobody's; its time is counted from that heartbeat.
_SIGN_IN: Final = """
WITH here AS (
    INSERT INTO ledger_worker (name, shards, heartbeat) VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET shards = excluded.shards, heartbeat = excluded.heartbeat
), forgotten AS (
    DELETE FROM ledger_worker
    WHERE name <> $1 AND heartbeat < clock_timestamp() - make_interval(secs => 100 * $3)
), other AS (
    SELECT name, shards FROM ledger_worker
    WHERE name <> $1 AND heartbeat >= clock_timestamp() - make_interval(secs => $3)
), term AS (
    SELECT id, term_holder,
           coalesce(extract(epoch FROM clock_timestamp() - term_heartbeat), 'infinity')::float8 AS silence
    FROM shard WHERE id = ANY($2) OR id IN (SELECT unnest(shards) FROM other)
)
SELECT name, shards, NULL AS shard, NULL AS holder, NULL AS is_overdue FROM other
UNION ALL
SELECT NULL, NULL, id, CASE WHEN silence <= $3 THEN term_holder END, silence > 2 * $3 FROM term
"""

_SIGN_OUT: Final = "DELETE FROM ledger_worker WHERE name = $1"


async def sign_in(
    postgres: Postgres, worker: str, shards: Sequence[ShardId], live_seconds: float
) -> Standing:
    """Write this worker's heartbeat and give the picture that it is part of.

    A worker counts for ``live_seconds`` after its heartbeat, a term after its own. Time is the database's.
    """
    rows = await postgres.fetch(_SIGN_IN, worker, sorted(shards), live_seconds)
    serves = {worker: frozenset(shards)}
    serves |= {row["name"]: frozenset(map(ShardId, row["shards"])) for row in rows if row["name"] is not None}
    terms = [row for row in rows if row["shard"] is not None]
    return Standing(
        serves=serves,
        holders={ShardId(row["shard"]): row["holder"] if row["holder"] in serves else None for row in terms},
        overdue=frozenset(ShardId(row["shard"]) for row in terms if row["is_overdue"]),
    )


async def sign_out(postgres: Postgres, worker: str) -> None:
    """Take this worker off the register, so that nobody leaves a shard to it; may be repeated."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_SIGN_OUT, worker)
