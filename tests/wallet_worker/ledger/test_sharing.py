"""Workers over one database: they share the streams, take over from the dead, and come to rest."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import evolve, frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.wallet_worker.house import COMMANDS, LINK, LOG, REPLIES, House, hold
from tests.wallet_worker.post import SETTINGS, Post
from wallet_worker.ledger.batch import BatchTools
from wallet_worker.ledger.consumer import Consumer
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.ledger.sharing import Sharing
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.store.terms import add_shards

QUICK = evolve(SETTINGS, heartbeat_seconds=0.1)


@frozen
class Worker:
    """A worker's consumers and what shares the streams among them; killed, it says no word."""

    consumers: dict[ShardId, Consumer]
    killing: trio.CancelScope
    stopping: trio.Event

    def held(self) -> set[ShardId]:
        return {shard for shard, one in self.consumers.items() if one.term.number is not None}


@asynccontextmanager
async def working(
    wallet: PostgresSettings, redis: Redis, name: str, shards: Sequence[ShardId]
) -> AsyncIterator[Worker]:
    """Run a worker with a pool of its own until the block ends, then stop it in order."""
    async with open_postgres(wallet) as postgres:
        tools = BatchTools(postgres, REPLIES, LINK)
        consumers = {
            shard: Consumer(
                tools, CommandStream(redis, shard, EntryReader(shard, COMMANDS)), shard, QUICK, LOG
            )
            for shard in shards
        }
        terms = {shard: one.term for shard, one in consumers.items()}
        sharing = Sharing(name, postgres, redis, terms, QUICK, LOG)
        worker = Worker(consumers, trio.CancelScope(), trio.Event())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_run, worker, sharing, name)
            yield worker
            worker.stopping.set()


async def _run(worker: Worker, sharing: Sharing, name: str) -> None:
    with worker.killing:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sharing.run, worker.stopping)
            for consumer in worker.consumers.values():
                nursery.start_soon(consumer.run, name, worker.stopping)


async def counts(*workers: Worker, seconds: float = 15.0, until: Sequence[int]) -> None:
    """Wait until the workers hold so many terms."""
    with trio.move_on_after(seconds):
        while [len(worker.held()) for worker in workers] != list(until):  # noqa: ASYNC110
            await trio.sleep(0.02)
    assert [len(worker.held()) for worker in workers] == list(until)


async def shards_of(house: House, how_many: int) -> list[ShardId]:
    """Give the house's shard, free, and so many more that the test adds."""
    shards = [house.shard, *(ShardId(90_000 + number) for number in range(how_many - 1))]
    await add_shards(house.database, shards)
    await house.change(f"UPDATE shard SET term_holder = NULL WHERE id = {house.shard}")
    return shards


async def terms_begun(house: House) -> int:
    return await house.number("SELECT sum(term) FROM shard")


async def test_two_share_evenly_and_a_third_gets_its_part_and_nothing_moves_then(
    house: House, redis: Redis, wallet_settings: PostgresSettings
) -> None:
    shards = await shards_of(house, 6)
    async with working(wallet_settings, redis, "one", shards) as one:
        await counts(one, until=[6])
        async with working(wallet_settings, redis, "two", shards) as two:
            await counts(one, two, until=[3, 3])
            async with working(wallet_settings, redis, "three", shards) as three:
                await counts(one, two, three, until=[2, 2, 2])
                begun = await terms_begun(house)
                await trio.sleep(10 * QUICK.heartbeat_seconds)
                assert await terms_begun(house) == begun
                assert not one.held() & two.held() | one.held() & three.held() | two.held() & three.held()
            await counts(one, two, seconds=1.5, until=[3, 3])
        await counts(one, seconds=1.5, until=[6])


async def test_who_is_killed_is_replaced_within_a_term_and_a_second(
    house: House, redis: Redis, wallet_settings: PostgresSettings
) -> None:
    shards = await shards_of(house, 4)
    async with (
        working(wallet_settings, redis, "one", shards) as one,
        working(wallet_settings, redis, "two", shards) as two,
    ):
        await counts(one, two, until=[2, 2])
        one.killing.cancel()
        killed_at = trio.current_time()
        with trio.fail_after(15):
            while two.held() != set(shards):  # noqa: ASYNC110
                await trio.sleep(0.02)
        assert trio.current_time() - killed_at < QUICK.term_seconds + 1.0


async def test_commands_are_answered_while_terms_move(
    house: House, redis: Redis, wallet_settings: PostgresSettings
) -> None:
    shards, post = await shards_of(house, 2), Post(house, redis)
    user, table = house.players[0], house.tables[0]
    async with working(wallet_settings, redis, "one", shards) as one:
        await counts(one, until=[2])
        for round_number in range(3):
            async with working(wallet_settings, redis, f"guest {round_number}", shards) as guest:
                for _ in range(20):
                    await post.put(hold(user, table, 0, 1))
                    await trio.sleep(0.02)
                await counts(one, guest, until=[1, 1])
        with trio.fail_after(10):
            while len(await post.replies()) < 60:  # noqa: ASYNC110
                await trio.sleep(0.02)
    assert [getattr(reply, "escrow", None) for reply in await post.replies()] == list(range(1, 61))
    await house.assert_sound()


async def test_a_worker_that_cannot_read_streams_is_not_waited_for(
    house: House, redis: Redis, wallet_settings: PostgresSettings
) -> None:
    shards = await shards_of(house, 2)
    nowhere = RedisSettings("127.0.0.1", 1, connect_seconds=0.2, call_seconds=0.2)
    async with (
        open_redis(nowhere) as broken,
        working(wallet_settings, broken, "broken", shards) as cut_off,
        working(wallet_settings, redis, "whole", shards) as whole,
    ):
        await counts(cut_off, whole, until=[0, 2])


async def test_a_register_that_is_away_is_asked_again(house: House, redis: Redis) -> None:
    await house.change("REVOKE INSERT ON ledger_worker FROM holdem_wallet")
    term = Consumer(
        house.tools,
        CommandStream(redis, house.shard, EntryReader(house.shard, COMMANDS)),
        house.shard,
        QUICK,
        LOG,
    ).term
    stopping = trio.Event()
    await house.change(f"UPDATE shard SET term_holder = NULL WHERE id = {house.shard}")
    async with trio.open_nursery() as nursery:
        sharing = Sharing("one", house.database, redis, {house.shard: term}, QUICK, LOG)
        nursery.start_soon(sharing.run, stopping)
        await trio.sleep(0.3)
        assert await term.hold("one") is None
        await house.change("GRANT INSERT ON ledger_worker TO holdem_wallet")
        with trio.fail_after(5):
            while await term.hold("one") is None:
                pass
        stopping.set()
    assert await house.number("SELECT count(*) FROM ledger_worker") == 0


@pytest.mark.parametrize("seconds", [5.0])
async def test_old_names_are_forgotten(
    house: House, redis: Redis, database: Postgres, seconds: float
) -> None:
    await house.change(
        "INSERT INTO ledger_worker VALUES ('long dead', '{1}', now() - interval '1 hour'),"
        f" ('just dead', '{{1}}', now() - interval '{seconds} s')"
    )
    await Sharing("one", database, redis, {}, QUICK, LOG).look()
    rows = await house.rows("SELECT name FROM ledger_worker ORDER BY name")
    assert [row["name"] for row in rows] == ["just dead", "one"]
