"""The way to a table: which node plays it, and the signed word that lets one player in there once."""

import secrets
import time
from typing import Final

from attrs import frozen
from quart import Response, request
from quart_trio import QuartTrio

from cardroom.ids import ShardId, TableId
from cardroom.service.http import RefusedRequest, read_body
from cardroom.service.logins import Login
from cardroom.service.openapi import PLAYER, Page, whole_path
from cardroom.service.settings import Secret
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import (
    TICKET_LIFE_MS,
    TableRoute,
    TableTicket,
    TicketAnswer,
    TicketRequest,
    sign_ticket,
)
from cardroom.wire.presence import TableSummary
from cardroom.wire.refusals import Refusal
from shard_router.api.entry import EntryCheck
from shard_router.api.http import MAX_REQUEST_BYTES, ComeBack, answer, require_login
from shard_router.api.lobby import table_number
from shard_router.rules.placement import Closed, Place, retry_seconds
from shard_router.store.logins import Logins
from shard_router.store.nodes import DirectoryCache, Nodes

_NUMBER: Final = whole_path("number", "The table's")
_REQUEST: Final = Codec[TicketRequest](TicketRequest, Encoding.JSON, MAX_REQUEST_BYTES, {})
_TICKET: Final = Codec[TicketAnswer](TicketAnswer, Encoding.JSON, MAX_REQUEST_BYTES, {})
_ROUTE: Final = Codec[TableRoute](TableRoute, Encoding.JSON, MAX_REQUEST_BYTES, {})


class RouteStale(RefusedRequest):
    """The table is played elsewhere than the client believes; the answer says where."""

    def __init__(self, place: Place) -> None:
        super().__init__(409, Refusal.ROUTE_STALE, extension={"route": place.route, "url": place.url})


@frozen
class TicketOffice:
    """Finds tables, and writes tickets."""

    entry: EntryCheck
    nodes: Nodes
    cache: DirectoryCache
    key: Secret

    async def write(self, login: Login, table_id: TableId, believed: str = "") -> TicketAnswer:
        """Write a ticket for a table; a repeat writes another. ``believed`` is the client's route, if any.

        Refused: players who may not come in, tables that do not exist, tables that no node plays now, a
        route that is not the table's any more.
        """
        table = await self._find_table(table_id)
        has_seat = any(seat.user_id == login.user_id for seat in table.seats)
        await self.entry.refuse_entry(login, has_seat=has_seat)
        place = await self.find_place(table.shard)
        if believed and believed != place.route:
            raise RouteStale(place)
        return self.sign(login, table_id, table.shard, place)

    async def find_route(self, table_id: TableId) -> TableRoute:
        """Say where a table is played. Refused: tables that do not exist, or that no node plays now."""
        place = await self.find_place((await self._find_table(table_id)).shard)
        return TableRoute(table_id, place.route, place.node, place.epoch, place.url)

    def sign(self, login: Login, table_id: TableId, shard: ShardId, place: Place) -> TicketAnswer:
        """Write a ticket for a player who may come in to a table that is played at ``place``."""
        expires_unix_ms = time.time_ns() // 1_000_000 + TICKET_LIFE_MS
        ticket = TableTicket(
            ticket_id=secrets.token_hex(16),
            user_id=login.user_id,
            nickname=login.nickname,
            table_id=table_id,
            node=place.node,
            boot=place.boot,
            expires_unix_ms=expires_unix_ms,
            shard=shard,
            epoch=place.epoch,
        )
        text = sign_ticket(ticket, self.key.value)
        return TicketAnswer(place.url, text, table_id, expires_unix_ms, place.route)

    async def find_place(self, shard: ShardId) -> Place:
        """Ask anew who plays the shard: a ticket names one start of one node."""
        place = await self.nodes.place(shard)
        if isinstance(place, Closed):
            raise ComeBack(Refusal.TABLE_UNAVAILABLE, retry_seconds(place))
        return place

    async def _find_table(self, table_id: TableId) -> TableSummary:
        """Find a table; while a shard is closed, its tables may not be listed."""
        directory = await self.cache.look()
        table = directory.tables.get(table_id)
        if table is not None:
            return table
        if directory.is_complete:
            raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
        raise ComeBack(Refusal.TABLE_UNAVAILABLE, retry_seconds(Closed.NOT_HELD))


def add_ticket_pages(app: QuartTrio, office: TicketOffice, logins: Logins) -> None:
    """Serve ``/api/v1/tables/{id}/ticket`` and ``/api/v1/tables/{id}/route``."""

    @app.post("/api/v1/tables/<number>/ticket")
    @Page(
        tag="tables",
        who=PLAYER,
        takes=TicketRequest,
        may_be_empty=True,
        parameters=(_NUMBER,),
        answers={200: TicketAnswer},
        refuses={
            403: (Refusal.FROZEN, Refusal.SELF_EXCLUDED),
            404: (Refusal.NO_SUCH_TABLE,),
            409: (Refusal.ROUTE_STALE,),
            503: (Refusal.TABLE_UNAVAILABLE,),
        },
    )
    async def ticket(number: str) -> Response:
        """Give a ticket for a table: where to connect, and what to show there, once, within 30 s."""
        login = await require_login(logins)
        table_id = table_number(number)
        believed = (await read_body(_REQUEST)).route if await request.get_data() else ""
        return answer(_TICKET, await office.write(login, table_id, believed))

    @app.get("/api/v1/tables/<number>/route")
    @Page(
        tag="tables",
        who=PLAYER,
        parameters=(_NUMBER,),
        answers={200: TableRoute},
        refuses={404: (Refusal.NO_SUCH_TABLE,), 503: (Refusal.TABLE_UNAVAILABLE,)},
    )
    async def route(number: str) -> Response:
        """Say which node plays a table, and where that is reached."""
        await require_login(logins)
        return answer(_ROUTE, await office.find_route(table_number(number)))
