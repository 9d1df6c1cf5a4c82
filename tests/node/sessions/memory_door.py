"""A node's sessions over memory streams: real handshakes, frames, tokens and clocks; no time passes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing
from attrs import define, field
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from cardroom.ids import UserId
from cardroom.service.addresses import TrustedProxies
from cardroom.service.settings import Secret
from cardroom.wire.codec import Encoding
from cardroom.wire.player import Ping, PlayerMessage, Resume, TableRequest, player_codec
from cardroom.wire.table import Welcome, table_codec
from node.sessions.admission import Admission, Admitted
from node.sessions.connections import Connections
from node.sessions.fanout import Framer
from node.sessions.handshake import serve_line
from node.sessions.line import Line
from node.sessions.resume import Resumption
from node.sessions.session import SessionServices
from node.settings import SessionLimits
from node.tables.directory import Directory
from tests.fakes.memory_wire import MemoryWire
from tests.node.sessions.door import EPOCH, IDENTITY, KEY
from tests.node.tables.house import LOG, PURSE, TABLE, Guest, House, open_house, settle

CODECS = {encoding: (player_codec(encoding), table_codec(encoding)) for encoding in Encoding}


@define
class Remote(Guest):
    """A guest at the far end of a connection: what it asks and hears crosses the wire as frames."""

    token: str = ""
    close_code: int | None = None
    _outgoing: list[PlayerMessage] = field(factory=list)
    _has_outgoing: trio.Event = field(factory=trio.Event)
    _cable: Callable[[], None] | None = None

    def ask(self, request: TableRequest | Ping) -> None:
        """Send a request; what comes of it is heard later."""
        self._outgoing.append(request)
        self._has_outgoing.set()

    def cut(self) -> None:
        """Let the connection break without a word."""
        assert self._cable is not None, "a connection stands"
        self._cable()

    @property
    def last_seq(self) -> int:
        """Give the number that the player stands at."""
        return max(getattr(message, "table_seq", 0) for message in self.heard)

    async def attend(self, wire: MemoryWire, first: PlayerMessage) -> None:
        """Be connected until either side ends it."""
        self._cable = wire.cut
        async with trio.open_nursery() as nursery:
            any_stream: Any = wire.far  # the library takes every stream, its annotation names two
            socket = await wrap_client_stream(
                nursery, any_stream, "memory", "/", subprotocols=[self.encoding.value], message_queue_size=100
            )
            self._outgoing = [first]
            self._has_outgoing.set()
            nursery.start_soon(self._send, socket)
            await self._hear(socket)
            nursery.cancel_scope.cancel()

    async def _send(self, socket: WebSocketConnection) -> None:
        while True:
            await self._has_outgoing.wait()
            self._has_outgoing = trio.Event()
            outgoing, self._outgoing = self._outgoing, []
            for message in outgoing:
                data = CODECS[self.encoding][0].encode(message)
                await socket.send_message(data.decode() if self.encoding is Encoding.JSON else data)

    async def _hear(self, socket: WebSocketConnection) -> None:
        try:
            while True:
                message = CODECS[self.encoding][1].decode(await socket.get_message())
                self.heard.append(message)
                if isinstance(message, Welcome):
                    self.token = message.resume
        except ConnectionClosed as closed:
            self.close_code = closed.reason.code if closed.reason is not None else None


@define
class MemoryDoor:
    """The sessions, and the table behind them. Who comes shows a token: a ticket would want Redis."""

    house: House
    services: SessionServices
    nursery: trio.Nursery

    async def enter(self, user: int, encoding: Encoding = Encoding.MSGPACK) -> Remote:
        """Let a player connect and follow the table."""
        remote = Remote(UserId(user), self.house.table, encoding=encoding)
        if remote.user_id not in self.house.ledger.wallets:
            self.house.ledger.wallets[remote.user_id] = PURSE
            self.house.money += PURSE
        self.house.guests[user] = remote
        token = self.services.resumption.issue(Admitted(remote.user_id, remote.nickname, TABLE), "")
        await self._connect(remote, Resume(token, None))
        return remote

    async def come_back(self, gone: Remote) -> Remote:
        """Let a player whose connection has ended take it up again."""
        back = Remote(gone.user_id, gone.table, encoding=gone.encoding)
        back._requests = gone._requests
        self.house.guests[gone.user_id] = back
        await self._connect(back, Resume(gone.token, gone.last_seq))
        return back

    async def _connect(self, remote: Remote, first: Resume) -> None:
        wire = MemoryWire()
        self.nursery.start_soon(serve_line, Line(wire, self.services.limits.outbox_bytes), self.services)
        self.nursery.start_soon(remote.attend, wire, first)
        await settle()


@asynccontextmanager
async def open_memory_door(limits: SessionLimits | None = None, **house: Any) -> AsyncIterator[MemoryDoor]:
    """Open a house with sessions in front of its table."""
    limits = limits or SessionLimits()
    async with open_house(**house) as opened, trio.open_nursery() as nursery:
        directory = Directory()
        directory.add(opened.table.entry)
        services = SessionServices(
            node=IDENTITY.node,
            directory=directory,
            admission=Admission(None, (), IDENTITY, lambda _: EPOCH),  # type: ignore[arg-type]  # no ticket is shown
            resumption=Resumption((Secret(KEY),), limits.resume_seconds),
            proxies=TrustedProxies(()),
            connections=Connections(limits.connections, limits.connections_per_user),
            framers={encoding: Framer(encoding) for encoding in Encoding},
            codecs={encoding: CODECS[encoding][0] for encoding in Encoding},
            limits=limits,
            log=LOG,
        )
        nursery.start_soon(services.heartbeats.run)
        yield MemoryDoor(opened, services, nursery)
        opened.check_money()
        nursery.cancel_scope.cancel()
