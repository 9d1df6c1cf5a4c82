"""Builds the router's objects and runs its tasks."""

from typing import Final

import trio
from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.addresses import TrustedProxies
from cardroom.service.entry import add_player_addresses
from cardroom.service.http import add_health_pages, add_metrics_page, serve_http
from cardroom.service.logins import LoginLookup
from cardroom.service.logs import Log
from cardroom.service.metrics import probe_loop_lag
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.run import notify_supervisor
from shard_router.api.auth import Auth, add_auth_pages
from shard_router.api.entry import EntryCheck
from shard_router.api.http import make_router_app
from shard_router.api.lobby import add_lobby_pages
from shard_router.api.lobby_feed import LobbyFeed
from shard_router.api.lobby_lines import LobbyLines
from shard_router.api.lobby_live import add_live_pages
from shard_router.api.my_seats import add_seat_pages
from shard_router.api.quick_seat import SeatFinder, add_quick_seat_pages
from shard_router.api.tickets import TicketOffice, add_ticket_pages
from shard_router.settings import RouterSettings
from shard_router.store.accounts import Accounts
from shard_router.store.extra_tables import ExtraTables
from shard_router.store.games import Games, read_games
from shard_router.store.keeper import Keeper
from shard_router.store.logins import Logins
from shard_router.store.nodes import DirectoryCache, Nodes
from shard_router.store.orders import Orders
from shard_router.store.passwords import Passwords
from shard_router.store.purge import purge_sessions
from shard_router.store.reserved_seats import ReservedSeats
from shard_router.store.servers import ServerWatch

_STOP_SECONDS: Final = 2.5


async def serve_router(
    settings: RouterSettings,
    log: Log,
    stopping: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until ``stopping``; then let running requests end, within a limit, and close both servers.

    Neither server needs to be there: pages that need it answer 503 until it is. Raises ``BadSettings`` if the
    file of the games cannot be used.
    """
    games = None if settings.stakes_file is None else read_games(settings.stakes_file)
    async with (
        open_postgres(settings.postgres, must_answer=False) as postgres,
        open_redis(settings.redis) as redis,
        trio.open_nursery() as background,
    ):
        watch = ServerWatch(postgres, redis, settings.watch_seconds, log)
        lookup = LoginLookup(redis, postgres, settings.lookup)
        logins = Logins(lookup, postgres, settings.session_seconds)
        lobby = build_lobby(settings, redis, log)
        tables = build_tables(settings, redis, lobby, games, log)
        app = build_app(settings, postgres, tables, logins, watch, log)
        background.start_soon(probe_loop_lag)
        background.start_soon(lobby.nodes.picture.follow)
        background.start_soon(lobby.feed.run)
        background.start_soon(watch.watch)
        background.start_soon(purge_sessions, logins, settings.purge, log)
        background.start_soon(
            Keeper(redis, lobby.cache, tables.extra, tables.seats, settings.keeper, log).run
        )
        async with trio.open_nursery() as serving:
            await serving.start(serve_http, app, settings.http, stopping)
            log.info("router.serving", host=settings.http.host, port=settings.http.port)
            task_status.started()
            background.start_soon(_say_ready, watch, settings.start_seconds)
            await stopping.wait()
            log.info("router.stopping")
            lobby.feed.stop()
            serving.cancel_scope.deadline = trio.current_time() + _STOP_SECONDS
        background.cancel_scope.cancel()
    log.info("router.stopped")


@frozen
class LobbyParts:
    """What knows the lobby, and who tells of it."""

    nodes: Nodes
    cache: DirectoryCache
    lines: LobbyLines
    feed: LobbyFeed


def build_lobby(settings: RouterSettings, redis: Redis, log: Log) -> LobbyParts:
    """Make what follows the lobby; it runs by ``picture.follow`` and ``feed.run``."""
    nodes, lines = Nodes(redis, settings.shards, log), LobbyLines()
    cache = DirectoryCache(nodes, settings.lobby_seconds, settings.lobby_stale_seconds)
    return LobbyParts(nodes, cache, lines, LobbyFeed(nodes, cache, lines, settings.live))


@frozen
class TableParts:
    """What gives out seats at tables, and has more of them opened."""

    lobby: LobbyParts
    redis: Redis
    extra: ExtraTables
    seats: ReservedSeats
    games: Games | None


def build_tables(
    settings: RouterSettings, redis: Redis, lobby: LobbyParts, games: Games | None, log: Log
) -> TableParts:
    """Make what gives out seats."""
    orders = Orders(redis, log)
    return TableParts(
        lobby=lobby,
        redis=redis,
        extra=ExtraTables(redis, lobby.nodes, orders, settings.quick_seat.fresh_seconds, log),
        seats=ReservedSeats(redis, settings.quick_seat.reserve_seconds),
        games=games,
    )


def build_app(
    settings: RouterSettings,
    postgres: Postgres,
    tables: TableParts,
    logins: Logins,
    watch: ServerWatch,
    log: Log,
) -> QuartTrio:
    """Give the app with all its pages."""
    accounts, lobby = Accounts(postgres), tables.lobby
    app = make_router_app(log)
    add_player_addresses(app, TrustedProxies(settings.trusted_proxies))
    add_auth_pages(app, Auth(accounts, Passwords(settings.hashing), logins, log))
    add_lobby_pages(app, lobby.cache, lobby.lines)
    add_live_pages(app, lobby.feed, settings.live.beat_seconds)
    add_seat_pages(app, lobby.cache, logins)
    office = TicketOffice(EntryCheck(accounts), lobby.nodes, lobby.cache, settings.ticket_key)
    add_ticket_pages(app, office, logins)
    finder = SeatFinder(tables.redis, office, tables.extra, tables.seats, tables.games, settings.quick_seat)
    add_quick_seat_pages(app, finder, logins)
    add_health_pages(app, watch.health)
    add_metrics_page(app)
    return app


async def _say_ready(watch: ServerWatch, seconds: float) -> None:
    """Tell the supervisor when both servers have answered, or after ``seconds`` without them."""
    with trio.move_on_after(seconds):
        await watch.all_answered.wait()
    notify_supervisor("READY=1")
