"""Tables as administrators list them, and orders that a node carries out, refuses, or does not hear."""

from typing import Any

import pytest

from cardroom.ids import ShardId, TableId
from cardroom.wire.orders import (
    AnnounceTable,
    CloseTable,
    MakeTable,
    OrderDone,
    OrderOutcome,
    OrderRefused,
    PauseTable,
    ResumeTable,
    TableOrder,
)
from cardroom.wire.refusals import Refusal
from tests.shard_router.front import table_summary
from tests.shard_router.office import WHY, Office, node_that

MAKE = {**WHY, "name": "Han", "stake": "low", "seat_count": 6}
SAY = {**WHY, "text": "문 닫습니다 at six"}

_SHARDS = "INSERT INTO shard (id) VALUES (0), (1) ON CONFLICT DO NOTHING"
_TABLE = "INSERT INTO game_table (shard, name, stake, seat_count, invitation) VALUES ($1, $2, $3, 6, $4)"


async def lay(office: Office, *tables: tuple[int, str, str | None], stake: str = "low") -> None:
    """Make tables as the ledger has them: shard, name and code."""
    async with office.owner.transaction() as transaction:
        await transaction.execute(_SHARDS)
        for shard, name, code in tables:
            await transaction.execute(_TABLE, shard, name, stake, code)


async def change(office: Office, sql: str) -> None:
    async with office.owner.transaction() as transaction:
        await transaction.execute(sql)


async def test_all_tables_are_listed_and_no_code(office: Office) -> None:
    await lay(office, (0, "Han", None), (1, "Back room", "SECRETCODE"), (1, "Geum", None))
    await change(office, "UPDATE game_table SET closed_at = now() WHERE name = 'Geum'")
    await change(office, "UPDATE game_table SET paused_at = now() WHERE name = 'Han'")
    await office.node.publish(table_summary(1, 0, 11, 12))
    han, back, geum = (await office.get("/admin/tables", role="viewer"))["tables"]
    assert (han["players"], han["waiting"], han["is_played"], han["is_private"]) == (2, 2, True, False)
    assert (back["is_private"], back["is_played"], back["closed_at"]) == (True, False, None)
    assert geum["closed_at"] is not None
    assert "SECRETCODE" not in str(back)
    for query, found in (
        ("state=open", [1, 2]), ("state=closed", [3]), ("state=paused", [1]), ("state=halted", []),
        ("shard=1", [2, 3]), ("stake=high", []), ("stake=low&shard=0", [1]), ("after=1", [2, 3]),
    ):  # fmt: skip
        page = await office.get(f"/admin/tables?{query}")
        assert ([table["table_id"] for table in page["tables"]], page["next"]) == (found, None)
    page = await office.get("/admin/tables?limit=2")
    assert ([table["table_id"] for table in page["tables"]], page["next"]) == ([1, 2], 2)


@pytest.mark.parametrize("query", ["state=odd", "limit=0", "shard=x", "after=-1", "more=1"])
async def test_a_list_that_is_none_is_refused(office: Office, query: str) -> None:
    status, refused = await office.ask("GET", f"/admin/tables?{query}")
    assert (status, refused["code"]) == (400, "malformed")


def does_it(order: TableOrder) -> OrderOutcome:
    table_id = getattr(order.body, "table_id", TableId(70))
    return OrderDone(table_id, "CODE" if getattr(order.body, "is_private", False) else "")


@pytest.mark.parametrize(
    ("word", "kind", "action", "role"),
    [
        ("close", CloseTable, "table_closed", "owner"),
        ("pause", PauseTable, "table_paused", "support"),
        ("resume", ResumeTable, "table_resumed", "support"),
    ],
)
async def test_a_table_is_closed_paused_and_resumed_by_its_node(
    office: Office, word: str, kind: type, action: str, role: str
) -> None:
    await office.node.open_both_shards()
    await lay(office, (1, "Han", None))
    path, name = f"/admin/tables/1/{word}", {"owner": "admin", "support": "sue"}[role]
    async with node_that(office.redis, does_it) as given:
        first = await office.ask("POST", path, WHY, role=role)
        assert first[0] == 200
        assert first[1]["table_id"] == 1
        assert await office.ask("POST", path, WHY, role=role) == first
    one, again = given
    assert (type(one.body), one.shard, one.by, one.reason) == (kind, 1, name, "for a test")
    assert one == again, "a repeat is the same order to the node"
    assert str(one.id) == first[1]["order_id"]
    assert await office.actions() == [(name, action, "table:1", "for a test")]


async def test_a_table_is_made_where_fewest_are_or_where_it_is_said(office: Office) -> None:
    await office.node.open_both_shards()
    await office.node.publish(table_summary(1, 0))
    async with node_that(office.redis, does_it) as given:
        status, made = await office.ask("POST", "/admin/tables", MAKE)
        assert (status, made["table_id"], made["shard"]) == (201, 70, 1)
        await office.node.publish(table_summary(2, 1), table_summary(3, 1))
        assert await office.ask("POST", "/admin/tables", MAKE) == (201, made)
        private = {**MAKE, "idempotency_key": "k2", "shard": 0, "private": True}
        _, secret = await office.ask("POST", "/admin/tables", private)
        assert (secret["shard"], secret["invitation"]) == (0, "CODE")
    first, again, second = given
    assert first == again
    assert first.body == MakeTable("Han", "low", 6, is_private=False, room="Main", is_extra=False)
    assert (first.shard, second.shard) == (ShardId(1), ShardId(0))
    assert "CODE" not in str(await office.owner.fetch("SELECT answer FROM admin_action"))


async def test_a_dry_run_orders_nothing(office: Office) -> None:
    await office.node.open_both_shards()
    async with node_that(office.redis, does_it) as given:
        status, said = await office.ask("POST", "/admin/tables", {**MAKE, "dry_run": True})
        assert (status, said["dry_run"], said["shard"]) == (201, True, 0)
        everywhere = await office.ask("POST", "/admin/announce", {**SAY, "dry_run": True})
        assert everywhere[1]["dry_run"] is True
    assert given == []
    assert await office.actions() == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Refusal.NAME_TAKEN, 409),
        (Refusal.ROOM_CLOSED, 409),
        (Refusal.NO_SUCH_STAKE, 404),
        (Refusal.WRONG_OWNER, 503),
        (Refusal.LEDGER_AWAY, 503),
    ],
)
async def test_what_the_node_refuses_is_refused(office: Office, code: Refusal, status: int) -> None:
    await office.node.open_both_shards()
    async with node_that(office.redis, lambda _: OrderRefused(code)):
        found, refused = await office.ask("POST", "/admin/tables", MAKE)
    assert (found, refused["code"]) == (status, code.value)


async def test_a_node_that_is_silent_or_nowhere_is_told_and_the_order_may_be_repeated(office: Office) -> None:
    await lay(office, (1, "Han", None))
    status, refused = await office.ask("POST", "/admin/tables/1/pause", WHY)
    assert (status, refused["code"]) == (503, "table_unavailable")
    await office.node.open_both_shards()
    status, refused = await office.ask("POST", "/admin/tables/1/pause", WHY)
    assert (status, refused["code"]) == (503, "table_unavailable")
    async with node_that(office.redis, does_it) as given:
        assert (await office.ask("POST", "/admin/tables/1/pause", WHY))[0] == 200
    assert len({order.id for order in given}) == 1, "what it had not heard is the same order"
    assert len(await office.actions()) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/admin/tables", {**MAKE, "shard": 7}, 404, "no_such_shard"),
        ("/admin/tables", {**MAKE, "seat_count": 1}, 400, "malformed"),
        ("/admin/tables", {**MAKE, "seat_count": 10}, 400, "malformed"),
        ("/admin/tables", {**MAKE, "name": ""}, 400, "malformed"),
        ("/admin/tables", {**MAKE, "stake": "x" * 65}, 400, "malformed"),
        ("/admin/tables", {**MAKE, "room": "\0"}, 400, "malformed"),
        ("/admin/tables", {**MAKE, "reason": ""}, 400, "malformed"),
        ("/admin/tables", MAKE, 503, "table_unavailable"),
        ("/admin/tables/77/close", WHY, 404, "no_such_table"),
        ("/admin/tables/2/close", WHY, 404, "no_such_table"),
        (f"/admin/tables/{2**63}/pause", WHY, 404, "no_such_table"),
        ("/admin/tables/1/resume", {}, 400, "malformed"),
        ("/admin/tables/77/announce", SAY, 404, "no_such_table"),
        ("/admin/tables/1/announce", {**SAY, "text": ""}, 400, "text_not_allowed"),
        ("/admin/tables/1/announce", {**SAY, "text": "a\nb"}, 400, "text_not_allowed"),
        ("/admin/announce", {**SAY, "text": "x" * 501}, 400, "text_not_allowed"),
        ("/admin/announce", WHY, 400, "malformed"),
    ],
)
async def test_what_is_no_order_is_refused_and_not_recorded(
    office: Office, path: str, body: Any, status: int, code: str
) -> None:
    await lay(office, (1, "Han", None), (1, "Geum", None))
    await change(office, "UPDATE game_table SET closed_at = now() WHERE name = 'Geum'")
    found, refused = await office.ask("POST", path, body)
    assert (found, refused["code"]) == (status, code)
    assert await office.actions() == []


async def test_all_who_watch_one_table_or_any_are_told(office: Office) -> None:
    await office.node.open_both_shards()
    await lay(office, (0, "Han", None))
    await office.node.publish(table_summary(1, 0), table_summary(2, 0), table_summary(3, 1))
    async with node_that(office.redis, does_it) as given:
        assert (await office.ask("POST", "/admin/tables/1/announce", SAY, role="support"))[0] == 200
        assert [order.body for order in given] == [AnnounceTable(TableId(1), SAY["text"])]
        given.clear()
        for _ in range(2):
            _, told = await office.ask("POST", "/admin/announce", SAY, role="support")
            assert (told["tables"], told["unanswered"]) == (3, [])
    assert {order.body.table_id for order in given if isinstance(order.body, AnnounceTable)} == {1, 2, 3}
    assert len({order.id for order in given}) == 3, "a repeat tells nobody twice"
    assert [action for _, action, _, _ in await office.actions()] == ["table_announced", "all_announced"]


async def test_tables_that_are_not_reached_are_named(office: Office) -> None:
    await office.node.announce()
    await office.node.hold(0)
    await office.node.publish(table_summary(1, 0), table_summary(2, 0), table_summary(3, 1))

    def only_the_first(order: TableOrder) -> OrderOutcome:
        assert isinstance(order.body, AnnounceTable)
        is_first = order.body.table_id == 1
        return OrderDone(TableId(1)) if is_first else OrderRefused(Refusal.TABLE_UNAVAILABLE)

    async with node_that(office.redis, only_the_first):
        _, told = await office.ask("POST", "/admin/announce", SAY)
    assert (told["tables"], told["unanswered"]) == (1, [2, 3])
