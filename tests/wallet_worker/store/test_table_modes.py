"""Tables that are made, paused and closed through the stream: each order once, and recorded."""

import json
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from cardroom.ids import CommandId, Epoch, TableId
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CommandBody,
    CommandRefused,
    EndTable,
    LedgerTable,
    MakeTable,
    OpenShard,
    ReopenTable,
    ReplyBody,
    ShardOpened,
    StaleEpoch,
    SwitchTable,
    TableEnded,
    TableMade,
    TableMode,
    TableReopened,
    TableSwitched,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import NODE, House, hold, leave, new_id
from tests.wallet_worker.letters import bury_hand

MAKE = MakeTable("Extra 1", "low", 6, False, "Main", True, "keeper", "seats are wanted")
CLOSED = CommandRefused(Refusal.NO_SUCH_TABLE)


def switch(house: House, mode: TableMode, table: int = 0) -> SwitchTable:
    return SwitchTable(house.tables[table], mode, "kim", "it is late")


async def ask(house: House, body: CommandBody, id_: CommandId | None = None) -> ReplyBody:
    """Ask one thing: barriers are alone in their batch."""
    (reply,) = await house.send(house.command(body, id_=id_))
    return reply


async def make(house: House, **changes: Any) -> TableMade:
    made = await ask(house, evolve(MAKE, **changes))
    assert isinstance(made, TableMade)
    return made


async def look(house: House, table_id: TableId) -> LedgerTable:
    reopened = await ask(house, ReopenTable(table_id))
    assert isinstance(reopened, TableReopened)
    return reopened.table


async def records(house: House) -> list[tuple[str, str, str, str]]:
    rows = await house.rows("SELECT admin, action, subject, reason FROM admin_action ORDER BY id")
    return [(row["admin"], row["action"], row["subject"], row["reason"]) for row in rows]


async def test_a_table_is_made_once_however_often_it_is_ordered(house: House) -> None:
    id_ = new_id()
    made = await ask(house, MAKE, id_)
    assert isinstance(made, TableMade)
    assert [await ask(house, MAKE, id_) for _ in range(2)] == [made, made]
    assert await ask(house, evolve(MAKE, name="Extra 2"), id_) == CommandRefused(Refusal.COMMAND_REUSED)
    table = await look(house, made.table_id)
    assert (table.name, table.stake, table.seat_count, table.is_extra) == ("Extra 1", "low", 6, True)
    assert (table.is_paused, table.is_closing, table.escrow) == (False, False, ())
    assert await records(house) == [("keeper", "table_made", f"table:{made.table_id}", "seats are wanted")]
    (key,) = await house.rows("SELECT key, answer FROM admin_action")
    assert UUID(key["key"]) == id_
    assert json.loads(key["answer"]).keys() == {"table_id", "shard", "name", "is_extra"}
    assert isinstance((await house.ask(hold(house.players[0], made.table_id, 5, 100)))[0], BuyInHeld)
    await house.assert_sound()


async def test_a_private_table_has_a_code_that_is_not_in_the_record(house: House) -> None:
    made = await make(house, is_private=True)
    assert len(made.invitation) == 10
    assert (await look(house, made.table_id)).invitation == made.invitation
    assert made.invitation not in str([dict(row) for row in await house.rows("SELECT * FROM admin_action")])


async def test_a_table_that_cannot_be_is_refused_and_not_recorded(house: House) -> None:
    await house.change("INSERT INTO room (name, status, closed_at) VALUES ('Attic', 'closed', now())")
    for change, code in (
        ({"name": "One"}, Refusal.NAME_TAKEN),
        ({"name": "One", "stake": "50/100", "is_extra": False}, Refusal.NAME_TAKEN),
        ({"room": "Nowhere"}, Refusal.NOT_FOUND),
        ({"room": "Attic"}, Refusal.ROOM_CLOSED),
    ):
        assert await ask(house, evolve(MAKE, **change)) == CommandRefused(code)
    house.epoch = Epoch(9)
    assert isinstance(await ask(house, MAKE), StaleEpoch)
    assert await records(house) == []


async def test_modes_are_kept_and_told_to_the_next_owner(house: House) -> None:
    modes = (TableMode.PAUSED, TableMode.PAUSED, TableMode.RUNNING)
    for number, mode in enumerate(modes, start=1):
        assert await ask(house, switch(house, mode)) == TableSwitched(house.tables[0], mode, number)
        table = await look(house, house.tables[0])
        assert (table.is_paused, table.switch_no) == (mode is TableMode.PAUSED, number)
    await ask(house, switch(house, TableMode.PAUSED))
    await ask(house, switch(house, TableMode.CLOSING, table=1))
    opened = await ask(house, OpenShard(NODE, house.epoch))
    assert isinstance(opened, ShardOpened)
    assert [(one.is_paused, one.is_closing) for one in opened.tables] == [(True, False), (False, True)]
    subject = f"table:{house.tables[0]}"
    assert await records(house) == [
        ("kim", "table_paused", subject, "it is late"),
        ("kim", "table_paused", subject, "it is late"),
        ("kim", "table_resumed", subject, "it is late"),
        ("kim", "table_paused", subject, "it is late"),
        ("kim", "table_closing", f"table:{house.tables[1]}", "it is late"),
    ]


async def test_an_order_that_comes_again_does_not_undo_a_later_one(house: House) -> None:
    id_ = new_id()
    paused = await ask(house, switch(house, TableMode.PAUSED), id_)
    await ask(house, switch(house, TableMode.RUNNING))
    assert await ask(house, switch(house, TableMode.PAUSED), id_) == paused
    assert not (await look(house, house.tables[0])).is_paused


async def test_a_table_is_closed_when_everybody_is_paid_out(house: House) -> None:
    await house.seat(0, 1000)
    table = house.tables[0]
    assert await ask(house, EndTable(table)) == CLOSED, "nobody has ordered that"
    await ask(house, switch(house, TableMode.PAUSED))
    id_ = new_id()
    closing = await ask(house, switch(house, TableMode.CLOSING), id_)
    assert closing == TableSwitched(table, TableMode.CLOSING, 2)
    assert await ask(house, switch(house, TableMode.CLOSING)) == TableSwitched(table, TableMode.CLOSING, 3)
    for back in (TableMode.RUNNING, TableMode.PAUSED):
        assert await ask(house, switch(house, back)) == CommandRefused(Refusal.TABLE_CLOSING)
    assert await ask(house, EndTable(table)) == CommandRefused(Refusal.TABLE_NOT_EMPTY)
    (paid,) = await house.ask(leave(house.players[0], table, 0, 1000))
    assert isinstance(paid, CashedOut)
    assert [await ask(house, EndTable(table)) for _ in range(2)] == [TableEnded(table)] * 2
    assert await house.ask(hold(house.players[0], table, 0, 1000)) == [CLOSED]
    for refused in (ReopenTable(table), switch(house, TableMode.RUNNING), switch(house, TableMode.CLOSING)):
        assert await ask(house, refused) == CLOSED
    assert await ask(house, switch(house, TableMode.CLOSING), id_) == closing, "who gave the order hears that"
    assert (await make(house, name="One")).table_id != table
    await house.assert_sound()


async def test_a_halted_table_is_not_closed(house: House) -> None:
    await bury_hand(house)
    await ask(house, switch(house, TableMode.CLOSING))
    await house.change(
        f"UPDATE account SET balance = 0 WHERE kind = 'escrow' AND table_id = {house.tables[0]}"
    )
    assert await ask(house, EndTable(house.tables[0])) == CommandRefused(Refusal.TABLE_HALTED)


async def test_a_table_that_was_closed_with_money_is_told_as_closing(house: House) -> None:
    await house.seat(0, 1000)
    await house.change(f"UPDATE game_table SET closed_at = now() WHERE id = {house.tables[0]}")
    assert (await look(house, house.tables[0])).is_closing
    await house.ask(leave(house.players[0], house.tables[0], 0, 1000))
    assert await ask(house, EndTable(house.tables[0])) == TableEnded(house.tables[0])


async def test_no_table_of_another_shard_or_none(house: House) -> None:
    await house.change(
        "INSERT INTO shard (id) VALUES (8642) ON CONFLICT DO NOTHING",
        f"UPDATE game_table SET shard = 8642 WHERE id = {house.tables[1]}",
    )
    for table_id in (house.tables[1], TableId(10**12)):
        for body in (SwitchTable(table_id, TableMode.PAUSED, "kim", "r"), EndTable(table_id)):
            assert await ask(house, body) == CLOSED
    assert await records(house) == []


@pytest.mark.parametrize(
    "change",
    [{"reason": ""}, {"reason": "x" * 201}, {"by": ""}, {"by": "x" * 65}, {"name": "a\0b"},
     {"seat_count": 10}, {"seat_count": 1}, {"room": ""}, {"stake": "x" * 65}],
)  # fmt: skip
async def test_what_no_column_can_hold_is_garbage(house: House, change: dict[str, Any]) -> None:
    command = house.command(evolve(MAKE, **change))
    assert await house.send_raw(command) == []
    assert await records(house) == []
