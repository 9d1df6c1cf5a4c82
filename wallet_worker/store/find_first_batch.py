"""Find where a shard's transfers begin: months that were dropped are gone."""

from typing import Final

from cardroom.ids import ShardId
from cardroom.service.postgres import Transaction

_FIRST_BATCH: Final = "SELECT min(batch) AS batch FROM transfer WHERE shard = $1"


async def find_first_batch(transaction: Transaction, shard: ShardId) -> int | None:
    """Give the oldest batch whose transfers can still be read; None where nothing was booked."""
    row = await transaction.fetch_one(_FIRST_BATCH, shard)
    return None if row is None else row["batch"]
