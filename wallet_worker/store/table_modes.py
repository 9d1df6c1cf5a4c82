"""Tables as their owner orders it through the stream: made, paused, let go on, closed.

All of it needs the shard's lock, so that no batch that is decided meanwhile sees half of it.
"""

from typing import Final

from attrs import frozen

from cardroom.ids import ShardId, TableId
from cardroom.service.admin_actions import Order, record_action
from cardroom.service.postgres import Transaction
from cardroom.wire.ledger import (
    CommandRefused,
    EndTable,
    MakeTable,
    SwitchTable,
    TableEnded,
    TableMade,
    TableSwitched,
)
from cardroom.wire.ledger import TableMode as Mode
from cardroom.wire.refusals import Refusal
from wallet_worker.store.create_table import (
    NewTable,
    NoSuchRoom,
    RoomClosed,
    TableDiffers,
    make_table,
)

_FIND_TABLE: Final = """
SELECT closed_at IS NOT NULL AS is_closed, closing_at IS NOT NULL AS is_closing, halted_at IS NOT NULL AS is_halted,
       EXISTS (SELECT FROM account WHERE kind = 'escrow' AND balance > 0 AND table_id = game_table.id) AS has_money
FROM game_table WHERE id = $1 AND shard = $2
"""

_SWITCH_TABLE: Final = """
UPDATE game_table
SET paused_at = CASE WHEN $2 = 'paused' THEN coalesce(paused_at, now()) END,
    closing_at = CASE WHEN $2 = 'closing' THEN coalesce(closing_at, now()) END,
    switch_no = switch_no + 1
WHERE id = $1
RETURNING switch_no
"""

_END_TABLE: Final = "UPDATE game_table SET closed_at = now() WHERE id = $1 AND closed_at IS NULL"

_ACTIONS: Final = {Mode.RUNNING: "table_resumed", Mode.PAUSED: "table_paused", Mode.CLOSING: "table_closing"}


@frozen
class OrderedBy:
    """Whose order a command carries out, as it is recorded: its key is the command's id."""

    key: str
    body_hash: bytes


async def make_ordered_table(
    transaction: Transaction, shard: ShardId, body: MakeTable, by: OrderedBy
) -> TableMade | CommandRefused:
    """Make a table, and record who ordered it; refused as ``MakeTable`` says."""
    table = NewTable(
        shard, body.name, body.stake, body.seat_count, body.is_private, body.room, is_extra=body.is_extra
    )
    try:
        made = await make_table(transaction, table)
    except TableDiffers:
        return CommandRefused(Refusal.NAME_TAKEN)
    except NoSuchRoom:
        return CommandRefused(Refusal.NOT_FOUND)
    except RoomClosed:
        return CommandRefused(Refusal.ROOM_CLOSED)
    if not made.is_new:
        return CommandRefused(Refusal.NAME_TAKEN)
    answer = {"table_id": made.table_id, "shard": shard, "name": body.name, "is_extra": body.is_extra}
    order = _order(body, "table_made", made.table_id, by)
    await record_action(transaction, order, answer)
    return TableMade(made.table_id, made.invitation)


async def switch_table(
    transaction: Transaction, shard: ShardId, body: SwitchTable, by: OrderedBy
) -> TableSwitched | CommandRefused:
    """Let a table do something else, and record who ordered it; refused as ``SwitchTable`` says."""
    found = await transaction.fetch_one(_FIND_TABLE, body.table_id, shard)
    if found is None or found["is_closed"]:
        return CommandRefused(Refusal.NO_SUCH_TABLE)
    if found["is_closing"] and body.mode is not Mode.CLOSING:
        return CommandRefused(Refusal.TABLE_CLOSING)
    switched = await transaction.fetch_one(_SWITCH_TABLE, body.table_id, body.mode.value)
    assert switched is not None, "the table stands"
    order = _order(body, _ACTIONS[body.mode], body.table_id, by)
    await record_action(transaction, order, {"table_id": body.table_id, "mode": body.mode.value})
    return TableSwitched(body.table_id, body.mode, switched["switch_no"])


async def end_table(transaction: Transaction, shard: ShardId, body: EndTable) -> TableEnded | CommandRefused:
    """Close a table that is being closed; refused as ``EndTable`` says."""
    found = await transaction.fetch_one(_FIND_TABLE, body.table_id, shard)
    if found is None or not (found["is_closing"] or found["is_closed"]):
        return CommandRefused(Refusal.NO_SUCH_TABLE)
    if found["has_money"]:
        return CommandRefused(Refusal.TABLE_NOT_EMPTY)
    if found["is_halted"]:
        return CommandRefused(Refusal.TABLE_HALTED)
    await transaction.execute(_END_TABLE, body.table_id)
    return TableEnded(body.table_id)


def _order(body: MakeTable | SwitchTable, action: str, table_id: TableId, by: OrderedBy) -> Order:
    return Order(body.by, action, f"table:{table_id}", body.reason, by.key, by.body_hash)
