"""The chain as it stands: what was sealed of each batch, beside the digest of what its rows say now."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Row, Transaction
from wallet_worker.store.read_batches import BATCH_CONTENTS

_READ_DIGESTS: Final = (
    BATCH_CONTENTS
    + """
SELECT coalesce(batch.number, told.batch) AS number, batch.digest, batch.mac,
       sha256(convert_to(told.content, 'UTF8')) AS content_digest,
       (extract(epoch FROM batch.committed_at) * 1000000)::bigint AS committed_unix_us
FROM told
FULL JOIN (SELECT * FROM batch WHERE shard = $1 AND number > $2 AND number <= $3) AS batch
    ON batch.number = told.batch
ORDER BY 1
"""
)


@frozen
class BatchDigest:
    """One batch that was sealed or has transfers; None where it has no seal, or no transfers any more."""

    shard: ShardId
    number: int
    committed_unix_us: int | None
    digest: bytes | None
    mac: bytes | None
    content_digest: bytes | None


async def read_digests(
    transaction: Transaction, shard: ShardId, after: int, limit: int
) -> Sequence[BatchDigest]:
    """Give the batches numbered above ``after`` up to ``after + limit``, by number; fewer where some lack.

    What the batches did stays in the database: only its digest is computed there.
    """
    return [
        _digest(shard, row) for row in await transaction.fetch(_READ_DIGESTS, shard, after, after + limit)
    ]


def _digest(shard: ShardId, row: Row) -> BatchDigest:
    return BatchDigest(
        shard=shard,
        number=row["number"],
        committed_unix_us=row["committed_unix_us"],
        digest=row["digest"],
        mac=row["mac"],
        content_digest=row["content_digest"],
    )
