"""What administrators order at a node is recorded before it is done, or it is not done."""

import json
from typing import Any

import pytest

from cardroom.ids import NodeId, new_command_id
from cardroom.local.servers import EmbeddedValkey, free_port
from cardroom.service.admin_guard import admin_rules
from cardroom.service.redis import RedisAway, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.admin_actions import NodeAction, node_action_codec
from node.admin.actions import RedisRecords
from node.admin.roles import PAGES
from tests.fakes.actions import MemoryRecords
from tests.node.admin.pages import node_pages
from tests.node.tables.house import TABLE

ORDERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "POST /admin/tables/<int:table_id>/announce": ({"text": "six"}, "table_announced", f"table:{TABLE}"),
    "POST /admin/announce": ({"text": "six"}, "node_announced", "all tables"),
    "POST /admin/tables/<int:table_id>/silence": (
        {"user_id": 1, "seconds": 60}, "table_silenced", f"table:{TABLE}"
    ),
    "POST /admin/shards/<int:shard>/move": ({"to": "node-9"}, "shard_moved", "shard:1"),
    "POST /admin/drain": ({}, "node_drained", "all shards"),
    "DELETE /admin/drain": ({}, "drain_cancelled", "all shards"),
}  # fmt: skip
"""An order for every page that changes something: what it says, and what is recorded of it."""


def test_every_page_that_changes_something_is_among_them() -> None:
    assert set(ORDERS) == {page for page in PAGES if not page.startswith("GET ")}


@pytest.mark.parametrize("page", ORDERS)
async def test_an_order_is_recorded_with_who_and_why(page: str) -> None:
    body, action, subject = ORDERS[page]
    records = MemoryRecords()
    async with node_pages(records) as (app, _):
        assert page in set(admin_rules(app))
        await order(app, page, body, "the floor is wet")
    (found,) = records.actions
    assert (found.admin, found.action, found.subject) == ("kim", action, subject)
    assert (found.reason, found.node, json.loads(found.facts)) == ("the floor is wet", "node-1", body)


@pytest.mark.parametrize("page", ORDERS)
async def test_an_order_that_cannot_be_recorded_is_not_carried_out(page: str) -> None:
    async with node_pages(MemoryRecords(is_away=True)) as (app, changes):
        before = changes()
        assert await order(app, page, ORDERS[page][0], "the floor is wet") == (503, "unavailable")
        assert changes() == before


@pytest.mark.parametrize("page", ORDERS)
async def test_an_order_without_a_reason_is_refused_and_not_recorded(page: str) -> None:
    records = MemoryRecords()
    async with node_pages(records) as (app, _):
        assert (await order(app, page, ORDERS[page][0], ""))[0] == 400
        assert (await order(app, page, ORDERS[page][0], None))[0] == 400
    assert records.actions == []


async def order(app: Any, page: str, body: dict[str, Any], reason: str | None) -> tuple[int, str]:
    method, _, rule = page.partition(" ")
    path = rule.replace("<int:table_id>", str(TABLE)).replace("<int:shard>", "1")
    said = body if reason is None else body | {"reason": reason}
    headers = {"Authorization": "Bearer other"}
    answer = await app.test_client().open(path, method=method, json=said, headers=headers)
    return answer.status_code, (await answer.get_json()).get("code", "")


def action_of(number: int) -> NodeAction:
    return NodeAction(
        new_command_id(number, bytes(10)), NodeId("node-1"), "kim", "node_drained", "all shards",
        "a new kernel", "{}", number,
    )  # fmt: skip


async def test_orders_stand_in_the_stream_one_after_the_other(valkey: EmbeddedValkey) -> None:
    codec = node_action_codec()
    async with open_redis(valkey.settings) as redis:
        await redis.delete([keys.admin_actions()])
        for number in (1, 2):
            await RedisRecords(redis).add(action_of(number))
        found = await redis.xrange(keys.admin_actions(), start="-", end="+")
        assert [codec.decode(one.field_values[keys.ADMIN_ACTION_FIELD]) for one in found] == [
            action_of(1),
            action_of(2),
        ]
        await redis.delete([keys.admin_actions()])


async def test_a_record_that_cannot_be_written_is_told() -> None:
    nowhere = RedisSettings(host="127.0.0.1", port=free_port(), connect_seconds=0.5, call_seconds=0.5)
    async with open_redis(nowhere) as redis:
        with pytest.raises(RedisAway):
            await RedisRecords(redis).add(action_of(1))
