"""Let tables be halted no more whose dead letters are all resolved, at the moment their owner begins anew.

Who begins anew, or opens the shard, also learns of tables that were made past the stream.
"""

from typing import Final

from cardroom.ids import ShardId, TableId
from cardroom.service.postgres import Transaction
from cardroom.wire.ledger import LedgerTable
from wallet_worker.store.open_shard import read_tables

_REOPEN_TABLES: Final = """
UPDATE game_table SET halted_at = NULL, released_at = NULL
WHERE shard = $1 AND released_at IS NOT NULL AND ($2::bigint IS NULL OR id = $2)
"""

_ARE_OPENED: Final = """
UPDATE game_table SET unopened_since = NULL
WHERE shard = $1 AND unopened_since IS NOT NULL AND ($2::bigint IS NULL OR id = $2)
"""


async def note_opened(transaction: Transaction, shard: ShardId) -> None:
    """All tables of the shard are about to be told to its owner. Needs the shard's lock."""
    await transaction.execute(_ARE_OPENED, shard, None)


async def reopen_tables(transaction: Transaction, shard: ShardId) -> None:
    """Reopen all tables of the shard that were released. Needs the shard's lock."""
    await transaction.execute(_REOPEN_TABLES, shard, None)


async def reopen_table(transaction: Transaction, shard: ShardId, table_id: TableId) -> LedgerTable | None:
    """Reopen a table if it was released, and give it as it is; None where the shard has no such table.

    Needs the shard's lock. Not halted tables are left as they are; may be repeated.
    """
    await transaction.execute(_REOPEN_TABLES, shard, table_id)
    await transaction.execute(_ARE_OPENED, shard, table_id)
    tables = await read_tables(transaction, shard)
    return next((table for table in tables if table.table_id == table_id), None)
