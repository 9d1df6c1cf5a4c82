"""What batches did, as the rows say now, beside what was sealed of them."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Row, Transaction

# Every fact that decides money, as text, in a fixed order: one line per transfer of the batch, by its number. Whose
# an account is stands there, too, but not the seat, which changes. Free text is written in hexadecimal, so that it
# cannot look like other facts. $1 is the shard, $2 and $3 the batches from (without) and to (with).
BATCH_CONTENTS: Final = """
WITH moved AS MATERIALIZED (
    SELECT id, kind, command_id, batch, hand_id, reason, booked_at
    FROM transfer WHERE shard = $1 AND batch > $2 AND batch <= $3
), span AS (
    SELECT min(booked_at) AS first, max(booked_at) AS last FROM moved
), posted AS (
    SELECT entry.transfer_id, entry.booked_at, string_agg(
               concat_ws(',', entry.account_id, account.kind, coalesce(account.user_id, 0),
                         coalesce(account.table_id, 0), coalesce(account.shard, -2), account.coin,
                         entry.amount, entry.balance_after, entry.version), ';'
               ORDER BY entry.account_id) AS entries
    FROM entry LEFT JOIN account ON account.id = entry.account_id
    WHERE entry.transfer_id IN (SELECT id FROM moved)
      AND entry.booked_at BETWEEN (SELECT first FROM span) AND (SELECT last FROM span)
    GROUP BY entry.transfer_id, entry.booked_at
), won AS (
    SELECT hand_result.hand_id, hand_result.booked_at, string_agg(
               concat_ws(':', user_id, seat, net, contributed_rake), ';' ORDER BY user_id) AS results
    FROM hand_result
    WHERE hand_result.hand_id IN (SELECT hand_id FROM moved)
      AND hand_result.booked_at BETWEEN (SELECT first FROM span) AND (SELECT last FROM span)
    GROUP BY hand_result.hand_id, hand_result.booked_at
), told AS (
    SELECT moved.batch, string_agg(concat_ws('|',
               moved.id, moved.kind, moved.command_id, (extract(epoch FROM moved.booked_at) * 1000000)::bigint,
               coalesce(encode(convert_to(moved.reason, 'UTF8'), 'hex'), '-'), posted.entries,
               CASE WHEN hand.hand_id IS NOT NULL THEN concat_ws(',',
                   hand.hand_id, hand.table_id, hand.hand_no, hand.previous, hand.rake,
                   encode(hand.record_sha256, 'hex'), won.results) END),
               E'\\n' ORDER BY moved.id) AS content
    FROM moved
    LEFT JOIN posted ON posted.transfer_id = moved.id AND posted.booked_at = moved.booked_at
    LEFT JOIN hand ON hand.hand_id = moved.hand_id AND hand.booked_at = moved.booked_at
    LEFT JOIN won ON won.hand_id = moved.hand_id AND won.booked_at = moved.booked_at
    GROUP BY moved.batch
)
"""

_READ_BATCHES: Final = (
    BATCH_CONTENTS
    + """
SELECT coalesce(batch.number, told.batch) AS number, told.content,
       sha256(convert_to(told.content, 'UTF8')) AS content_digest, batch.digest, batch.mac, batch.committed_at
FROM told
FULL JOIN (SELECT * FROM batch WHERE shard = $1 AND number > $2 AND number <= $3) AS batch
    ON batch.number = told.batch
ORDER BY 1
"""
)


@frozen
class BatchAsItStands:
    """One batch of a shard that was sealed or has transfers.

    ``content`` is what its rows say now: one line per transfer, in the order of their numbers (None where no
    transfer of it is left), and ``content_digest`` the SHA-256 of that text in UTF-8. ``digest`` and ``mac`` are
    what was sealed, None where nothing was. In a whole ledger both digests are the same.
    """

    shard: ShardId
    number: int
    committed_unix_us: int | None
    content: str | None
    content_digest: bytes | None
    digest: bytes | None
    mac: bytes | None


async def read_batches(
    transaction: Transaction, shard: ShardId, after: int, limit: int
) -> Sequence[BatchAsItStands]:
    """Give the batches numbered above ``after`` up to ``after + limit``, by number.

    Fewer where numbers are missing; nothing where the chain ends before.
    """
    rows = await transaction.fetch(_READ_BATCHES, shard, after, after + limit)
    return [_batch(shard, row) for row in rows]


def _batch(shard: ShardId, row: Row) -> BatchAsItStands:
    committed_at = row["committed_at"]
    return BatchAsItStands(
        shard=shard,
        number=row["number"],
        committed_unix_us=None if committed_at is None else round(committed_at.timestamp() * 1_000_000),
        content=row["content"],
        content_digest=row["content_digest"],
        digest=row["digest"],
        mac=row["mac"],
    )
