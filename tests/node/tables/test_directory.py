"""Tables by id, and who waits at the door while a shard is being opened; no time passes."""

import trio
from attrs import evolve
from trio.testing import MockClock

from cardroom.ids import ShardId, TableId
from node.tables.directory import Directory, TableEntry
from node.tables.inbox import Inbox
from tests.node.tables.house import TABLE, open_house

SHARD, OTHER = ShardId(1), ShardId(2)


async def _entry() -> TableEntry:
    async with open_house() as house:
        summary = evolve(house.table.entry.summary, shard=SHARD)
    return TableEntry(Inbox(1), summary, "run")


async def test_a_table_that_is_not_expected_is_not_waited_for(autojump_clock: MockClock) -> None:
    directory, entry = Directory(), await _entry()
    began = trio.current_time()
    assert await directory.wait_for(TABLE, 5.0) is None
    directory.add(entry)
    assert await directory.wait_for(TABLE, 5.0) is entry
    assert trio.current_time() == began
    directory.remove_shard(SHARD)
    assert directory.find(TABLE) is None


async def test_who_comes_while_a_shard_is_opened_waits_until_it_is(autojump_clock: MockClock) -> None:
    directory, entry = Directory(), await _entry()
    found: dict[int, TableEntry | None] = {}

    async def wait(table_id: TableId) -> None:
        found[table_id] = await directory.wait_for(table_id, 5.0)

    directory.expect(SHARD)
    directory.expect(OTHER)
    async with trio.open_nursery() as nursery:
        for table_id in (TABLE, TableId(77)):
            nursery.start_soon(wait, table_id)
        await trio.sleep(1)
        directory.add(entry)
        directory.settle(SHARD)
        await trio.sleep(1)
        assert found == {TABLE: entry}
        directory.settle(OTHER)
        directory.settle(OTHER)
    assert found == {TABLE: entry, 77: None}


async def test_nobody_waits_for_ever(autojump_clock: MockClock) -> None:
    directory = Directory()
    directory.expect(SHARD)
    began = trio.current_time()
    assert await directory.wait_for(TABLE, 5.0) is None
    assert trio.current_time() - began == 5.0
