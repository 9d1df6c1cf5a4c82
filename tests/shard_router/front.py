"""A running router with what nodes would have written, and a client that talks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import trio
from attrs import evolve, frozen

from cardroom.ids import BootNonce, NodeId, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import free_port
from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.service.rate_limits import LimitSettings
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import Bind, PostgresSettings, RedisSettings, Secret
from cardroom.wire import keys
from cardroom.wire.presence import (
    CHANGE_AFTER,
    LOBBY_AT,
    NodeAnnouncement,
    SeatSummary,
    TableSummary,
    announcement_codec,
    summary_codec,
)
from shard_router.app import serve_router
from shard_router.settings import HashingSettings, RouterSettings
from tests.fakes.conformity import watch_client

TICKET_KEY = "k" * 32
FACTOR_KEY = "f" * 32
SHARDS = (ShardId(0), ShardId(1))
NODE = NodeId("node-1")
BOOT = BootNonce("a" * 32)
PLAYER_URL = "ws://127.0.0.1:9001/play"
PASSWORD = "correct horse"

CHEAP = HashingSettings(memory_kib=64, time_cost=1, lanes=1, threads=2, waiting=64, niceness=0)


def router_settings(database: PostgresSettings, redis: RedisSettings) -> RouterSettings:
    return RouterSettings(
        http=Bind("127.0.0.1", free_port()),
        redis=redis,
        postgres=database,
        shards=SHARDS,
        ticket_key=Secret(TICKET_KEY),
        factor_key=Secret(FACTOR_KEY),
        hashing=CHEAP,
        limits=LimitSettings(exempt=("127.0.0.0/8",)),
        session_seconds=3600,
        lobby_seconds=0.0,
        watch_seconds=0.05,
        start_seconds=2.0,
    )


def table_summary(number: int, shard: int = 0, *users: int) -> TableSummary:
    return TableSummary(
        table_id=TableId(number),
        shard=ShardId(shard),
        name=f"Table {number}",
        stake="50/100",
        small_blind=Krw(50),
        big_blind=Krw(100),
        min_buy_in=Krw(4_000),
        max_buy_in=Krw(10_000),
        seat_count=6,
        seats=tuple(SeatSummary(SeatIndex(seat), UserId(user)) for seat, user in enumerate(users)),
        hand_no=7,
        is_private=False,
        waiting=2,
    )


@frozen
class NodeHand:
    """Writes into Redis as a node does."""

    redis: Redis

    async def announce(self, node: NodeId = NODE, boot: BootNonce = BOOT, url: str = PLAYER_URL) -> None:
        announcement = NodeAnnouncement(node, boot, url, connections=0, connection_limit=600)
        await self.redis.set(keys.node(node), announcement_codec().encode(announcement), px=60_000)

    async def hold(
        self, shard: int, epoch: int = 1, *, node: NodeId = NODE, boot: BootNonce = BOOT, ms: int = 60_000
    ) -> None:
        key = keys.lease(ShardId(shard))
        fields = {"node": node, "boot": boot, "epoch": str(epoch), "counter": "1"}
        await self.redis.hset(key, {name.encode(): value.encode() for name, value in fields.items()})
        await self.redis.pexpire(key, ms)

    async def publish(self, *tables: TableSummary) -> None:
        """Tell of tables."""
        for table in tables:
            await self.write(table.shard, table.table_id, summary_codec().encode(table))

    async def write(self, shard: ShardId, table_id: TableId, data: bytes) -> None:
        """Write what became of a table into hash and stream; nothing removes it."""
        lobby, name = keys.lobby(shard), str(table_id).encode()
        after = await self.redis.hget(lobby, LOBBY_AT) or b""
        entry = await self.redis.xadd(keys.lobby_changes(shard), {CHANGE_AFTER: after, name: data})
        assert entry is not None
        await (self.redis.hset(lobby, {name: data}) if data else self.redis.hdel(lobby, [name]))
        await self.redis.hset(lobby, {LOBBY_AT: entry})

    async def open_both_shards(self) -> None:
        await self.announce()
        await self.hold(0)
        await self.hold(1)


@frozen
class Front:
    """A router that serves, and one client."""

    settings: RouterSettings
    http: httpx.AsyncClient
    node: NodeHand

    async def post(self, path: str, body: Any = None, token: str | None = None) -> httpx.Response:
        return await self.http.post(path, json=body, headers=bearer(token))

    async def get(self, path: str, token: str | None = None) -> httpx.Response:
        return await self.http.get(path, headers=bearer(token))

    async def register(self, nickname: str = "Alice") -> httpx.Response:
        body = {"nickname": nickname, "email": f"{nickname}@example.com", "password": PASSWORD}
        return await self.post("/api/v1/auth/register", body)

    async def log_in(self, nickname: str = "Alice") -> str:
        """Register and log in; gives the token."""
        await self.register(nickname)
        body = {"email": f"{nickname}@example.com", "password": PASSWORD}
        answer = await self.post("/api/v1/auth/login", body)
        return str(answer.json()["token"])


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Give status and code of a refusal, which must have the shape of all refusals."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:holdem:refusal:{body['code']}"
    return answer.status_code, body["code"]


@asynccontextmanager
async def open_front(settings: RouterSettings, log: Log) -> AsyncIterator[Front]:
    """Run a router; it must stop in time at the end."""
    stopping = trio.Event()
    async with trio.open_nursery() as nursery, open_redis(settings.redis) as redis:
        await nursery.start(serve_router, settings, log, stopping)
        url = f"http://{settings.http.host}:{settings.http.port}"
        async with httpx.AsyncClient(base_url=url, timeout=10.0, trust_env=False) as http:
            await watch_client(http, "/openapi.json")
            yield Front(settings, http, NodeHand(redis))
        stopping.set()
        nursery.cancel_scope.deadline = trio.current_time() + 5


def with_hashing(settings: RouterSettings, **changes: int) -> RouterSettings:
    return evolve(settings, hashing=evolve(settings.hashing, **changes))
