"""A worker whose servers fail in the middle, and what stands in the stream between two owners."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from cardroom.ids import Epoch, TableId, UserId
from cardroom.local.servers import EmbeddedValkey, valkey_server
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.redis import Redis, RedisAway, open_redis, redis_errors
from cardroom.wire import keys
from cardroom.wire.ledger import (
    BuyInHeld,
    CommandRefused,
    HandSettled,
    LedgerCommand,
    ReopenTable,
    ShardOpened,
    StaleEpoch,
    TableReopened,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import COMMANDS, PURSE, House, again, hand_of, hold, open_by
from tests.wallet_worker.letters import bury_hand, retry_of
from tests.wallet_worker.post import Post
from wallet_worker.ledger.batch import apply_batch
from wallet_worker.ledger.deadletter import retry_letter
from wallet_worker.ledger.entries import Entry, EntryReader
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.store.lock_shard import TermLost
from wallet_worker.store.terms import take_term

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


async def test_replies_that_redis_lost_are_given_again_when_the_node_asks_again(
    house: House, post: Post
) -> None:
    (command,) = await post.put(hold(house.players[0], house.tables[0], 0, 500))
    consumer = post.consumer()
    await consumer.step(HOLDER)
    first = await post.raw_replies()
    await post.redis.flushall()
    await post.append(command)
    await consumer.step(HOLDER)
    assert await post.raw_replies() == first
    assert await house.wallet(0) == PURSE - 500


async def test_an_entry_that_redis_lost_after_it_was_appended_is_carried_out_when_it_comes_again(
    house: House, post: Post
) -> None:
    (command,) = await post.put(hold(house.players[0], house.tables[0], 0, 500))
    await post.redis.delete([keys.commands(house.shard)])
    await post.append(command, command)
    await post.consumer().step(HOLDER)
    first, second = await post.raw_replies()
    assert first == second
    assert await house.wallet(0) == PURSE - 500


async def test_the_old_worker_wakes_before_its_lock_and_changes_nothing(house: House, post: Post) -> None:
    old, entries = await _read_as_old(house, post)
    await _take_over(post)
    with pytest.raises(TermLost):
        await apply_batch(house.tools, house.shard, old, entries)
    assert (await post.waiting(), len(await post.replies())) == (0, 2)
    assert await house.escrow(0) == {0: 100, 1: 100}
    await house.assert_sound()


async def test_the_old_worker_sleeps_with_its_lock_and_the_new_one_waits_and_takes_nothing(
    house: House, post: Post, owner: Postgres
) -> None:
    """Its heartbeat is part of what it commits: who wants its term waits for the lock, and then sees it."""
    old, entries = await _read_as_old(house, post)
    taken: list[int | None] = []

    async def take() -> None:
        await _wait_until_somebody_waits(house, 1)
        taken.append(await take_term(house.database, house.shard, "new", 2.0))

    await post.age_the_term()
    async with trio.open_nursery() as nursery, owner.transaction() as other:
        await other.execute("SELECT id FROM account WHERE kind = 'wallet' FOR UPDATE")
        nursery.start_soon(_apply_and_finish, post, old, entries)
        nursery.start_soon(take)
        await _wait_until_somebody_waits(house, 2)
    assert taken == [None]
    assert (await post.waiting(), len(await post.replies())) == (0, 2)
    assert await house.escrow(0) == {0: 100, 1: 100}


async def test_the_old_worker_dies_with_its_lock_and_the_new_one_does_it_all_once(
    house: House, post: Post, owner: Postgres
) -> None:
    old, entries = await _read_as_old(house, post)
    await post.age_the_term()
    async with trio.open_nursery() as nursery, owner.transaction() as other:
        await other.execute("SELECT id FROM account WHERE kind = 'wallet' FOR UPDATE")
        nursery.start_soon(_apply_and_die, house, old, entries)
        await _wait_until_somebody_waits(house, 1)
        await house.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'holdem_wallet'"
            " AND wait_event_type = 'Lock' AND datname = current_database()"
        )
    assert await house.escrow(0) == {}
    await post.age_the_term()
    await _take_over(post)
    assert (await post.waiting(), len(await post.replies())) == (0, 2)
    assert await house.escrow(0) == {0: 100, 1: 100}
    await house.assert_sound()


async def test_the_old_worker_wakes_between_commit_and_answer_after_the_new_one_has_answered(
    house: House, post: Post
) -> None:
    """Its replies come a second time, the same bytes; what came into the stream meanwhile stays there."""
    old, entries = await _read_as_old(house, post)
    answers = await apply_batch(house.tools, house.shard, old, entries)
    await post.age_the_term()
    await _take_over(post)
    given = await post.raw_replies()
    await post.put(hold(house.players[2], house.tables[0], 2, 100))
    await _stream_of(post).finish(entries, answers)
    assert await post.raw_replies() == [*given, *given]
    assert await post.waiting() == 1
    assert await house.escrow(0) == {0: 100, 1: 100}


async def test_the_old_worker_answers_between_the_new_one_s_reading_and_its_commit(
    house: House, post: Post
) -> None:
    old, entries = await _read_as_old(house, post)
    answers = await apply_batch(house.tools, house.shard, old, entries)
    await post.age_the_term()
    new = await take_term(house.database, house.shard, "new", 2.0)
    assert new is not None
    read_again = await _stream_of(post).read(10, 10)
    await _stream_of(post).finish(entries, answers)
    again_answered = await apply_batch(house.tools, house.shard, new, read_again)
    await _stream_of(post).finish(read_again, again_answered)
    given = await post.raw_replies()
    assert given[:2] == given[2:]
    assert await post.waiting() == 0
    assert await house.escrow(0) == {0: 100, 1: 100}


async def test_an_opening_that_was_committed_but_not_answered_gives_the_same_epoch_to_the_next_worker(
    house: House, post: Post
) -> None:
    (opening,) = await post.put(open_by(1))
    first = await house.send_raw(opening)
    await post.age_the_term()
    await _take_over(post)
    assert await post.raw_replies() == first
    assert await house.number("SELECT epoch FROM shard WHERE id = $1", house.shard) == 2


async def _read_as_old(house: House, post: Post) -> tuple[int, Sequence[Entry]]:
    """Let a worker take the term and read two commands; then it falls asleep."""
    old = await take_term(house.database, house.shard, HOLDER, 60.0)
    assert old is not None
    await post.put(*[hold(house.players[player], house.tables[0], player, 100) for player in (0, 1)])
    entries = await _stream_of(post).read(10, 10)
    assert len(entries) == 2
    return old, entries


async def _take_over(post: Post) -> None:
    """Let another worker serve the stream once the term has aged."""
    await post.age_the_term()
    await post.consumer().step("new")


def _stream_of(post: Post) -> CommandStream:
    return CommandStream(post.redis, post.house.shard, EntryReader(post.house.shard, COMMANDS))


async def _apply_and_finish(post: Post, term: int, entries: Sequence[Entry]) -> None:
    answers = await apply_batch(post.house.tools, post.house.shard, term, entries)
    await _stream_of(post).finish(entries, answers)


async def _apply_and_die(house: House, term: int, entries: Sequence[Entry]) -> None:
    with pytest.raises(PostgresAway):
        await apply_batch(house.tools, house.shard, term, entries)


async def _wait_until_somebody_waits(house: House, how_many: int) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with trio.fail_after(10):
        while await house.number(waiting) < how_many:  # noqa: ASYNC110
            await trio.sleep(0.01)


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


async def test_a_table_s_new_beginning_divides_what_its_owner_sent_before_from_what_comes_after(
    house: House, post: Post
) -> None:
    number, _ = await bury_hand(house)
    await retry_letter(house.tools, retry_of(number))
    top_up, reopen = hold(house.players[0], house.tables[0], 0, 5), ReopenTable(house.tables[0])
    await post.put(top_up, reopen, top_up, hold(house.players[2], house.tables[1], 2, 5))
    await post.consumer().step(HOLDER)
    before, reopened, after, other = await post.replies()
    assert before == CommandRefused(Refusal.TABLE_HALTED)
    assert isinstance(reopened, TableReopened)
    assert [one.amount for one in reopened.table.escrow] == [900, 1095]
    assert isinstance(after, BuyInHeld)
    assert (after.escrow, type(other)) == (905, BuyInHeld)
    await house.assert_sound()


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
