"""The owner's equation with all its parts, and what moved in a period. It verifies nothing: it reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from cardroom.service.postgres import Postgres, Row

SUM_ACCOUNTS: Final = """
SELECT kind::text AS kind, coin, count(*) AS accounts, sum(balance)::bigint AS balance
FROM account GROUP BY kind, coin ORDER BY kind, coin
"""

SUM_TABLES: Final = """
SELECT table_id, count(*) AS seats, sum(balance)::bigint AS balance
FROM account WHERE kind = 'escrow' AND balance > 0 GROUP BY table_id ORDER BY table_id
"""

COUNT_UNDECIDED: Final = """
SELECT count(*) AS proposals, min(proposed_at) AS oldest FROM adjustment
WHERE state = 'proposed' AND expires_at > now()
"""

SUM_HELD: Final = """
SELECT count(*) AS withdrawals, coalesce(sum(krw_amount), 0)::bigint AS held, min(created_at) AS oldest
FROM outside_payment WHERE status = 'held'
"""

SUM_HELD_DEPOSITS: Final = """
SELECT count(*) AS deposits, coalesce(sum(krw_amount), 0)::bigint AS held, min(held_at) AS oldest
FROM held_deposit WHERE released_at IS NULL
"""

COUNT_LETTERS: Final = "SELECT count(*) AS letters FROM dead_letter WHERE resolved_at IS NULL"

LAST_BATCHES: Final = """
SELECT shard.id AS shard, shard.last_batch, batch.committed_at, encode(shard.chain_mac, 'hex') AS mac
FROM shard LEFT JOIN batch ON batch.shard = shard.id AND batch.number = shard.last_batch ORDER BY shard.id
"""

SUM_MOVEMENTS: Final = """
SELECT transfer.kind::text AS kind, count(DISTINCT transfer.id) AS transfers,
       sum(entry.amount) FILTER (WHERE entry.amount > 0)::bigint AS moved
FROM transfer JOIN entry ON entry.transfer_id = transfer.id AND entry.booked_at = transfer.booked_at
WHERE transfer.booked_at >= $1 AND transfer.booked_at < $2 AND entry.booked_at >= $1 AND entry.booked_at < $2
GROUP BY transfer.kind ORDER BY transfer.kind
"""


_NOT_THE_HOUSES: Final = frozenset(
    {"wallet", "pending_withdrawal", "escrow", "deposit_clearing", "withdrawal_clearing"}
)


async def read_reconciliation(postgres: Postgres) -> dict[str, Any]:
    """Give all sums, as they stand together in one instant."""
    async with postgres.transaction() as transaction:
        await transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        accounts = await transaction.fetch(SUM_ACCOUNTS)
        tables = await transaction.fetch(SUM_TABLES)
        undecided = await transaction.fetch_one(COUNT_UNDECIDED)
        held = await transaction.fetch_one(SUM_HELD)
        held_deposits = await transaction.fetch_one(SUM_HELD_DEPOSITS)
        letters = await transaction.fetch_one(COUNT_LETTERS)
        batches = await transaction.fetch(LAST_BATCHES)
    assert undecided is not None, "counts always give a row"
    assert held is not None, "sums always give a row"
    assert held_deposits is not None, "sums always give a row"
    assert letters is not None, "counts always give a row"
    return _equation(accounts) | {
        "accounts": [dict(row) for row in accounts],
        "tables": [dict(row) for row in tables],
        "undecided_adjustments": dict(undecided),
        "held_withdrawals": dict(held)
        | {"equals_pending": held["held"] == _sum(accounts, "pending_withdrawal")},
        "held_deposits": dict(held_deposits),
        "unresolved_dead_letters": letters["letters"],
        "last_batches": [dict(row) for row in batches],
    }


async def read_movements(postgres: Postgres, first: datetime, end: datetime) -> list[dict[str, Any]]:
    """Give what moved from ``first`` until before ``end``, by kind of transfer; ``moved`` is what was received."""
    async with postgres.transaction() as transaction:
        return [dict(row) for row in await transaction.fetch(SUM_MOVEMENTS, first, end)]


def _equation(accounts: Sequence[Row]) -> dict[str, Any]:
    """Say: deposits - withdrawals = wallets + pending + on tables + house (rule 45).

    The house is whatever is neither a player's nor on its way in or out; what it gave away stands below zero.
    """
    parts = {
        "deposits": -_sum(accounts, "deposit_clearing"),
        "withdrawals": _sum(accounts, "withdrawal_clearing"),
        "wallets": _sum(accounts, "wallet"),
        "pending": _sum(accounts, "pending_withdrawal"),
        "on_tables": _sum(accounts, "escrow"),
        "house": sum(int(row["balance"]) for row in accounts if row["kind"] not in _NOT_THE_HOUSES),
    }
    came = parts["deposits"] - parts["withdrawals"]
    stands = parts["wallets"] + parts["pending"] + parts["on_tables"] + parts["house"]
    return {"equation": parts | {"difference": came - stands}, "balanced": came == stands}


def _sum(accounts: Sequence[Row], *kinds: str) -> int:
    return sum(int(row["balance"]) for row in accounts if row["kind"] in kinds)
