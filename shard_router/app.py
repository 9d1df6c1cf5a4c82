"""Builds the router's objects and runs its tasks."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import trio
from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.admins import AdminBook
from cardroom.service.entry import Entry, add_entry, make_entry
from cardroom.service.http import add_health_pages, add_metrics_page, serve_http
from cardroom.service.logins import LoginLookup
from cardroom.service.logs import Log
from cardroom.service.mail import make_mailer
from cardroom.service.metrics import probe_loop_lag
from cardroom.service.openapi import About, is_for_everybody
from cardroom.service.openapi_served import add_documents
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.run import notify_supervisor
from shard_router.api.admin import make_admin_app
from shard_router.api.admin_services import AdminServices
from shard_router.api.auth import Desk, add_auth_pages
from shard_router.api.entry import EntryCheck
from shard_router.api.http import make_router_app
from shard_router.api.lobby import add_lobby_pages
from shard_router.api.lobby_feed import LobbyFeed
from shard_router.api.lobby_lines import LobbyLines
from shard_router.api.lobby_live import add_live_pages
from shard_router.api.my_seats import add_seat_pages
from shard_router.api.passwords import add_password_pages
from shard_router.api.protection import ProtectionDesk, add_protection_pages
from shard_router.api.quick_seat import SeatFinder, add_quick_seat_pages
from shard_router.api.second_factor import add_second_factor_pages
from shard_router.api.sessions import add_session_pages
from shard_router.api.tickets import TicketOffice, add_ticket_pages
from shard_router.settings import RouterSettings
from shard_router.store.accounts import Accounts
from shard_router.store.cluster import Cluster
from shard_router.store.extra_tables import ExtraTables
from shard_router.store.factor_seal import FactorSeal
from shard_router.store.factors import SecondFactors
from shard_router.store.failures import Failures
from shard_router.store.games import Games, read_games
from shard_router.store.keeper import Keeper
from shard_router.store.logins import Logins, SessionRules
from shard_router.store.nodes import DirectoryCache, Nodes
from shard_router.store.orders import Orders
from shard_router.store.passwords import Passwords
from shard_router.store.post import Post
from shard_router.store.protection import PlayerTermsStore
from shard_router.store.purge import purge_expired
from shard_router.store.registrations import Registrations
from shard_router.store.reserved_seats import ReservedSeats
from shard_router.store.servers import ServerWatch

_STOP_SECONDS: Final = 2.5
_POST_SECONDS: Final = 1.0
"""So long mails that were promised are waited for."""
_PUBLIC_PAGES: Final = About(
    "Card room",
    "Accounts, the lobby, and ways to tables. Amounts are whole won. What is said at a table goes over a"
    " WebSocket; AsyncAPI describes it.",
    shows=is_for_everybody,
)


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
        desk = build_desk(settings, postgres, redis, log)
        entry = make_entry(settings.entry, postgres, redis, log)
        lobby = build_lobby(settings, redis, log)
        tables = build_tables(settings, redis, lobby, games, log)
        app = build_app(settings, tables, desk, watch, entry, log)
        await background.start(entry.run)
        for task in (probe_loop_lag, watch.watch, *_beside(settings, tables, desk, log)):
            background.start_soon(task)
        async with trio.open_nursery() as serving:
            await serving.start(serve_http, app, settings.http, stopping)
            if settings.admin is not None:
                admin_app = build_admin_app(settings, redis, desk, lobby.nodes, watch)
                await serving.start(serve_http, admin_app, settings.admin, stopping)
            log.info("router.serving", host=settings.http.host, port=settings.http.port)
            task_status.started()
            background.start_soon(_say_ready, watch, settings.start_seconds)
            await stopping.wait()
            log.info("router.stopping")
            lobby.feed.stop()
            serving.cancel_scope.deadline = trio.current_time() + _STOP_SECONDS
        if desk.post is not None:
            with trio.move_on_after(_POST_SECONDS):
                await desk.post.drain()
        background.cancel_scope.cancel()
    log.info("router.stopped")


def _beside(
    settings: RouterSettings, tables: "TableParts", desk: Desk, log: Log
) -> Sequence[Callable[[], Awaitable[None]]]:
    """Give what goes on beside serving."""
    lobby = tables.lobby
    keeper = Keeper(tables.redis, lobby.cache, tables.extra, tables.seats, settings.keeper, log)
    purging = partial(purge_expired, desk.logins, desk.registrations, settings.purge, log)
    return [lobby.run, keeper.run, purging, *([desk.post.work] if desk.post is not None else [])]


@frozen
class LobbyParts:
    """What knows the lobby, and who tells of it."""

    nodes: Nodes
    cache: DirectoryCache
    lines: LobbyLines
    feed: LobbyFeed

    async def run(self) -> None:
        """Hear of changes and tell of them until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.nodes.picture.follow)
            nursery.start_soon(self.feed.run)


def build_lobby(settings: RouterSettings, redis: Redis, log: Log) -> LobbyParts:
    """Make what follows the lobby; it runs by ``picture.follow`` and ``feed.run``."""
    nodes, lines = Nodes(redis, settings.shards, log), LobbyLines()
    cache = DirectoryCache(nodes, settings.lobby_seconds, settings.lobby_stale_seconds)
    return LobbyParts(nodes, cache, lines, LobbyFeed(nodes, cache, lines, settings.live))


def build_desk(settings: RouterSettings, postgres: Postgres, redis: Redis, log: Log) -> Desk:
    """Give what knows accounts, sessions and codes."""
    rules = SessionRules(settings.session_seconds, settings.session_limit, settings.step_up_seconds)
    logins = Logins(LoginLookup(redis, postgres, settings.lookup), postgres, rules)
    accounts = Accounts(postgres)
    registrations = Registrations(postgres, settings.mailed_tokens)
    factors = post = None
    if settings.factor_key is not None:
        factors = SecondFactors(postgres, logins, FactorSeal(settings.factor_key))
    if settings.mail is not None:
        both = (settings.mail, settings.mailed_tokens)
        post = Post(make_mailer(settings.mail), both, accounts, registrations, log)
    return Desk(
        postgres=postgres,
        accounts=accounts,
        registrations=registrations,
        passwords=Passwords(settings.hashing),
        logins=logins,
        failures=Failures(redis, settings.failures, settings.ticket_key),
        factors=factors,
        post=post,
        confirms_email=settings.confirm_email,
        log=log,
    )


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
    settings: RouterSettings, tables: TableParts, desk: Desk, watch: ServerWatch, entry: Entry, log: Log
) -> QuartTrio:
    """Give the app with all its pages."""
    lobby = tables.lobby
    app = make_router_app(log)
    add_entry(app, entry)
    add_auth_pages(app, desk)
    add_password_pages(app, desk)
    add_second_factor_pages(app, desk)
    add_session_pages(app, desk)
    add_lobby_pages(app, lobby.cache, lobby.lines)
    add_live_pages(app, lobby.feed, settings.live.beat_seconds)
    add_seat_pages(app, lobby.cache, desk.logins)
    office = TicketOffice(EntryCheck(desk.accounts), lobby.nodes, lobby.cache, settings.ticket_key)
    add_ticket_pages(app, office, desk.logins)
    finder = SeatFinder(tables.redis, office, tables.extra, tables.seats, tables.games, settings.quick_seat)
    add_quick_seat_pages(app, finder, desk.logins)
    limits = ProtectionDesk(PlayerTermsStore(desk.postgres), settings.protection, log)
    add_protection_pages(app, limits, desk.logins)
    add_health_pages(app, watch.health)
    add_metrics_page(app)
    add_documents(app, _PUBLIC_PAGES)
    return app


def build_admin_app(
    settings: RouterSettings, redis: Redis, desk: Desk, nodes: Nodes, watch: ServerWatch
) -> QuartTrio:
    """Give the app for administrators, which stands on a port of its own."""
    assert settings.admins_file is not None, "the settings have both, or none"
    return make_admin_app(
        AdminServices(
            admins=AdminBook(settings.admins_file, desk.log),
            desk=desk,
            cluster=Cluster(redis, settings.shards, desk.log),
            nodes=nodes,
            orders=Orders(redis, desk.log),
            protection=ProtectionDesk(PlayerTermsStore(desk.postgres), settings.protection, desk.log),
            health=watch.health,
            log=desk.log,
        )
    )


async def _say_ready(watch: ServerWatch, seconds: float) -> None:
    """Tell the supervisor when both servers have answered, or after ``seconds`` without them."""
    with trio.move_on_after(seconds):
        await watch.all_answered.wait()
    notify_supervisor("READY=1")
