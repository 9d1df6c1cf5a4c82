"""The heads of the integrity chains."""

from typing import Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Reader

_HEADS: Final = "SELECT id, last_batch, chain_mac FROM shard ORDER BY id"


@frozen
class ChainHead:
    """Where a shard's chain ends: number and MAC of its last batch; number 0 without one."""

    shard: ShardId
    last_batch: int
    mac: bytes | None


async def read_heads(reader: Reader) -> list[ChainHead]:
    """Give the heads of all chains, the house's (-1) first."""
    return [
        ChainHead(ShardId(row["id"]), row["last_batch"], row["chain_mac"])
        for row in await reader.fetch(_HEADS)
    ]
