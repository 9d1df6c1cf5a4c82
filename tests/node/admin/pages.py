"""The node's pages for administrators over a real table with two players, and one shard that nobody plays."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from quart_trio import QuartTrio

from cardroom.ids import NodeId, ShardId
from cardroom.wire import table as wire
from node.admin.actions import ActionDesk, ActionRecords
from node.admin.http import AdminServices, make_admin_app
from node.tables.directory import Directory
from tests.cardroom.service.people import open_book
from tests.fakes.actions import MemoryRecords
from tests.node.shards.stand_in import ShardStandIn, desk_over
from tests.node.tables.house import LOG, open_house, settle

NODE = NodeId("node-1")


def unread_actions() -> ActionDesk:
    """Record orders where nobody looks."""
    return ActionDesk(NODE, MemoryRecords())


Changes = Callable[[], object]
"""Gives all that an order could have changed."""


@asynccontextmanager
async def node_pages(records: ActionRecords) -> AsyncIterator[tuple[QuartTrio, Changes]]:
    async with open_house() as house:
        directory = Directory()
        directory.add(house.table.entry)
        desk = desk_over(None, ShardStandIn(ShardId(1), is_open=False))
        services = AdminServices(directory, dict, desk, dict, open_book(), ActionDesk(NODE, records), LOG)
        one = house.guest(1)
        await settle()

        def changes() -> object:
            table = house.table
            return len(one.all(wire.Announced)), desk.drain_reason, table.rail.chat.remember(0.0).silenced

        yield make_admin_app(services), changes
