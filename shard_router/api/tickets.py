"""Table tickets: which node plays a table, and the signed word that lets one player in there once."""

import secrets
import time
from typing import Final

from attrs import frozen
from quart import Response
from quart_trio import QuartTrio

from cardroom.ids import ShardId, TableId, UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.logins import Login
from cardroom.service.openapi import PLAYER, Page, whole_path
from cardroom.service.settings import Secret
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import TICKET_LIFE_MS, TableTicket, TicketAnswer, sign_ticket
from cardroom.wire.refusals import Refusal
from shard_router.api.http import MAX_REQUEST_BYTES, ComeBack, answer, require_login
from shard_router.rules.placement import Closed, Place, retry_seconds
from shard_router.store.accounts import Accounts
from shard_router.store.logins import Logins
from shard_router.store.nodes import DirectoryCache, Nodes

_TICKET: Final = Codec[TicketAnswer](TicketAnswer, Encoding.JSON, MAX_REQUEST_BYTES, {})
_MAX_ID_DIGITS: Final = 19


@frozen
class TicketOffice:
    """Writes tickets."""

    accounts: Accounts
    nodes: Nodes
    cache: DirectoryCache
    key: Secret

    async def write(self, login: Login, table_id: TableId) -> TicketAnswer:
        """Write a ticket for a table; a repeat writes another.

        Refused: frozen players, tables that do not exist, tables that no node plays now, and for who has
        excluded himself every table where he has no seat.
        """
        await self._refuse_standing(login, table_id)
        place = await self._find_place(await self._find_shard(table_id))
        expires_unix_ms = time.time_ns() // 1_000_000 + TICKET_LIFE_MS
        ticket = TableTicket(
            ticket_id=secrets.token_hex(16),
            user_id=login.user_id,
            nickname=login.nickname,
            table_id=table_id,
            node=place.node,
            boot=place.boot,
            expires_unix_ms=expires_unix_ms,
        )
        return TicketAnswer(place.url, sign_ticket(ticket, self.key.value), table_id, expires_unix_ms)

    async def _refuse_standing(self, login: Login, table_id: TableId) -> None:
        standing = await self.accounts.standing(login.user_id)
        if standing is None:
            raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
        if standing.is_frozen:
            raise RefusedRequest(403, Refusal.FROZEN)
        if standing.is_excluded and not await self._has_seat(login.user_id, table_id):
            raise RefusedRequest(403, Refusal.SELF_EXCLUDED)

    async def _has_seat(self, user_id: UserId, table_id: TableId) -> bool:
        table = (await self.cache.look()).tables.get(table_id)
        return table is not None and any(seat.user_id == user_id for seat in table.seats)

    async def _find_shard(self, table_id: TableId) -> ShardId:
        """Find the shard of a table; while a shard is closed, its tables may not be listed."""
        directory = await self.cache.look()
        table = directory.tables.get(table_id)
        if table is not None:
            return table.shard
        if directory.is_complete:
            raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
        raise ComeBack(Refusal.TABLE_UNAVAILABLE, retry_seconds(Closed.NOT_HELD))

    async def _find_place(self, shard: ShardId) -> Place:
        """Ask anew who plays the shard: a ticket names one start of one node."""
        place = await self.nodes.place(shard)
        if isinstance(place, Closed):
            raise ComeBack(Refusal.TABLE_UNAVAILABLE, retry_seconds(place))
        return place


def add_ticket_pages(app: QuartTrio, office: TicketOffice, logins: Logins) -> None:
    """Serve ``/api/v1/tables/{id}/ticket``."""

    @app.post("/api/v1/tables/<number>/ticket")
    @Page(
        tag="tables",
        who=PLAYER,
        parameters=(whole_path("number", "The table's"),),
        answers={200: TicketAnswer},
        refuses={
            403: (Refusal.FROZEN, Refusal.SELF_EXCLUDED),
            404: (Refusal.NO_SUCH_TABLE,),
            503: (Refusal.TABLE_UNAVAILABLE,),
        },
    )
    async def ticket(number: str) -> Response:
        """Give a ticket for a table: where to connect, and what to show there, once, within 30 s."""
        login = await require_login(logins)
        if not (number.isascii() and number.isdigit() and len(number) <= _MAX_ID_DIGITS):
            raise RefusedRequest(404, Refusal.NO_SUCH_TABLE)
        return answer(_TICKET, await office.write(login, TableId(int(number))))
