"""The integrity chain as it stands, and what it should be made of."""

from typing import Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Transaction
from wallet_worker.store.seal_batch import BATCH_DIGESTS

_DIGESTS: Final = (
    BATCH_DIGESTS + "GROUP BY transfer.shard, transfer.batch ORDER BY transfer.shard, transfer.batch"
)

_LINKS: Final = "SELECT shard, number, digest, mac FROM batch ORDER BY shard, number"

_HEADS: Final = "SELECT id, last_batch, chain_mac FROM shard ORDER BY id"


@frozen
class ChainLink:
    """One batch: what its transfers' digest is now, and what was sealed."""

    shard: ShardId
    number: int
    digest_now: bytes | None
    digest: bytes | None
    mac: bytes | None


@frozen
class ChainHead:
    """Where a shard's chain ends."""

    shard: ShardId
    last_batch: int
    mac: bytes | None


async def read_chain(transaction: Transaction) -> tuple[list[ChainLink], list[ChainHead]]:
    """Give every batch that was sealed or has transfers, in order, and the heads of the chains."""
    now = {(row["shard"], row["batch"]): row["digest"] for row in await transaction.fetch(_DIGESTS)}
    sealed = {(row["shard"], row["number"]): row for row in await transaction.fetch(_LINKS)}
    links = [
        ChainLink(
            shard=ShardId(shard),
            number=number,
            digest_now=now.get((shard, number)),
            digest=sealed[shard, number]["digest"] if (shard, number) in sealed else None,
            mac=sealed[shard, number]["mac"] if (shard, number) in sealed else None,
        )
        for shard, number in sorted(now.keys() | sealed.keys())
    ]
    heads = [
        ChainHead(ShardId(row["id"]), row["last_batch"], row["chain_mac"])
        for row in await transaction.fetch(_HEADS)
    ]
    return links, heads
