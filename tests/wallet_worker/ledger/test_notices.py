"""Owners are told of tables that wait for them until they have opened them, less and less often."""

import pytest
import trio
import trio.testing

from cardroom.local.servers import free_port
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire.ledger import OpenShard, ReopenTable, TableReleased
from tests.wallet_worker.house import LOG, NODE, REPLIES, House
from tests.wallet_worker.letters import bury_hand, retry_of
from tests.wallet_worker.post import Post
from wallet_worker.ledger.deadletter import retry_letter
from wallet_worker.ledger.notices import Notices
from wallet_worker.store.create_table import NewTable, create_table


def notices_of(house: House, redis: Redis, seconds: float = 60.0) -> Notices:
    return Notices(house.database, redis, REPLIES, [house.shard], seconds, LOG)


async def make(house: House, name: str = "New") -> int:
    made = await create_table(house.database, NewTable(house.shard, name, "low", 6, is_told=True))
    return made.table_id


async def test_a_new_table_is_told_until_it_is_opened(house: House, redis: Redis) -> None:
    notices, post = notices_of(house, redis), Post(house, redis)
    table_id = await make(house)
    for _ in range(8):
        await notices.look()
    told = await post.replies()
    assert {type(one) for one in told} == {TableReleased}
    assert {one.table_id for one in told if isinstance(one, TableReleased)} == {table_id}
    assert len(set(told)) == 1, "so the owner knows it for the same"
    assert len(told) == 4, "at once, after one look, after two, after four"
    await house.ask(ReopenTable(told[0].table_id))  # type: ignore[union-attr]
    for _ in range(8):
        await notices.look()
    assert await post.replies() == told, "nobody waits any more"


async def test_who_opens_the_shard_knows_its_tables(house: House, redis: Redis) -> None:
    await make(house)
    await house.change(f"UPDATE shard SET owner_boot = 'another' WHERE id = {house.shard}")
    await house.ask(OpenShard(NODE, house.epoch))
    await notices_of(house, redis).look()
    assert await Post(house, redis).replies() == []


async def test_who_goes_on_from_memory_does_not_know_them(house: House, redis: Redis) -> None:
    await make(house)
    await house.ask(OpenShard(NODE, house.epoch))
    await notices_of(house, redis).look()
    assert len(await Post(house, redis).replies()) == 1


async def test_a_released_table_is_told_again_where_the_first_word_was_lost(
    house: House, redis: Redis
) -> None:
    number, _ = await bury_hand(house)
    resolved = await retry_letter(house.tools, retry_of(number))
    await notices_of(house, redis).look()
    assert await Post(house, redis).replies() == [TableReleased(house.tables[0], resolved.release or 0)]


@pytest.mark.parametrize("is_ours", [True, False])
async def test_nobody_is_told_of_what_is_not_theirs(house: House, redis: Redis, is_ours: bool) -> None:
    await make(house)
    if is_ours:
        await house.change(f"UPDATE shard SET owner_boot = NULL WHERE id = {house.shard}")
    notices = Notices(house.database, redis, REPLIES, [house.shard] if is_ours else [], 60.0, LOG)
    await notices.look()
    assert await Post(house, redis).replies() == []


async def test_who_hurries_is_not_kept_waiting(house: House, redis: Redis) -> None:
    notices, post = notices_of(house, redis), Post(house, redis)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(notices.run)
        await trio.testing.wait_all_tasks_blocked()
        await make(house)
        notices.hurry()
        with trio.fail_after(5):
            while not await post.replies():
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()


async def test_servers_that_are_away_do_not_end_it(house: House, redis: Redis) -> None:
    await make(house)
    nobody = RedisSettings(host="127.0.0.1", port=free_port(), connect_seconds=0.1, call_seconds=0.1)
    nowhere = PostgresSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/none", connect_seconds=0.2)
    async with open_postgres(nowhere, must_answer=False) as postgres, open_redis(nobody) as broken:
        for one in (
            Notices(postgres, redis, REPLIES, [house.shard], 0.05, LOG),
            Notices(house.database, broken, REPLIES, [house.shard], 0.05, LOG),
        ):
            with trio.move_on_after(0.3) as running:
                await one.run()
            assert running.cancelled_caught
