"""Lock a shard for one batch, if the worker's term still holds."""

from typing import Final

from attrs import frozen

from cardroom.ids import Epoch, ShardId
from cardroom.service.postgres import Transaction

_LOCK_SHARD: Final = """
UPDATE shard SET term_heartbeat = now()
WHERE id = $1 AND term = $2
RETURNING epoch, last_batch, chain_mac, (extract(epoch FROM now()) * 1000)::bigint AS unix_ms
"""


class TermLost(Exception):
    """Another worker has taken the shard's term; this one must not write any more."""


@frozen
class LockedShard:
    """The shard's row, locked until the transaction ends; ``unix_ms`` is the database's time."""

    epoch: Epoch
    last_batch: int
    chain_mac: bytes | None
    unix_ms: int


async def lock_shard(transaction: Transaction, shard: ShardId, term: int) -> LockedShard:
    """Lock the row and renew the term's heartbeat; raises ``TermLost`` where the term is another's."""
    row = await transaction.fetch_one(_LOCK_SHARD, shard, term)
    if row is None:
        raise TermLost(f"term {term} of shard {shard} has ended")
    return LockedShard(Epoch(row["epoch"]), row["last_batch"], row["chain_mac"], row["unix_ms"])
