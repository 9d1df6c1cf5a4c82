"""A player's seats, from the lobby: the way back, also while a node is away."""

from typing import Final, assert_never

from quart import Response
from quart_trio import QuartTrio

from cardroom.ids import SeatIndex, UserId
from cardroom.service.openapi import PLAYER, Page
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import RouteState, SeatPlace, WhereAmI
from cardroom.wire.presence import TableSummary
from shard_router.api.http import answer, require_login
from shard_router.api.lobby import mark_stale
from shard_router.rules.placement import Closed, Place
from shard_router.store.logins import Logins
from shard_router.store.nodes import Directory, DirectoryCache

_MAX_SEATS_BYTES: Final = 1024 * 1024
_WHERE_AM_I: Final = Codec[WhereAmI](WhereAmI, Encoding.JSON, _MAX_SEATS_BYTES, {})


def add_seat_pages(app: QuartTrio, cache: DirectoryCache, logins: Logins) -> None:
    """Serve ``/api/v1/me/seats``."""

    @app.get("/api/v1/me/seats")
    @Page(tag="tables", who=PLAYER, answers={200: WhereAmI})
    async def seats() -> Response:
        """Say where the player has seats, and which node plays them, also while a node is away."""
        login = await require_login(logins)
        directory = await cache.look()
        return mark_stale(answer(_WHERE_AM_I, list_seats(directory, login.user_id)), directory)


def list_seats(directory: Directory, user_id: UserId) -> WhereAmI:
    """Give every seat of a player, by table id, as far as the lobby says."""
    seats = tuple(
        _write_seat(table, seat, directory.places[table.shard]) for table, seat in directory.seats_of(user_id)
    )
    return WhereAmI(seats, directory.knows_all_tables)


def _write_seat(table: TableSummary, seat: SeatIndex, place: Place | Closed) -> SeatPlace:
    match place:
        case Place():
            return SeatPlace(table.table_id, seat, place.url, place.route, RouteState.PLAYED)
        case Closed.OFFERED | Closed.OPENING | Closed.NODE_RESTARTED:
            return SeatPlace(table.table_id, seat, "", "", RouteState.OPENING)
        case Closed.NOT_HELD | Closed.NODE_SILENT:
            return SeatPlace(table.table_id, seat, "", "", RouteState.AWAY)
        case _ as unreachable:
            assert_never(unreachable)
