"""What lies at all tables, as the ledger has it."""

from itertools import groupby
from typing import Final

from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.service.postgres import Transaction

_READ_ESCROW: Final = """
SELECT game_table.id AS table_id, game_table.shard, last_hand_no, account.user_id, account.seat, account.balance
FROM game_table
LEFT JOIN account ON account.table_id = game_table.id AND account.kind = 'escrow' AND account.balance > 0
ORDER BY game_table.id, account.seat
"""


@frozen
class EscrowAt:
    """One player's money at a table."""

    user_id: UserId
    seat: SeatIndex
    amount: Krw


@frozen
class TableEscrow:
    """One table: its last settled hand, and what lies at its seats."""

    table_id: TableId
    shard: ShardId
    last_hand_no: int
    escrow: tuple[EscrowAt, ...]


async def read_escrow(transaction: Transaction) -> dict[TableId, TableEscrow]:
    """Give all tables, at one moment."""
    found = {}
    rows = await transaction.fetch(_READ_ESCROW)
    for table_id, of_table in groupby(rows, key=lambda row: TableId(row["table_id"])):
        first, *_ = seats = list(of_table)
        found[table_id] = TableEscrow(
            table_id=table_id,
            shard=ShardId(first["shard"]),
            last_hand_no=first["last_hand_no"],
            escrow=tuple(
                EscrowAt(UserId(row["user_id"]), SeatIndex(row["seat"]), Krw(row["balance"]))
                for row in seats
                if row["user_id"] is not None
            ),
        )
    return found
