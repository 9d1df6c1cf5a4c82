"""The integrity chain: a digest over everything a batch wrote, and the link that its HMAC makes."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Transaction
from wallet_worker.store.lock_shard import LockedShard

_ADD_LINK: Final = """
WITH head AS (
    UPDATE shard SET last_batch = $2, chain_mac = $4 WHERE id = $1 AND last_batch = $2 - 1 RETURNING id
)
INSERT INTO batch (shard, number, digest, mac, committed_at)
SELECT id, $2, $3, $4, clock_timestamp() FROM head
RETURNING (extract(epoch FROM committed_at) * 1000000)::bigint AS committed_unix_us
"""

Link = Callable[[bytes | None, ShardId, int, bytes], bytes]
"""Gives a batch's MAC from the one before, the shard, the batch's number and its digest."""


@frozen
class SealedBatch:
    """A batch as it was sealed. ``content`` is what it wrote, one line per transfer; its SHA-256 is ``digest``."""

    shard: ShardId
    number: int
    committed_unix_us: int
    content: str
    digest: bytes
    mac: bytes


async def seal_batch(
    transaction: Transaction, shard: ShardId, locked: LockedShard, link: Link, lines: Sequence[str]
) -> SealedBatch | None:
    """Append the batch to the shard's chain, as the last step.

    ``lines`` are those of all its transfers, in their order. A batch that moved no money is no link: None.
    """
    if not lines:
        return None
    number = locked.last_batch + 1
    content = "\n".join(lines)
    digest = sha256(content.encode()).digest()
    mac = link(locked.chain_mac, shard, number, digest)
    row = await transaction.fetch_one(_ADD_LINK, shard, number, digest, mac)
    assert row is not None, "the shard's lock is held"
    return SealedBatch(shard, number, row["committed_unix_us"], content, digest, mac)
