"""PostgreSQL goes away in the middle: at a COMMIT, or as a whole. Nothing is lost, nothing done twice."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trio
from attrs import define, evolve

from cardroom.ids import ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedPostgres, postgres_server
from cardroom.service.postgres import PostgresAway, open_postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import BuyInHeld
from tests.wallet_worker.conftest import settings_of
from tests.wallet_worker.cut_line import Cut, open_cut_line
from tests.wallet_worker.house import PURSE, House, hand_of, hold, open_house
from tests.wallet_worker.post import Post
from wallet_worker.store.migrate import migrate

HOLDER = "test"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose name is short enough for a socket."""
    with TemporaryDirectory(prefix="cut-") as name:
        yield Path(name)


@pytest.mark.parametrize(
    ("cut", "committed"),
    [(Cut.BEFORE_COMMIT, 0), (Cut.AFTER_COMMIT, 1)],
    ids=["before_the_server_has_it", "after_the_server_has_done_it"],
)
async def test_a_commit_that_is_cut_off_is_asked_for_again_and_done_once(
    house: House, redis: Redis, wallet_settings: PostgresSettings, folder: Path, cut: Cut, committed: int
) -> None:
    await house.seat(0, 1000, 1000)
    batches = await house.number("SELECT count(*) FROM batch")
    async with open_cut_line(wallet_settings, folder) as (line, settings), open_postgres(settings) as cut_off:
        post = Post(evolve(house, database=cut_off), redis)
        hand = hand_of(house.tables[0], [(house.players[0], 0, -100), (house.players[1], 1, 100)])
        await post.put(hold(house.players[0], house.tables[0], 0, 500), hand)
        consumer = post.consumer()
        assert await consumer.term.hold(HOLDER) is not None
        line.cut = cut
        with pytest.raises(PostgresAway):
            await consumer.step(HOLDER)
        assert line.breaks == 1
        assert await house.number("SELECT count(*) FROM batch") == batches + committed
        assert (await post.waiting(), await post.replies()) == (2, [])
        await consumer.step(HOLDER)
        held, settled = await post.replies()
        assert (await post.waiting(), type(held)) == (0, BuyInHeld)
        assert settled.__class__.__name__ == "HandSettled"
    assert await house.escrow(0) == {0: 1400, 1: 1100}
    assert await house.number("SELECT count(*) FROM batch") == batches + 1
    await house.assert_sound()


@define
class OwnServer:
    """A PostgreSQL of the test's own, that can be stopped and started again where it stood."""

    folder: Path
    _running: AbstractContextManager[EmbeddedPostgres] | None = None
    _pid: int = 0

    def start(self) -> PostgresSettings:
        running = postgres_server(self.folder)
        server = running.__enter__()
        self._running, self._pid = running, server.pid
        return settings_of(server, "postgres", "postgres")

    def stop(self, *, crashes: bool = False) -> None:
        """End it in order; or at once, so that it has to recover from its log at the next start."""
        if self._running is not None:
            if crashes:
                os.kill(self._pid, signal.SIGQUIT)
            self._running.__exit__(None, None, None)
            self._running = None


@pytest.fixture
def server(folder: Path) -> Iterator[OwnServer]:
    own = OwnServer(folder)
    yield own
    own.stop()


@asynccontextmanager
async def _house_of(settings: PostgresSettings) -> AsyncIterator[House]:
    wallet = evolve(settings, dsn=settings.dsn.replace("//postgres@", "//holdem_wallet@"))
    async with open_postgres(evolve(settings, connections=2)) as owner, open_postgres(wallet) as database:
        yield await open_house(database, owner, ShardId(1))


async def _replies(post: Post, how_many: int) -> None:
    with trio.fail_after(30):
        while len(await post.raw_replies()) < how_many:  # noqa: ASYNC110
            await trio.sleep(0.02)


@pytest.mark.parametrize("crashes", [False, True], ids=["in_order", "by_a_crash"])
async def test_a_postgres_that_ends_and_starts_again_under_a_running_consumer_loses_and_doubles_nothing(
    server: OwnServer, redis: Redis, crashes: bool
) -> None:
    settings = await trio.to_thread.run_sync(server.start)
    await trio.to_thread.run_sync(migrate, settings)
    async with _house_of(settings) as house, trio.open_nursery() as nursery:
        post, stopping = Post(house, redis), trio.Event()
        user, table = house.players[0], house.tables[0]
        nursery.start_soon(post.consumer().run, HOLDER, stopping)
        await post.put(*[hold(user, table, 0, 1)] * 20)
        await _replies(post, 20)
        nursery.start_soon(_put_slowly, post, user, table)
        await trio.sleep(0.2)
        await trio.to_thread.run_sync(partial(server.stop, crashes=crashes))
        await trio.sleep(0.3)
        assert await trio.to_thread.run_sync(server.start) == settings
        await _replies(post, 60)
        stopping.set()
        with trio.fail_after(10):
            while nursery.child_tasks:  # noqa: ASYNC110
                await trio.sleep(0.01)
        assert [getattr(reply, "escrow", None) for reply in await post.replies()] == list(range(1, 61))
        assert await house.wallet(0) == PURSE - 60
        await house.assert_sound()


async def _put_slowly(post: Post, user: UserId, table: TableId) -> None:
    for _ in range(40):
        await post.put(hold(user, table, 0, 1))
        await trio.sleep(0.02)
