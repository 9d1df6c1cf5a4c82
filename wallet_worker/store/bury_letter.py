"""Take a command out of the stream that cannot be carried out, where an operator finds it."""

from typing import Final

from attrs import frozen

from cardroom.ids import CommandId, ShardId, TableId
from cardroom.service.postgres import Transaction

_ADD_LETTER: Final = """
INSERT INTO dead_letter (shard, stream_id, command_id, table_id, payload, reason)
VALUES ($1, $2, $3, (SELECT id FROM game_table WHERE id = $4 AND shard = $1), $5, $6)
ON CONFLICT ON CONSTRAINT dead_letter_entry_key DO NOTHING
"""

_HALT_TABLE: Final = """
UPDATE game_table SET halted_at = coalesce(halted_at, now()), released_at = NULL WHERE id = $2 AND shard = $1
"""


@frozen
class DeadLetter:
    """An entry of a shard's stream, as it was read, and why it cannot be carried out."""

    shard: ShardId
    stream_id: str
    command_id: CommandId | None
    table_id: TableId | None
    payload: bytes
    reason: str


async def bury_letter(transaction: Transaction, letter: DeadLetter) -> None:
    """Store a dead letter and halt its table, if it has one; may be repeated."""
    await transaction.execute(
        _ADD_LETTER,
        letter.shard,
        letter.stream_id,
        letter.command_id,
        letter.table_id,
        letter.payload,
        letter.reason,
    )
    if letter.table_id is not None:
        await transaction.execute(_HALT_TABLE, letter.shard, letter.table_id)
