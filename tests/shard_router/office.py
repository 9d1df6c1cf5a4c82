"""The router's pages for administrators over real servers, and a node that answers orders as it is told."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import frozen
from quart_trio import QuartTrio

from cardroom.ids import NodeId, UserId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.orders import (
    OrderAnswer,
    OrderOutcome,
    TableOrder,
    order_answer_codec,
    order_codec,
)
from shard_router.api.admin import make_admin_app
from shard_router.api.admin_services import AdminServices
from shard_router.api.auth import Desk
from shard_router.api.protection import ProtectionDesk
from shard_router.app import build_desk
from shard_router.settings import RouterSettings
from shard_router.store.cluster import Cluster
from shard_router.store.logins import NewLogin, Origin
from shard_router.store.nodes import Nodes
from shard_router.store.orders import Orders
from shard_router.store.protection import PlayerTermsStore
from tests.cardroom.service.people import TOKEN_OF, open_book
from tests.fakes.conformity import watch_answers
from tests.shard_router.front import NODE, NodeHand, router_settings

Carry = Callable[[TableOrder], OrderOutcome]
"""What a node does with an order."""

WHY: Mapping[str, str] = {"reason": "for a test", "idempotency_key": "k1"}


@frozen
class Office:
    """The pages, what stands behind them, and what nodes write into Redis."""

    app: QuartTrio
    desk: Desk
    node: NodeHand
    redis: Redis
    owner: Postgres

    async def ask(
        self, method: str, path: str, body: Any = None, role: str = "owner", token: str | None = None
    ) -> tuple[int, Any]:
        """Ask in a role; gives the status and the answer's JSON."""
        headers = {"Authorization": f"Bearer {token or TOKEN_OF[role]}"}
        answer = await self.app.test_client().open(path, method=method, json=body, headers=headers)
        return answer.status_code, await answer.get_json()

    async def get(self, path: str, role: str = "owner") -> Any:
        """Ask for a page that is there."""
        status, found = await self.ask("GET", path, role=role)
        assert status == 200, found
        return found

    async def register(self, nickname: str) -> UserId:
        user_id = await self.desk.accounts.register(nickname, f"{nickname}@example.com", "hash")
        assert isinstance(user_id, int)
        return user_id

    async def log_in(self, nickname: str) -> NewLogin:
        found = (await self.desk.accounts.find(f"{nickname}@example.com")).account
        assert found is not None
        return await self.desk.logins.open(found, Origin("192.0.2.7", "a browser"))

    async def actions(self) -> list[tuple[str, str, str, str]]:
        rows = await self.owner.fetch("SELECT admin, action, subject, reason FROM admin_action ORDER BY id")
        return [(row["admin"], row["action"], row["subject"], row["reason"]) for row in rows]


def build_office(
    servers: tuple[PostgresSettings, RedisSettings], pool: Postgres, redis: Redis, owner: Postgres, log: Log
) -> Office:
    settings: RouterSettings = router_settings(*servers)
    desk = build_desk(settings, pool, redis, log)
    services = AdminServices(
        admins=open_book(),
        desk=desk,
        cluster=Cluster(redis, settings.shards, log),
        nodes=Nodes(redis, settings.shards, log),
        orders=Orders(redis, log),
        protection=ProtectionDesk(PlayerTermsStore(pool), settings.protection, log),
        health=dict,
        log=log,
        answer_seconds=1.0,
        everywhere_seconds=1.0,
    )
    app = make_admin_app(services)
    watch_answers(app)
    return Office(app, desk, NodeHand(redis), redis, owner)


@asynccontextmanager
async def node_that(redis: Redis, carry: Carry, node: NodeId = NODE) -> AsyncIterator[list[TableOrder]]:
    """Answer every order that a node is given; gives the orders."""
    given: list[TableOrder] = []

    async def serve() -> None:
        while True:
            found = await redis.blpop([keys.orders(node)], timeout=1)
            if found is not None:
                order = order_codec().decode(found[1])
                given.append(order)
                answer = order_answer_codec().encode(OrderAnswer(order.id, carry(order)))
                await redis.rpush(keys.order_answer(order.id), [answer])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)  # noqa: ASYNC113 (an order waits in its list until it is served)
        yield given
        nursery.cancel_scope.cancel()
