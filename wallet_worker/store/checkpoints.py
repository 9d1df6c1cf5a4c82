"""Checkpoints of verification: made in the snapshot that was verified, and found again by their seal."""

from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Transaction
from wallet_worker.store.seal_batch import Link

_SEALED_AS: Final = ShardId(-2)
"""No shard has this number; so a checkpoint's seal cannot be taken for a batch's, nor a batch's for it."""

# Transactions that were open at the snapshot took their time of booking before it; the database ends them long before
# an hour is over.
_DRAW: Final = """
SELECT nextval(pg_get_serial_sequence('checkpoint', 'id')) AS id, now() AS made_at, now() - interval '1 hour' AS since
"""

_ADD_HEADS: Final = """
INSERT INTO checkpoint_head (checkpoint_id, shard, batch, mac) SELECT $1, id, last_batch, chain_mac FROM shard
"""

_ADD_ACCOUNTS: Final = """
INSERT INTO checkpoint_account (checkpoint_id, account_id, version, balance, owner)
SELECT $1, id, version, balance,
       concat_ws(',', kind, coalesce(user_id, 0), coalesce(table_id, 0), coalesce(shard, -2), coin)
FROM account
"""

_ADD_TABLES: Final = """
INSERT INTO checkpoint_table (checkpoint_id, table_id, hand_no, hand_id)
SELECT $1, id, last_hand_no, last_hand_id FROM game_table
"""

_ADD_CHECKPOINT: Final = "INSERT INTO checkpoint (id, made_at, since, seal) VALUES ($1, $2, $3, $4)"

_DIGEST: Final = """
SELECT sha256(convert_to(concat_ws(E'\\n',
    (extract(epoch FROM $2::timestamptz) * 1000000)::bigint, (extract(epoch FROM $3::timestamptz) * 1000000)::bigint,
    'heads', (SELECT string_agg(concat_ws(',', shard, batch, coalesce(encode(mac, 'hex'), '-')), ';'
                                ORDER BY shard) FROM checkpoint_head WHERE checkpoint_id = $1),
    'accounts', (SELECT string_agg(concat_ws(',', account_id, version, balance, owner), ';' ORDER BY account_id)
                 FROM checkpoint_account WHERE checkpoint_id = $1),
    'tables', (SELECT string_agg(concat_ws(',', table_id, hand_no, coalesce(hand_id::text, '-')), ';'
                                 ORDER BY table_id) FROM checkpoint_table WHERE checkpoint_id = $1)
), 'UTF8')) AS digest
"""

_NEWEST: Final = """
SELECT id, made_at, since, seal FROM checkpoint WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT 1
"""

# Where the months begin that are still there. A month that was dropped leaves the links of its batches.
_FIRST_MONTH: Final = """
WITH months AS (
    SELECT min(substring(pg_get_expr(relpartbound, oid) FROM $$FROM \\('([^']+)'\\)$$)::timestamptz) AS first
    FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'transfer'::regclass
)
"""

# The time of a link is not sealed: only where the transfers of a chain's first are gone, a month was dropped. A batch is
# committed after it was booked, but not an hour after.
_IS_CUT: Final = (
    _FIRST_MONTH
    + """
SELECT EXISTS (
    SELECT FROM batch, months WHERE number = 1 AND committed_at < first + interval '1 hour'
      AND (SELECT id FROM transfer WHERE transfer.shard = batch.shard AND transfer.batch = number LIMIT 1) IS NULL
) AS is_cut
"""
)

# A batch is committed after it was booked, but not an hour after.
_OLDEST_COVERING: Final = (
    _FIRST_MONTH
    + """
SELECT checkpoint.id, made_at, since, seal FROM checkpoint
WHERE NOT EXISTS (
    SELECT FROM months, batch
    LEFT JOIN checkpoint_head AS head ON head.checkpoint_id = checkpoint.id AND head.shard = batch.shard
    WHERE batch.number > coalesce(head.batch, 0) AND committed_at < first + interval '1 hour'
)
ORDER BY checkpoint.id LIMIT 1
"""
)

_HEADS: Final = """
SELECT known.shard, known.batch, known.mac, batch.mac AS mac_now
FROM checkpoint_head AS known
LEFT JOIN batch ON batch.shard = known.shard AND batch.number = known.batch
WHERE checkpoint_id = $1 ORDER BY known.shard
"""


@frozen
class Checkpoint:
    """Where a verification may begin: everything up to it was found sound once, and has been sealed."""

    id: int
    made_at: datetime
    since: datetime


@frozen
class CheckpointHead:
    """Where a shard's chain stood; ``mac_now`` is the seal of that batch as the database has it today."""

    shard: ShardId
    batch: int
    mac: bytes | None
    mac_now: bytes | None


async def make_checkpoint(transaction: Transaction, link: Link) -> Checkpoint:
    """Store what this transaction's snapshot holds. The snapshot must have been found sound."""
    drawn = await transaction.fetch_one(_DRAW)
    assert drawn is not None, "a sequence has a next number"
    made = Checkpoint(drawn["id"], drawn["made_at"], drawn["since"])
    for sql in (_ADD_HEADS, _ADD_ACCOUNTS, _ADD_TABLES):
        await transaction.execute(sql, made.id)
    seal = await _seal_of(transaction, made, link)
    await transaction.execute(_ADD_CHECKPOINT, made.id, made.made_at, made.since, seal)
    return made


async def find_checkpoint(transaction: Transaction, link: Link) -> tuple[Checkpoint | None, list[str]]:
    """Give the newest checkpoint that is as it was sealed, and name newer ones that are not."""
    changed: list[str] = []
    before: int | None = None
    while True:
        row = await transaction.fetch_one(_NEWEST, before)
        if row is None:
            return None, changed
        found = Checkpoint(row["id"], row["made_at"], row["since"])
        if await _seal_of(transaction, found, link) == row["seal"]:
            return found, changed
        changed.append(f"checkpoint {found.id} is not what was sealed")
        before = found.id


async def find_oldest_covering(transaction: Transaction, link: Link) -> tuple[Checkpoint | None, list[str]]:
    """Where months were dropped, give the oldest checkpoint that covers them; None where nothing was dropped."""
    cut = await transaction.fetch_one(_IS_CUT)
    if cut is None or not cut["is_cut"]:
        return None, []
    row = await transaction.fetch_one(_OLDEST_COVERING)
    if row is None:
        return None, []
    found = Checkpoint(row["id"], row["made_at"], row["since"])
    if await _seal_of(transaction, found, link) != row["seal"]:
        return None, [f"checkpoint {found.id} is not what was sealed"]
    return found, []


async def read_checkpoint_heads(transaction: Transaction, checkpoint: Checkpoint) -> list[CheckpointHead]:
    """Give where each chain stood at a checkpoint."""
    rows = await transaction.fetch(_HEADS, checkpoint.id)
    return [CheckpointHead(ShardId(row["shard"]), row["batch"], row["mac"], row["mac_now"]) for row in rows]


async def _seal_of(transaction: Transaction, checkpoint: Checkpoint, link: Link) -> bytes:
    row = await transaction.fetch_one(_DIGEST, checkpoint.id, checkpoint.made_at, checkpoint.since)
    assert row is not None, "a digest is always given"
    return link(None, _SEALED_AS, checkpoint.id, row["digest"])
