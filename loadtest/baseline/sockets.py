"""Players' WebSockets: a ticket is shown, then requests come in and what the table tells goes out."""

import secrets
from typing import Any, Final

from redis.asyncio import Redis
from starlette.websockets import WebSocket, WebSocketDisconnect

from cardroom.ids import NodeId, TableId, UserId
from cardroom.wire import player as asks
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.player import PlayerMessage, player_codec
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import Done, Pong, Refused, TableMessage, Welcome, table_codec
from loadtest.baseline.channel import Channel
from loadtest.baseline.floor import Floor
from loadtest.baseline.table import Denied

TICKET_SECONDS: Final = 30
HEARTBEAT_SECONDS: Final = 60
_NOT_AUTHENTICATED: Final = 4401
_NODE: Final = NodeId("baseline")


class Seat:
    """One player's socket at one table."""

    def __init__(self, socket: "WebSocket", user_id: UserId, nickname: str) -> None:
        self._socket = socket
        self.user_id = user_id
        self.nickname = nickname
        self.seen_seq = 0

    async def send(self, data: bytes) -> None:
        """Send one message; a socket that is gone is no error."""
        try:  # noqa: SIM105 - suppress() costs more, and this is done most
            await self._socket.send_bytes(data)
        except (RuntimeError, WebSocketDisconnect):
            pass


class Sockets:
    """Serves the players' WebSockets."""

    def __init__(self, floor: Floor, channel: Channel, redis: "Redis") -> None:
        self._floor = floor
        self._channel = channel
        self._redis = redis
        self._incoming: Codec[PlayerMessage] = player_codec(Encoding.MSGPACK)
        self._outgoing: Codec[TableMessage] = table_codec(Encoding.MSGPACK)

    async def give_ticket(self, user_id: UserId, nickname: str, table_id: TableId) -> str:
        """Make a ticket: good once, for a while."""
        ticket = secrets.token_urlsafe(24)
        await self._redis.set(f"ticket:{ticket}", f"{user_id}:{table_id}:{nickname}", ex=TICKET_SECONDS)
        return ticket

    async def serve(self, socket: "WebSocket") -> None:
        """Serve one socket until it is closed."""
        await socket.accept(subprotocol=Encoding.MSGPACK.value)
        try:
            seat, table_id = await self._enter(socket)
        except (Denied, Malformed) as denied:
            await socket.send_bytes(self._outgoing.encode(Refused(None, denied.code)))
            await socket.close(_NOT_AUTHENTICATED)
            return
        except WebSocketDisconnect:
            return
        try:
            while True:
                await self._answer(seat, await socket.receive_bytes())
        except WebSocketDisconnect:
            pass
        finally:
            self._channel.leave(table_id, seat)

    async def _enter(self, socket: Any) -> tuple[Seat, TableId]:
        hello = self._incoming.decode(await socket.receive_bytes())
        if not isinstance(hello, asks.Hello):
            raise Denied(Refusal.TICKET_INVALID)
        found = await self._redis.getdel(f"ticket:{hello.ticket}")
        if found is None:
            raise Denied(Refusal.TICKET_INVALID)
        user, table, nickname = found.decode().split(":")
        user_id, table_id = UserId(int(user)), TableId(int(table))
        if not self._floor.has_table(table_id):
            raise Denied(Refusal.NO_SUCH_TABLE)
        seat = Seat(socket, user_id, nickname)
        welcome = Welcome(user_id, nickname, _NODE, HEARTBEAT_SECONDS, "")
        await seat.send(self._outgoing.encode(welcome))
        await self._floor.enter(seat, table_id)
        return seat, table_id

    async def _answer(self, seat: Seat, data: bytes) -> None:
        message = self._incoming.decode(data)
        match message:
            case asks.Ping(number=number):
                answer: TableMessage = Pong(number)
            case asks.Hello() | asks.Resume():
                answer = Refused(None, Refusal.UNEXPECTED_MESSAGE)
            case _:
                number = message.action_id if isinstance(message, asks.Act) else message.request_id
                try:
                    await self._floor.ask(seat.user_id, seat.nickname, message)
                    answer = Done(number)
                except Denied as denied:
                    answer = Refused(number, denied.code)
        await seat.send(self._outgoing.encode(answer))
