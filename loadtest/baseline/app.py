"""Builds the baseline: FastAPI on uvicorn, Redis between its parts, PostgreSQL behind them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from attrs import frozen
from fastapi import FastAPI
from redis.asyncio import Redis
from starlette.responses import Response

from loadtest.baseline.accounts import Accounts, refuse
from loadtest.baseline.channel import Channel
from loadtest.baseline.floor import Floor, FloorPlan
from loadtest.baseline.metrics import render_metrics
from loadtest.baseline.sockets import Sockets
from loadtest.baseline.store import Store, open_store
from loadtest.baseline.table import Denied


@frozen
class Options:
    """How the baseline is started; ``port`` is its own."""

    port: int
    redis_port: int
    dsn: str
    floor: FloorPlan


def make_app(options: Options) -> "FastAPI":
    """Give the application; it connects when it is started."""

    @asynccontextmanager
    async def run(app: "FastAPI") -> AsyncIterator[None]:
        redis = Redis(host="127.0.0.1", port=options.redis_port)
        async with redis, open_store(options.dsn) as store:
            channel = Channel(redis)
            _add_routes(app, options, store, redis, channel)
            started = asyncio.Event()
            forwarding = asyncio.create_task(channel.forward(started))
            await started.wait()
            try:
                yield
            finally:
                forwarding.cancel()
                with suppress(asyncio.CancelledError):
                    await forwarding

    app = FastAPI(lifespan=run, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(Denied, refuse)
    return app


def _add_routes(app: "FastAPI", options: Options, store: Store, redis: "Redis", channel: Channel) -> None:
    floor = Floor(options.floor, store, channel)
    sockets = Sockets(floor, channel, redis)
    url = f"ws://127.0.0.1:{options.port}/table"
    accounts = Accounts(store, redis, floor, sockets, url)

    async def count() -> dict[str, int | bool]:
        money = await store.count_money()
        return {
            "actions": floor.actions,
            "hands": floor.hands,
            "hands_booked": money.hands,
            "is_balanced": money.is_balanced,
            "messages_out": channel.messages_out,
        }

    app.add_route("/api/v1/auth/register", accounts.register, methods=["POST"])
    app.add_route("/api/v1/auth/login", accounts.log_in, methods=["POST"])
    app.add_route("/api/v1/tables", accounts.lobby, methods=["GET"])
    app.add_route("/api/v1/me/seats", accounts.seats, methods=["GET"])
    app.add_route("/api/v1/tables/{table_id:int}/ticket", accounts.ticket, methods=["POST"])

    async def show_metrics() -> "Response":
        return Response(render_metrics(floor.actions), media_type="text/plain")

    app.add_api_route("/count", count)
    app.add_api_route("/metrics", show_metrics, response_model=None)
    app.add_api_websocket_route("/table", sockets.serve)
