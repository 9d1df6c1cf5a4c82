"""Builds the router's objects and runs its tasks."""

from typing import Final

import trio
from quart_trio import QuartTrio

from cardroom.service.http import add_health_pages, add_metrics_page, serve_http
from cardroom.service.logins import LoginLookup
from cardroom.service.logs import Log
from cardroom.service.metrics import probe_loop_lag
from cardroom.service.openapi import About, is_for_administrators, is_for_everybody
from cardroom.service.openapi_served import add_documents
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.run import notify_supervisor
from shard_router.api.auth import Auth, add_auth_pages
from shard_router.api.http import make_router_app
from shard_router.api.lobby import add_lobby_pages
from shard_router.api.protection import ProtectionDesk, add_protection_pages
from shard_router.api.tickets import TicketOffice, add_ticket_pages
from shard_router.settings import RouterSettings
from shard_router.store.accounts import Accounts
from shard_router.store.logins import Logins
from shard_router.store.nodes import DirectoryCache, Nodes
from shard_router.store.passwords import Passwords
from shard_router.store.protection import PlayerTermsStore
from shard_router.store.purge import purge_sessions
from shard_router.store.servers import ServerWatch

_STOP_SECONDS: Final = 2.5
_PUBLIC_PAGES: Final = About(
    "Card room",
    "Accounts, the lobby, and ways to tables. Amounts are whole won. What is said at a table goes over a"
    " WebSocket; AsyncAPI describes it.",
    shows=is_for_everybody,
)
_ADMIN_PAGES: Final = About(
    "Card room: administration",
    "What administrators ask of the whole cluster and order; every order says why.",
    prefix="/admin",
    shows=is_for_administrators,
)


async def serve_router(
    settings: RouterSettings,
    log: Log,
    stopping: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stopping``; then let running requests end, within a limit, and close both servers.

    Neither server needs to be there: pages that need it answer 503 until it is.
    """
    async with (
        open_postgres(settings.postgres, must_answer=False) as postgres,
        open_redis(settings.redis) as redis,
        trio.open_nursery() as background,
    ):
        watch = ServerWatch(postgres, redis, settings.watch_seconds, log)
        lookup = LoginLookup(redis, postgres, settings.lookup)
        logins = Logins(lookup, postgres, settings.session_seconds)
        app = build_app(settings, postgres, redis, logins, watch, log)
        background.start_soon(probe_loop_lag)
        background.start_soon(watch.watch)
        background.start_soon(purge_sessions, logins, settings.purge, log)
        async with trio.open_nursery() as serving:
            await serving.start(serve_http, app, settings.http, stopping)
            log.info("router.serving", host=settings.http.host, port=settings.http.port)
            task_status.started()
            background.start_soon(_say_ready, watch, settings.start_seconds)
            await stopping.wait()
            log.info("router.stopping")
            serving.cancel_scope.deadline = trio.current_time() + _STOP_SECONDS
        background.cancel_scope.cancel()
    log.info("router.stopped")


def build_app(
    settings: RouterSettings, postgres: Postgres, redis: Redis, logins: Logins, watch: ServerWatch, log: Log
) -> QuartTrio:
    """Give the app with all its pages."""
    accounts = Accounts(postgres)
    nodes = Nodes(redis, settings.shards, log)
    cache = DirectoryCache(nodes, settings.lobby_seconds)
    app = make_router_app(log)
    add_auth_pages(app, Auth(accounts, Passwords(settings.hashing), logins, log))
    add_lobby_pages(app, cache, logins)
    add_ticket_pages(app, TicketOffice(accounts, nodes, cache, settings.ticket_key), logins)
    add_protection_pages(app, ProtectionDesk(PlayerTermsStore(postgres), settings.protection, log), logins)
    add_health_pages(app, watch.health)
    add_metrics_page(app)
    add_documents(app, _PUBLIC_PAGES)
    add_documents(app, _ADMIN_PAGES)
    return app


async def _say_ready(watch: ServerWatch, seconds: float) -> None:
    """Tell the supervisor when both servers have answered, or after ``seconds`` without them."""
    with trio.move_on_after(seconds):
        await watch.all_answered.wait()
    notify_supervisor("READY=1")
