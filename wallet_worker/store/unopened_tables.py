"""Tables that their owners do not know of, or not as they are now."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import BootNonce, ShardId, TableId
from cardroom.service.postgres import Reader

# `greatest` passes over what is NULL. A shard that nobody owns shows its tables to who opens it.
_FIND_UNOPENED: Final = """
SELECT game_table.id, shard.id AS shard, shard.owner_boot,
       (extract(epoch FROM greatest(released_at, unopened_since)) * 1000000)::bigint AS release
FROM game_table JOIN shard ON shard.id = game_table.shard
WHERE (released_at IS NOT NULL OR unopened_since IS NOT NULL) AND shard.id = ANY($1::integer[])
      AND shard.owner_boot IS NOT NULL
ORDER BY game_table.id LIMIT $2
"""


@frozen
class UnopenedTable:
    """A table that waits for the start of a node that owns its shard; ``release`` is the number of the wait."""

    shard: ShardId
    owner: BootNonce
    table_id: TableId
    release: int


async def find_unopened(reader: Reader, shards: Sequence[ShardId], limit: int) -> list[UnopenedTable]:
    """Give the tables of these shards that wait for their owners, at most so many, by id."""
    return [
        UnopenedTable(ShardId(row["shard"]), BootNonce(row["owner_boot"]), TableId(row["id"]), row["release"])
        for row in await reader.fetch(_FIND_UNOPENED, list(shards), limit)
    ]
