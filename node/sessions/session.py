"""One player's connection, from its handshake to its end."""

from collections.abc import Mapping

import trio
from attrs import frozen
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, wrap_server_stream

from cardroom.ids import NodeId, TableId, UserId
from cardroom.service.logs import Log
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.lobby import TableTicket
from cardroom.wire.player import MAX_PLAYER_MESSAGE_BYTES, Hello, PlayerMessage
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode, Refused, TableMessage, Welcome
from node.sessions.admission import Admission, NotAdmitted
from node.sessions.connections import Connections
from node.sessions.fanout import Framer
from node.sessions.handlers import handle
from node.sessions.metrics import CLOSED, MESSAGES
from node.sessions.outbox import PlayerStream
from node.settings import SessionLimits
from node.tables.commands import Unwatch, Watch
from node.tables.directory import Directory
from node.tables.throttle import Throttle

_QUEUED_MESSAGES = 4


@frozen
class SessionServices:
    """What every connection of a node works with."""

    node: NodeId
    directory: Directory
    admission: Admission
    connections: Connections
    framers: Mapping[Encoding, Framer]
    codecs: Mapping[Encoding, Codec[PlayerMessage]]
    limits: SessionLimits
    log: Log


class Session:
    """An admitted connection. Tables know it as a ``Viewer``."""

    def __init__(
        self, ticket: TableTicket, stream: PlayerStream, encoding: Encoding, services: SessionServices
    ) -> None:
        self._ticket = ticket
        self._stream = stream
        self._encoding = encoding
        self._framer = services.framers[encoding]
        self._codec = services.codecs[encoding]
        self._services = services
        limits = services.limits
        self._throttle = Throttle(limits.messages_per_second, limits.message_burst, trio.current_time())
        self._throttled = 0
        self._scope = trio.CancelScope()
        self.close_code = CloseCode.NORMAL

    @property
    def user_id(self) -> UserId:
        """Whose connection it is."""
        return self._ticket.user_id

    @property
    def nickname(self) -> str:
        """The player's name."""
        return self._ticket.nickname

    @property
    def address(self) -> str:
        """The network address of the other side."""
        return self._stream.peer_address

    @property
    def table_id(self) -> TableId:
        """The table that the ticket was for."""
        return self._ticket.table_id

    @property
    def encoding(self) -> Encoding:
        """How messages are written on this connection."""
        return self._encoding

    def answer(self, message: TableMessage) -> None:
        """Send one message; never blocks."""
        self.offer_frames(self._framer.frame(message))

    def offer_frames(self, frames: bytes) -> None:
        """Send frames; never blocks. A connection that does not keep up is closed."""
        if not self._stream.offer(frames):
            self.kick(CloseCode.TOO_SLOW)

    def kick(self, code: CloseCode) -> None:
        """Close this connection soon; the first reason counts."""
        if self.close_code is CloseCode.NORMAL:
            self.close_code = code
        self._scope.cancel()

    async def run(self, socket: WebSocketConnection) -> None:
        """Follow the table and take messages until the player goes, is silent, or is kicked."""
        entry = self._services.directory.find(self.table_id)
        if entry is None:
            self.answer(Refused(None, Refusal.NO_SUCH_TABLE))
            self.close_code = CloseCode.RESTART
            return
        entry.inbox.deliver(Watch(self))
        try:
            with self._scope:
                await self._take_messages(socket)
        except ConnectionClosed:
            pass
        finally:
            entry.inbox.deliver(Unwatch(self))

    async def _take_messages(self, socket: WebSocketConnection) -> None:
        while True:
            with trio.move_on_after(self._services.limits.silence_seconds) as silence:
                data = await socket.get_message()
            if silence.cancelled_caught:
                self.kick(CloseCode.HEARTBEAT_MISSED)
                return
            if self._throttle.allows(trio.current_time()):
                self._throttled = 0
                self._take(data)
            else:
                self._refuse_flood()

    def _take(self, data: str | bytes) -> None:
        try:
            message = self._codec.decode(data)
        except Malformed as malformed:
            MESSAGES.labels(kind="malformed").inc()
            self.answer(Refused(None, malformed.code))
            return
        MESSAGES.labels(kind=type(message).__name__).inc()
        handle(message, self, self.table_id, self._services.directory)

    def _refuse_flood(self) -> None:
        self._throttled += 1
        self.answer(Refused(None, Refusal.RATE_LIMITED))
        if self._throttled > self._services.limits.message_burst:
            self.kick(CloseCode.TOO_MANY_MESSAGES)


async def serve_stream(stream: PlayerStream, services: SessionServices) -> None:
    """Serve one connection from its first byte; ends when it is closed, with the reason told."""
    limits = services.limits
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.run_writer)
        code, socket = CloseCode.NORMAL, None
        with trio.move_on_after(limits.hello_seconds):
            request = await wrap_server_stream(
                nursery,
                stream,
                message_queue_size=_QUEUED_MESSAGES,
                max_message_size=MAX_PLAYER_MESSAGE_BYTES,
            )
            encoding, subprotocol = _negotiate(request)
            socket = await request.accept(subprotocol=subprotocol)
        if socket is not None:
            code = await _serve_socket(socket, stream, encoding, services)
            CLOSED.labels(code=str(code.value)).inc()
            with trio.move_on_after(limits.close_seconds):
                await socket.aclose(code=code.value, reason=code.name.lower())
        nursery.cancel_scope.cancel()
    await stream.linger(limits.close_seconds)


async def _serve_socket(
    socket: WebSocketConnection, stream: PlayerStream, encoding: Encoding, services: SessionServices
) -> CloseCode:
    if not services.connections.has_room:
        return CloseCode.TRY_AGAIN_LATER
    framer = services.framers[encoding]
    try:
        with trio.fail_after(services.limits.hello_seconds):
            ticket = await _receive_ticket(socket, services.codecs[encoding], services.admission)
    except NotAdmitted as refused:
        stream.offer(framer.frame(Refused(None, refused.code)))
        return CloseCode.NOT_AUTHENTICATED
    except trio.TooSlowError:
        return CloseCode.NOT_AUTHENTICATED
    except ConnectionClosed:
        return CloseCode.NORMAL
    if len(services.connections) >= services.connections.limit:  # others said hello meanwhile
        return CloseCode.TRY_AGAIN_LATER
    session = Session(ticket, stream, encoding, services)
    with services.connections.entered(session):
        heartbeat = int(services.limits.silence_seconds)
        session.answer(Welcome(session.user_id, session.nickname, services.node, heartbeat))
        await session.run(socket)
    return session.close_code


async def _receive_ticket(
    socket: WebSocketConnection, codec: Codec[PlayerMessage], admission: Admission
) -> TableTicket:
    """Take the first message, which must be a ``Hello``; raises ``NotAdmitted``."""
    try:
        message = codec.decode(await socket.get_message())
    except Malformed as malformed:
        raise NotAdmitted(malformed.code) from None
    if not isinstance(message, Hello):
        raise NotAdmitted(Refusal.NOT_AUTHENTICATED)
    return await admission.admit(message.ticket)


def _negotiate(request: WebSocketRequest) -> tuple[Encoding, str | None]:
    """Choose the encoding: the first offered subprotocol that is known, else by header, else JSON."""
    known = {encoding.value: encoding for encoding in Encoding}
    for offered in request.proposed_subprotocols:
        if offered in known:
            return known[offered], offered
    wants_binary = any(
        name.lower() == b"x-accept-binary" and value.strip().lower() == b"true"
        for name, value in request.headers
    )
    return Encoding.MSGPACK if wants_binary else Encoding.JSON, None
