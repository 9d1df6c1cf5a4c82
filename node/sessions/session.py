"""One player's connection, from the first message to the last."""

from collections.abc import Mapping
from typing import Final, assert_never

import trio
from attrs import Factory, frozen

from cardroom.ids import NodeId, TableId, UserId
from cardroom.service.addresses import TrustedProxies
from cardroom.service.logs import Log
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.frames import Control, Opcode, Received
from cardroom.wire.moved import Moved
from cardroom.wire.notices import PlayerNotice
from cardroom.wire.player import PLAYER_TAGS, PlayerMessage, Resync
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode, Refused, TableMessage, Welcome
from node.sessions.admission import Admission, Admitted
from node.sessions.connections import Connections
from node.sessions.fanout import Framer
from node.sessions.handlers import handle
from node.sessions.heartbeat import PING_FRAME, Beat, Heartbeat, Heartbeats
from node.sessions.line import Line
from node.sessions.metrics import MESSAGES
from node.sessions.resume import Resumption
from node.settings import SessionLimits
from node.tables.commands import TellNotice, Unwatch, Watch
from node.tables.directory import Directory, TableEntry
from node.tables.throttle import Throttle

_COUNTS: Final = {kind: MESSAGES.labels(kind=kind.__name__) for kind in PLAYER_TAGS.values()}
_MALFORMED: Final = MESSAGES.labels(kind="malformed")


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
    heartbeats: Heartbeats = Factory(
        lambda self: Heartbeats(self.limits.ping_seconds, self.limits.silence_seconds), takes_self=True
    )


class Session:
    """An admitted connection. Tables know it as a ``Viewer``."""

    def __init__(self, admitted: Admitted, entry: TableEntry, line: Line, services: SessionServices) -> None:
        self.user_id: UserId = admitted.user_id
        self.nickname: str = admitted.nickname
        self.address: str = line.address
        self.table_id: TableId = admitted.table_id
        self.encoding: Encoding = line.encoding
        self.close_code = CloseCode.NORMAL
        self._admitted = admitted
        self._entry = entry
        self._line = line
        self._offer = line.outbox.offer
        self._codec = services.codecs[line.encoding]
        self._services = services
        limits, now = services.limits, trio.current_time()
        self.heard_at = now
        self._heartbeat = Heartbeat(limits.ping_seconds, limits.silence_seconds)
        self._throttle = Throttle(limits.messages_per_second, limits.message_burst, now)
        self._throttled = 0
        self._ended = trio.Event()
        self._error: Exception | None = None

    def answer(self, message: TableMessage) -> None:
        """Send one message; never blocks."""
        self.offer_frames(self._services.framers[self.encoding].frame(message))

    def offer_frames(self, frames: bytes) -> None:
        """Send frames; never blocks. A connection that does not keep up is closed."""
        if not self._offer(frames):
            self.kick(CloseCode.TOO_SLOW)

    def notify(self, notice: PlayerNotice) -> None:
        """Tell the player of coins. It goes the table's way, so that nothing comes before the snapshot."""
        self._entry.inbox.hint(TellNotice(self, notice))

    def kick(self, code: CloseCode) -> None:
        """Close this connection soon; the first reason counts."""
        if not self._ended.is_set():
            self.close_code = code
            self._ended.set()

    def move(self, url: str) -> None:
        """Send the player to the node that plays the table now, with the token for coming back there."""
        resume = self._services.resumption.issue(self._admitted, self._entry.run)
        self.answer(Moved(self.table_id, url, resume))
        self.kick(CloseCode.MOVED)

    async def run(self) -> None:
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
        self._services.heartbeats.add(self)
        try:
            with self._line.watched(self):
                self.read()
                await self._ended.wait()
        finally:
            self._services.heartbeats.remove(self)
            self._entry.inbox.deliver(Unwatch(self))
        if self._error is not None:
            raise self._error

    def read(self) -> None:
        """Take what the player has sent; see ``Watched``."""
        received = self._line.receive()
        if received:
            now = trio.current_time()
            self.heard_at = now
            for one in received:
                if self._ended.is_set():
                    return
                self._hear(one, now)
        if self._line.is_over:
            self._ended.set()

    def write(self) -> bool:
        """Send what waits; see ``Watched``."""
        return self._line.outbox.flush()

    def fail(self, error: Exception) -> None:
        """End by an error that nobody expected; see ``Watched``."""
        self._error = error
        self._ended.set()

    def notice_silence(self, now: float) -> None:
        """Ask a silent player for a sign of life, and close who stays silent."""
        match self._heartbeat.look(self.heard_at, now):
            case Beat.NOTHING:
                pass
            case Beat.PING:
                self.offer_frames(PING_FRAME)
            case Beat.END:
                self.kick(CloseCode.HEARTBEAT_MISSED)
            case _ as unreachable:
                assert_never(unreachable)

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

    def _hear(self, received: Received, now: float) -> None:
        """Take a message or a control frame; both are counted, but for the last one."""
        if isinstance(received, Control):
            if received.opcode is Opcode.CLOSE or self._throttle.allows(now):
                if not self._line.answer(received):
                    self.kick(CloseCode.TOO_SLOW)
            else:
                self._refuse_flood()
        elif self._throttle.allows(now):
            self._throttled = 0
            self._take(received, now)
        else:
            self._refuse_flood()

    def _take(self, data: str | bytes, now: float) -> None:
        try:
            message = self._codec.decode(data)
        except Malformed as malformed:
            _MALFORMED.inc()
            self.answer(Refused(None, malformed.code))
            return
        _COUNTS[type(message)].inc()
        if isinstance(message, Resync) and not self._may_resync(now):
            self.answer(Refused(message.request_id, Refusal.RATE_LIMITED))
            return
        handle(message, self, self.table_id, self._services.directory)

    def _may_resync(self, now: float) -> bool:
        """What was missed is encoded for this connection alone: that costs more than any other message."""
        return self._throttle.allows(now, self._services.limits.resync_messages - 1)

    def _refuse_flood(self) -> None:
        self._throttled += 1
        self.answer(Refused(None, Refusal.RATE_LIMITED))
        if self._throttled > self._services.limits.message_burst:
            self.kick(CloseCode.TOO_MANY_MESSAGES)
