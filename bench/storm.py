"""How long until 500 players are back after all their connections broke: ``python -m bench.storm``.

A whole cluster runs, and bots play at the tables of the node that is stormed. The players are in this
process, the node in another. They watch tables up to the cut, then connect again within one second, each with
the token of the broken connection and the number of the last event that it brought.
"""

import io
import json
import random
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import trio
from attrs import define, field, frozen

from cardroom.client import ClientLimits, open_account
from cardroom.client.socket import open_socket
from cardroom.ids import Epoch, NodeId, ShardId, TableId, UserId
from cardroom.local.cluster import Cluster, open_processes, open_servers
from cardroom.local.console import Console
from cardroom.local.patience import Patience
from cardroom.local.plan import BotPlan, ClusterPlan, TablePlan
from cardroom.local.play import Round
from cardroom.local.ports import VALKEY, free_ports
from cardroom.local.processes import Workplace
from cardroom.local.record import claim_folder
from cardroom.service.redis import open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TICKET_LIFE_MS, TableTicket, sign_ticket
from cardroom.wire.player import Hello, Leave, Resume
from cardroom.wire.presence import NodeAnnouncement, announcement_codec, read_lease
from cardroom.wire.table import Refused, Snapshot, TableEvent, Welcome
from node.sessions.admission import wall_clock_ms

PLAYERS = 500
WITHIN_SECONDS = 1.0
ROUNDS = 2
NODE = NodeId("node-1")
SHARDS = (0, 2)
TABLES = tuple(TablePlan(shard=SHARDS[n % 2], name=f"Storm {n + 1}", stake="low") for n in range(8))
BOTS = BotPlan(players=24, think_ms="500-1500")
LIMITS = ClientLimits(connect_seconds=30.0, answer_seconds=30.0)
FIRST_USER = 1_000_000

Held = tuple[ShardId, Epoch]
"""By what a node plays a table."""


@asynccontextmanager
async def open_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """Run a cluster whose bots play, all at tables of one node."""
    plan = ClusterPlan(project=Path.cwd(), folder=folder, ports=free_ports(), tables=TABLES, bots=BOTS)
    plan.logs.mkdir()
    console = Console(io.StringIO())
    with claim_folder(folder) as (record, _):
        workplace = Workplace(plan.project, plan.logs, record, console.say)
        async with (
            open_servers(plan, workplace, Patience()) as servers,
            open_processes(servers) as cluster,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(Round(cluster, console).play, "storm", None)
            yield cluster
            nursery.cancel_scope.cancel()


async def wait_until_playing(cluster: Cluster) -> Sequence[TableId]:
    """Wait until bots play; give the tables."""
    async with open_account(cluster.router_url) as account:
        with trio.fail_after(60):
            while True:
                lobby = await account.lobby()
                if sum(table.hand_no > 0 for table in lobby) >= BOTS.players // 6:
                    return [table.table_id for table in lobby]
                await trio.sleep(0.2)


async def find_node(cluster: Cluster) -> tuple[NodeAnnouncement, Mapping[TableId, Held]]:
    """Read what the node says of itself, and what it holds each table by: tickets name both."""
    port = cluster.servers.plan.ports[VALKEY]
    held: dict[TableId, Held] = {}
    async with open_redis(RedisSettings(host="127.0.0.1", port=port)) as redis:
        announced = await redis.get(keys.node(NODE))
        assert isinstance(announced, bytes), "the node is up"
        for shard in map(ShardId, SHARDS):
            lease = read_lease(dict(await redis.hgetall(keys.lease(shard))))
            assert lease is not None, "the node holds every shard"
            for table_id in await redis.hgetall(keys.lobby(shard)):
                held[TableId(int(table_id))] = (shard, lease.epoch)
    return announcement_codec().decode(announced), held


@frozen
class Place:
    """Where the storm is."""

    node: NodeAnnouncement
    held: Mapping[TableId, Held]
    tables: Sequence[TableId]
    ticket_key: str

    def watcher(self, number: int) -> "Watcher":
        """Give one of the players, who are spread over all tables."""
        table_id = self.tables[number % len(self.tables)]
        shard, epoch = self.held[table_id]
        ticket = TableTicket(
            ticket_id=str(uuid4()),
            user_id=UserId(FIRST_USER + number),
            nickname=f"stormy-{number}",
            table_id=table_id,
            node=self.node.node,
            boot=self.node.boot,
            expires_unix_ms=wall_clock_ms() + TICKET_LIFE_MS,
            shard=shard,
            epoch=epoch,
        )
        return Watcher(table_id, sign_ticket(ticket, self.ticket_key))


@define
class Watcher:
    """A player who follows a table, is cut off, and comes back."""

    table_id: TableId
    ticket: str
    token: str = ""
    last_seq: int | None = None
    seconds: float = 0.0
    """How long it took until the table answered."""
    is_here: trio.Event = field(factory=trio.Event)

    def _first_message(self) -> Hello | Resume:
        return Resume(self.token, self.last_seq) if self.token else Hello(self.ticket, "")

    async def follow(self, url: str) -> None:
        """Connect by ticket or token, and follow the table until cancelled: that cuts the connection.

        The player is here when a request to the table is answered, and with that all is read that was missed.
        """
        began = trio.current_time()
        async with open_socket(url, Encoding.MSGPACK, LIMITS) as socket:
            await socket.send(self._first_message())
            self.token = (await socket.receive_first(Welcome)).resume
            await socket.send(Leave(1, self.table_id, after_hand=False))
            while True:
                match await socket.receive():
                    case Snapshot(table_seq=table_seq) | TableEvent(table_seq=table_seq):
                        self.last_seq = table_seq
                    case Refused(request_id=1):
                        self.seconds = trio.current_time() - began
                        self.is_here.set()

    async def come_back(self, url: str, after_seconds: float) -> None:
        """Connect again after a while."""
        await trio.sleep(after_seconds)
        await self.follow(url)


async def storm(place: Place, seed: int) -> tuple[float, float]:
    """Let all players watch, cut all connections, let all come back.

    Gives the seconds from the first until the last one is back, and how long one of them took in the median.
    """
    draw = random.Random(seed)  # noqa: S311 - a bench repeats itself
    url = place.node.player_url
    watchers = [place.watcher(number) for number in range(PLAYERS)]
    async with trio.open_nursery() as watching:
        for watcher in watchers:
            watching.start_soon(watcher.follow, url)
        await _wait_for(watchers)
        watching.cancel_scope.cancel()
    for watcher in watchers:
        watcher.is_here = trio.Event()
    async with trio.open_nursery() as coming_back:
        began = trio.current_time()
        for watcher in watchers:
            coming_back.start_soon(watcher.come_back, url, draw.uniform(0.0, WITHIN_SECONDS))
        await _wait_for(watchers)
        seconds = trio.current_time() - began
        coming_back.cancel_scope.cancel()
    return seconds, statistics.median(watcher.seconds for watcher in watchers)


async def _wait_for(watchers: Sequence[Watcher]) -> None:
    with trio.fail_after(60):
        for watcher in watchers:
            await watcher.is_here.wait()


async def _measure() -> Mapping[str, float]:
    with TemporaryDirectory(prefix="holdem-") as folder:
        async with open_cluster(Path(folder)) as cluster:
            tables = await wait_until_playing(cluster)
            place = Place(*await find_node(cluster), tables, cluster.servers.credential("ticket_key"))
            storms = [await storm(place, seed) for seed in range(ROUNDS)]
    return {
        "storm_500_s": round(statistics.median(seconds for seconds, _ in storms), 2),
        "storm_500_each_s": round(statistics.median(each for _, each in storms), 3),
    }


def measure() -> Mapping[str, float]:
    """Storm a node several times; every number is the median of the rounds."""
    return trio.run(_measure)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(measure())) + "\n")
