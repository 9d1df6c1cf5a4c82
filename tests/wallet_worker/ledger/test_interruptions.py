"""A worker whose servers fail in the middle, and what stands in the stream between two owners."""

import os
import signal
from pathlib import Path

import pytest
import trio

from cardroom.ids import Epoch, TableId, UserId
from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.service.postgres import PostgresRefused
from cardroom.service.redis import Redis, RedisAway, open_redis, redis_errors
from cardroom.wire.ledger import BuyInHeld, HandSettled, LedgerCommand, ShardOpened, StaleEpoch
from tests.wallet_worker.house import PURSE, House, again, hand_of, hold, open_by
from tests.wallet_worker.post import Post
from wallet_worker.store.lock_shard import TermLost

HOLDER = "test"


@pytest.fixture
def post(house: House, redis: Redis) -> Post:
    return Post(house, redis)


async def test_a_crash_between_commit_and_answer_moves_money_once(house: House, post: Post) -> None:
    commands = await post.put(
        hold(house.players[0], house.tables[0], 0, 500), hold(house.players[1], house.tables[0], 0, 500)
    )
    first = await house.send_raw(*commands)
    await post.consumer().step(HOLDER)
    assert await post.raw_replies() == first
    assert await post.waiting() == 0
    assert await house.wallet(0) == PURSE - 500
    await house.assert_sound()


async def test_an_opening_divides_what_is_before_it_from_what_comes_after(house: House, post: Post) -> None:
    table, (one, two, three) = house.tables[0], house.players[:3]
    before, late, new = [house.command(hold(user, table, user % 6, 1)) for user in (one, two, three)]
    await post.append(before)
    await post.put(open_by(1))
    await post.append(late, again(new, epoch=Epoch(2)), again(before, epoch=Epoch(2)))
    await post.consumer().step(HOLDER)
    held, opened, stale, held_too, repeat = await post.replies()
    assert isinstance(opened, ShardOpened)
    assert opened.tables[0].escrow[0].amount == 1
    assert (opened.epoch, stale, repeat) == (2, StaleEpoch(Epoch(2)), held)
    assert isinstance(held_too, BuyInHeld)
    assert set(await house.escrow(0)) == {one % 6, three % 6}


async def test_a_missing_right_waits_for_the_operator_and_buries_nothing(house: House, post: Post) -> None:
    await house.seat(0, 1000, 1000)
    await house.change("REVOKE INSERT ON hand FROM holdem_wallet")
    hand = hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 10)])
    await post.put(hand)
    consumer = post.consumer()
    for _ in range(4):
        with pytest.raises(PostgresRefused):
            await consumer.step(HOLDER)
    await house.change("GRANT INSERT ON hand TO holdem_wallet")
    await consumer.step(HOLDER)
    assert await post.replies() == [HandSettled(hand.table_id, hand.hand_id, 1)]
    assert not await house.is_halted(0)


async def test_a_silent_worker_is_replaced_and_its_next_write_refused(house: House, post: Post) -> None:
    await post.free_the_term()
    first, second = post.consumer(), post.consumer()
    await first.step("first")
    await post.put(hold(house.players[0], house.tables[0], 0, 100))
    await second.step("second")
    assert (await post.waiting(), second.term.number) == (1, None)
    await post.age_the_term()
    await second.step("second")
    assert (await post.waiting(), len(await post.replies())) == (0, 1)
    await post.put(hold(house.players[1], house.tables[0], 1, 100))
    with pytest.raises(TermLost):
        await first.step("first")
    assert await post.waiting() == 1
    assert await house.escrow(0) == {0: 100}


async def test_a_redis_that_starts_again_loses_and_doubles_nothing(house: House, tmp_path: Path) -> None:
    table, user, stopping = house.tables[0], house.players[0], trio.Event()
    with valkey_server(tmp_path, 0) as server:
        async with open_redis(server.settings) as redis, trio.open_nursery() as nursery:
            post = Post(house, redis)
            await post.put(*[hold(user, table, 0, 1)] * 10)
            nursery.start_soon(post.consumer().run, HOLDER, stopping)
            await _wait_for_replies(post, 10)
            await trio.to_thread.run_sync(_stop, server)
            with valkey_server(tmp_path, server.settings.port):
                await _wait_for_replies(post, 10)
                await _put_ten(post, user, table)
                await _wait_for_replies(post, 20)
                stopping.set()
                with trio.fail_after(10):
                    while nursery.child_tasks:  # noqa: ASYNC110
                        await trio.sleep(0.01)
    assert await house.escrow(0) == {0: 20}
    await house.assert_sound()


async def _put_ten(post: Post, user: UserId, table: TableId) -> None:
    """Append as a node does: again and again under the same id, until Redis has it."""
    for command in [post.house.command(hold(user, table, 0, 1)) for _ in range(10)]:
        with trio.fail_after(10):
            while not await _is_appended(post, command):  # noqa: ASYNC110
                await trio.sleep(0.01)


async def _is_appended(post: Post, command: LedgerCommand) -> bool:
    try:
        with redis_errors():
            await post.append(command)
    except RedisAway:
        return False
    return True


async def _wait_for_replies(post: Post, how_many: int) -> None:
    with trio.fail_after(20):
        while await _count_replies(post) < how_many:  # noqa: ASYNC110
            await trio.sleep(0.01)


async def _count_replies(post: Post) -> int:
    try:
        with redis_errors():
            return len(await post.replies())
    except RedisAway:
        return 0


def _stop(server: EmbeddedValkey) -> None:
    os.kill(server.pid, signal.SIGTERM)
    os.waitpid(server.pid, 0)
