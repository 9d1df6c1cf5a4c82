"""The list of tables, and a player's seats."""

import gzip
from typing import Final

from attrs import frozen
from quart import Response, request
from quart_trio import QuartTrio

from cardroom.service.openapi import PLAYER, Answer, Page
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import Lobby, LobbyTable, SeatPlace, WhereAmI
from cardroom.wire.presence import TableSummary
from shard_router.api.http import answer, require_login
from shard_router.rules.placement import Place
from shard_router.store.logins import Logins
from shard_router.store.nodes import Directory, DirectoryCache

_MAX_LOBBY_BYTES: Final = 16 * 1024 * 1024
_PACKING_LEVEL: Final = 1
_MAX_SEATS_BYTES: Final = 1024 * 1024

_LOBBY: Final = Codec[Lobby](Lobby, Encoding.JSON, _MAX_LOBBY_BYTES, {})
_WHERE_AM_I: Final = Codec[WhereAmI](WhereAmI, Encoding.JSON, _MAX_SEATS_BYTES, {})


@frozen
class WrittenLobby:
    """The lobby as JSON, and the same packed by gzip: a sixteenth of it, for 0.3 ms."""

    plain: bytes
    packed: bytes


class LobbyPages:
    """Lists the tables; one text for all who see the same directory."""

    def __init__(self, cache: DirectoryCache) -> None:
        self._cache = cache
        self._written: tuple[Directory, WrittenLobby] | None = None

    async def text(self) -> WrittenLobby:
        """Give the lobby, written once for everybody."""
        directory = await self._cache.look()
        if self._written is None or self._written[0] is not directory:
            plain = _LOBBY.encode(list_tables(directory))
            packed = gzip.compress(plain, compresslevel=_PACKING_LEVEL, mtime=0)
            self._written = (directory, WrittenLobby(plain, packed))
        return self._written[1]


def list_tables(directory: Directory) -> Lobby:
    """Write the lobby as players see it, by table id; a private table is shown to nobody."""
    return Lobby(
        tuple(
            _write_line(table, is_open=isinstance(directory.places[table.shard], Place))
            for table in directory.tables.values()
            if not table.is_private
        )
    )


def _write_line(table: TableSummary, *, is_open: bool) -> LobbyTable:
    return LobbyTable(
        table_id=table.table_id,
        name=table.name,
        stake=table.stake,
        small_blind=table.small_blind,
        big_blind=table.big_blind,
        min_buy_in=table.min_buy_in,
        max_buy_in=table.max_buy_in,
        seat_count=table.seat_count,
        players=len(table.seats),
        waiting=table.waiting,
        hand_no=table.hand_no,
        is_open=is_open,
    )


def add_lobby_pages(app: QuartTrio, cache: DirectoryCache, logins: Logins) -> None:
    """Serve ``/api/v1/tables`` to everybody and ``/api/v1/me/seats`` to the player."""
    pages = LobbyPages(cache)

    @app.get("/api/v1/tables")
    @Page(tag="lobby", answers={200: Answer(Lobby, headers={"Vary": "What the answer depends on"})})
    async def tables() -> Response:
        """List all public tables."""
        written = await pages.text()
        is_packed = request.accept_encodings["gzip"] > 0
        response = Response(written.packed if is_packed else written.plain, content_type="application/json")
        if is_packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/api/v1/me/seats")
    @Page(tag="tables", who=PLAYER, answers={200: WhereAmI})
    async def seats() -> Response:
        """Say where the player has seats, and which node plays them."""
        login = await require_login(logins)
        directory = await cache.look()
        found = []
        for table, seat in directory.seats_of(login.user_id):
            place = directory.places[table.shard]
            found.append(SeatPlace(table.table_id, seat, place.url if isinstance(place, Place) else ""))
        return answer(_WHERE_AM_I, WhereAmI(tuple(found)))
