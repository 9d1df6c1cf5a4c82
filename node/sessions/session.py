"""One player's connection, from the first message to the last."""

from collections.abc import Mapping
from typing import assert_never

import trio
from attrs import frozen
from trio_websocket import ConnectionClosed, WebSocketConnection

from cardroom.ids import NodeId, TableId, UserId
from cardroom.service.logs import Log
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.moved import Moved
from cardroom.wire.player import PlayerMessage, Resync
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode, Refused, TableMessage, Welcome
from node.sessions.addresses import TrustedProxies
from node.sessions.admission import Admission, Admitted
from node.sessions.connections import Connections
from node.sessions.fanout import Framer
from node.sessions.handlers import handle
from node.sessions.heartbeat import PING_FRAME, Beat, Heartbeat
from node.sessions.metrics import MESSAGES
from node.sessions.outbox import PlayerStream
from node.sessions.resume import Resumption
from node.settings import SessionLimits
from node.tables.commands import Unwatch, Watch
from node.tables.directory import Directory, TableEntry
from node.tables.throttle import Throttle


@frozen
class SessionServices:
    """What every connection of a node works with."""

    node: NodeId
    directory: Directory
    admission: Admission
    resumption: Resumption
    proxies: TrustedProxies
    connections: Connections
    framers: Mapping[Encoding, Framer]
    codecs: Mapping[Encoding, Codec[PlayerMessage]]
    limits: SessionLimits
    log: Log


@frozen
class Line:
    """A connection as its handshake leaves it: its bytes, its encoding, and where the player is."""

    stream: PlayerStream
    encoding: Encoding
    address: str


class Session:
    """An admitted connection. Tables know it as a ``Viewer``."""

    def __init__(self, admitted: Admitted, entry: TableEntry, line: Line, services: SessionServices) -> None:
        self._admitted = admitted
        self._entry = entry
        self._line = line
        self._stream = line.stream
        self._framer = services.framers[line.encoding]
        self._codec = services.codecs[line.encoding]
        self._services = services
        limits = services.limits
        self._heartbeat = Heartbeat(limits.ping_seconds, limits.silence_seconds)
        self._throttle = Throttle(limits.messages_per_second, limits.message_burst, trio.current_time())
        self._throttled = 0
        self._scope = trio.CancelScope()
        self.close_code = CloseCode.NORMAL

    @property
    def user_id(self) -> UserId:
        """Whose connection it is."""
        return self._admitted.user_id

    @property
    def nickname(self) -> str:
        """The player's name."""
        return self._admitted.nickname

    @property
    def address(self) -> str:
        """The network address of the player's side."""
        return self._line.address

    @property
    def table_id(self) -> TableId:
        """The table that the player was admitted to."""
        return self._admitted.table_id

    @property
    def encoding(self) -> Encoding:
        """How messages are written on this connection."""
        return self._line.encoding

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

    def move(self, url: str) -> None:
        """Send the player to the node that plays the table now, with the token for coming back there."""
        resume = self._services.resumption.issue(self._admitted, self._entry.run)
        self.answer(Moved(self.table_id, url, resume))
        self.kick(CloseCode.MOVED)

    async def run(self, socket: WebSocketConnection) -> None:
        """Follow the table and take messages until the player goes, is silent, or is kicked."""
        self._welcome()
        knows_this_run = self._admitted.run == self._entry.run
        self._entry.inbox.deliver(
            Watch(
                self,
                last_seq=self._admitted.last_seq if knows_this_run else None,
                invitation=self._admitted.invitation,
            )
        )
        try:
            with self._scope:
                await self._take_messages(socket)
        except ConnectionClosed:
            pass
        finally:
            self._entry.inbox.deliver(Unwatch(self))

    def _welcome(self) -> None:
        self.answer(
            Welcome(
                user_id=self.user_id,
                nickname=self.nickname,
                node=self._services.node,
                heartbeat_seconds=int(self._services.limits.silence_seconds),
                resume=self._services.resumption.issue(self._admitted, self._entry.run),
            )
        )

    async def _take_messages(self, socket: WebSocketConnection) -> None:
        while True:
            with trio.move_on_at(self._heartbeat.next_look(self._stream.heard_at)) as waiting:
                data = await socket.get_message()
            if waiting.cancelled_caught:
                self._notice_silence()
            elif self._throttle.allows(trio.current_time()):
                self._throttled = 0
                self._take(data)
            else:
                self._refuse_flood()

    def _notice_silence(self) -> None:
        match self._heartbeat.look(self._stream.heard_at, trio.current_time()):
            case Beat.NOTHING:
                pass
            case Beat.PING:
                self.offer_frames(PING_FRAME)
            case Beat.END:
                self.kick(CloseCode.HEARTBEAT_MISSED)
            case _ as unreachable:
                assert_never(unreachable)

    def _take(self, data: str | bytes) -> None:
        try:
            message = self._codec.decode(data)
        except Malformed as malformed:
            MESSAGES.labels(kind="malformed").inc()
            self.answer(Refused(None, malformed.code))
            return
        MESSAGES.labels(kind=type(message).__name__).inc()
        if isinstance(message, Resync) and not self._may_resync():
            self.answer(Refused(message.request_id, Refusal.RATE_LIMITED))
            return
        handle(message, self, self.table_id, self._services.directory)

    def _may_resync(self) -> bool:
        """What was missed is encoded for this connection alone: that costs more than any other message."""
        return self._throttle.allows(trio.current_time(), self._services.limits.resync_messages - 1)

    def _refuse_flood(self) -> None:
        self._throttled += 1
        self.answer(Refused(None, Refusal.RATE_LIMITED))
        if self._throttled > self._services.limits.message_burst:
            self.kick(CloseCode.TOO_MANY_MESSAGES)
