"""Give a shard to a node start, under the next epoch."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from attrs import frozen

from cardroom.ids import BootNonce, Epoch, HandId, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.service.postgres import Row, Transaction
from cardroom.wire.ledger import Departure, LedgerTable, SeatEscrow
from wallet_worker.store.read_departures import read_departures

_RAISE_EPOCH: Final = """
UPDATE shard SET epoch = shard.epoch + 1, owner_node = $3, owner_boot = $4, opened_at = now()
FROM (SELECT id, owner_boot FROM shard WHERE id = $1) AS before
WHERE shard.id = before.id AND shard.epoch = $2
RETURNING shard.epoch, before.owner_boot IS NOT DISTINCT FROM $4 AS is_same_start
"""

_READ_TABLES: Final = """
SELECT game_table.id, name, stake, seat_count, halted_at, last_hand_id, last_hand_no,
       coalesce(invitation, '') AS invitation, paused_at IS NOT NULL AS is_paused,
       closing_at IS NOT NULL OR closed_at IS NOT NULL AS is_closing, is_extra, switch_no,
       account.user_id, player.nickname, account.seat, account.balance
FROM game_table
LEFT JOIN account ON account.table_id = game_table.id AND account.kind = 'escrow' AND account.balance > 0
LEFT JOIN player ON player.id = account.user_id
WHERE game_table.shard = $1 AND (game_table.closed_at IS NULL OR account.balance > 0)
ORDER BY game_table.id, account.seat
"""


@frozen
class Opening:
    """A shard was opened. ``is_same_start``: the start of a node that asked had it before, too."""

    epoch: Epoch
    is_same_start: bool


async def open_shard(
    transaction: Transaction, shard: ShardId, from_epoch: Epoch, node: NodeId, boot: BootNonce
) -> Opening | None:
    """Raise the epoch if it stands at ``from_epoch``; None where it doesn't. Needs the shard's lock."""
    row = await transaction.fetch_one(_RAISE_EPOCH, shard, from_epoch, node, boot)
    return None if row is None else Opening(Epoch(row["epoch"]), row["is_same_start"])


async def read_tables(transaction: Transaction, shard: ShardId) -> tuple[LedgerTable, ...]:
    """Give the shard's tables with the money at their seats, and who has left them within the hour.

    Closed tables only while money lies there.
    """
    rows = await transaction.fetch(_READ_TABLES, shard)
    departures = await read_departures(transaction, shard)
    return tuple(
        _table(list(of_table), departures.get(TableId(table_id), ()))
        for table_id, of_table in groupby(rows, key=lambda row: row["id"])
    )


def _table(rows: Sequence[Row], departures: tuple[Departure, ...]) -> LedgerTable:
    first = rows[0]
    return LedgerTable(
        table_id=TableId(first["id"]),
        name=first["name"],
        stake=first["stake"],
        seat_count=first["seat_count"],
        is_halted=first["halted_at"] is not None,
        last_hand_id=HandId(first["last_hand_id"]) if first["last_hand_id"] else None,
        last_hand_no=first["last_hand_no"],
        escrow=tuple(_escrow(row) for row in rows if row["user_id"] is not None),
        invitation=first["invitation"],
        departures=departures,
        is_paused=first["is_paused"],
        is_closing=first["is_closing"],
        is_extra=first["is_extra"],
        switch_no=first["switch_no"],
    )


def _escrow(row: Row) -> SeatEscrow:
    return SeatEscrow(UserId(row["user_id"]), row["nickname"], SeatIndex(row["seat"]), Krw(row["balance"]))
