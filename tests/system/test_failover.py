"""Money through a wallet worker's consumer while the servers under it fail over: all of it, exactly once."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trio
from attrs import Factory, define, evolve

from cardroom.ids import CommandId, ShardId
from cardroom.local.sentinels import ValkeyGroup, valkey_group
from cardroom.local.standby import PostgresPair, postgres_pair
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import Redis, RedisAway, open_redis, redis_errors
from cardroom.service.settings import PostgresSettings
from cardroom.wire import keys
from cardroom.wire.ledger import BuyInHeld, CashedOut, CommandBody, HandSettled, LedgerCommand, ReplyBody
from tests.wallet_worker.house import BOOT, COMMANDS, PURSE, REPLIES, House, hand_of, hold, leave, open_house
from tests.wallet_worker.post import Post
from wallet_worker.store.migrate import migrate

HANDS = 60
BUY_IN = 20_000
WON = 100


@define
class Node:
    """Sends a command until its reply is here, as a node does: what has no reply is sent again by age."""

    redis: Redis
    house: House
    repeated: int = 0
    settled: int = 0
    replies: dict[CommandId, ReplyBody] = Factory(dict)
    heard: trio.Event = Factory(trio.Event)

    async def ask(self, body: CommandBody) -> ReplyBody:
        command = self.house.command(body)
        with trio.fail_after(60):
            while command.id not in self.replies:
                await self._append(command)
                with trio.move_on_after(1.0):
                    while command.id not in self.replies:
                        await self.heard.wait()
                self.repeated += command.id not in self.replies
        return self.replies[command.id]

    async def _append(self, command: LedgerCommand) -> None:
        try:
            with redis_errors():
                fields = {keys.COMMAND_FIELD: COMMANDS.encode(command)}
                await self.redis.xadd(keys.commands(self.house.shard), field_values=fields)
        except RedisAway:
            await trio.sleep(0.1)

    async def read(self) -> None:
        while True:
            try:
                with redis_errors():
                    found = await self.redis.blpop([keys.replies(self.house.shard, BOOT)], timeout=0.5)
            except RedisAway:
                await trio.sleep(0.1)
                continue
            if found:
                reply = REPLIES.decode(found[1])
                self.replies[reply.id] = reply.body
                self.heard, heard = trio.Event(), self.heard
                heard.set()

    async def play(self, place: int) -> None:
        """Let two players sit down at a table, play hand after hand, which the first one wins, and leave."""
        table, users = self.house.tables[place], self.house.players[2 * place : 2 * place + 2]
        for seat, user in enumerate(users):
            assert isinstance(await self.ask(hold(user, table, seat, BUY_IN)), BuyInHeld)
        hand = None
        for _ in range(HANDS):
            hand = hand_of(table, [(users[0], 0, WON), (users[1], 1, -WON)], hand)
            assert isinstance(await self.ask(hand), HandSettled)
            self.settled += 1
            await trio.sleep(0.02)
        for seat, user in enumerate(users):
            stack = BUY_IN + (1 - 2 * seat) * HANDS * WON
            assert isinstance(await self.ask(leave(user, table, seat, stack)), CashedOut)

    async def until_settled(self, hands: int) -> None:
        while self.settled < hands:
            await self.heard.wait()


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    with TemporaryDirectory(prefix="holdem-") as folder, postgres_pair(Path(folder) / "pair") as pair:
        migrate(PostgresSettings(dsn=pair.dsn))
        yield pair


@pytest.fixture
def group(tmp_path: Path) -> Iterator[ValkeyGroup]:
    with valkey_group(tmp_path) as group:
        yield group


@asynccontextmanager
async def playing(pair: PostgresPair, group: ValkeyGroup) -> AsyncIterator[Node]:
    """Run a consumer and a node that plays at two tables; when both are empty all money must be right."""
    dsn = pair.dsn.replace("//postgres@", "//holdem_wallet@")
    wallet = PostgresSettings(dsn, connections=6, connect_seconds=1.0, call_seconds=2.0, lock_seconds=1.0)
    redis_settings = evolve(group.settings, connect_seconds=0.5, call_seconds=1.0, confirm_seconds=0.5)
    stopping = trio.Event()
    async with (
        open_postgres(wallet) as database,
        open_postgres(evolve(wallet, dsn=pair.dsn)) as owner,
        open_redis(redis_settings) as workers,
        open_redis(redis_settings) as redis,
        trio.open_nursery() as nursery,
    ):
        house = await open_house(database, owner, ShardId(1))
        post = Post(house, workers)
        await post.free_the_term()
        nursery.start_soon(post.consumer().run, "worker", stopping)
        node = Node(redis, house)
        nursery.start_soon(node.read)
        async with trio.open_nursery() as tables:
            tables.start_soon(node.play, 0)
            tables.start_soon(node.play, 1)
            yield node
        await _check(house)
        stopping.set()
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()


async def _check(house: House) -> None:
    wins = [HANDS * WON, -HANDS * WON, HANDS * WON, -HANDS * WON]
    assert [await house.wallet(player) for player in range(4)] == [PURSE + won for won in wins]
    assert await house.number("SELECT count(*) FROM hand") == 2 * HANDS
    assert await house.stored() == 2 * (HANDS + 4), "each command has one outcome"
    assert await house.number("SELECT count(*) FROM dead_letter") == 0
    await house.assert_sound()


@pytest.mark.timeout(180)
async def test_postgres_fails_over_to_its_synchronous_standby(pair: PostgresPair, group: ValkeyGroup) -> None:
    async with playing(pair, group) as node:
        await node.until_settled(20)
        pair.primary.kill()
        await trio.to_thread.run_sync(pair.promote)
        await node.until_settled(50)
        await trio.to_thread.run_sync(pair.add_standby)
        pair.primary.freeze()
        old = await trio.to_thread.run_sync(pair.promote)
        await node.until_settled(80)
        old.kill()


@pytest.mark.timeout(180)
async def test_valkey_fails_over_and_is_emptied(pair: PostgresPair, group: ValkeyGroup) -> None:
    async with playing(pair, group) as node:
        await node.until_settled(20)
        dead = group.primary()
        dead.kill()
        await node.until_settled(50)
        await trio.to_thread.run_sync(group.start, dead)
        await trio.to_thread.run_sync(group.wait_until_whole)
        async with open_redis(group.settings) as other:
            await other.flushall()
        await node.until_settled(80)
        old = group.primary()
        old.freeze()
        await node.until_settled(100)
        old.thaw()
