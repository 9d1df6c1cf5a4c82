"""A node's door on a real port, in front of one real table; tickets go through a real Redis."""

import socket
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import UnionType
from uuid import uuid4

import pytest
import trio
from attrs import define, field
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, Event, Request

from cardroom.ids import BootNonce, Epoch, NodeId, SeatIndex, UserId
from cardroom.service.addresses import TrustedProxies
from cardroom.service.metrics import UNFORESEEN
from cardroom.service.redis import open_redis
from cardroom.service.settings import Bind, RedisSettings, Secret
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import SeatEscrow
from cardroom.wire.lobby import TableTicket, sign_ticket
from cardroom.wire.player import Hello, PlayerMessage, Resume, SitDown, player_codec
from cardroom.wire.table import Done, Snapshot, TableEvent, TableMessage, Welcome
from node.sessions.admission import Admission, wall_clock_ms
from node.sessions.connections import Connections
from node.sessions.fanout import Framer
from node.sessions.listener import Listener, open_listener
from node.sessions.resume import Resumption
from node.sessions.session import SessionServices
from node.settings import SessionLimits, StakeSettings, TableLimits
from node.shards.lease import NodeIdentity
from node.tables.deck import Shuffle, shuffled_deck
from node.tables.directory import Directory
from tests.node.tables.house import BUY_IN, CODECS, LOG, PURSE, STAKE, TABLE, House, open_house

KEY = "the key of these tests"
PLAYER_CODECS = {encoding: player_codec(encoding) for encoding in Encoding}
IDENTITY = NodeIdentity(NodeId("node-1"), BootNonce("b" * 32))
EPOCH = Epoch(3)


@define
class Player:
    """A client that speaks the protocol, and can also misbehave on the socket below it."""

    socket: WebSocketConnection
    encoding: Encoding
    stream: trio.SocketStream
    token: str = ""
    last_seq: int = 0

    async def send(self, message: PlayerMessage) -> None:
        data = PLAYER_CODECS[self.encoding].encode(message)
        await self.send_raw(data.decode() if self.encoding is Encoding.JSON else data)

    async def send_raw(self, data: bytes | str) -> None:
        await self.socket.send_message(data)

    async def hear(self) -> TableMessage:
        with trio.fail_after(5):
            message = CODECS[self.encoding].decode(await self.socket.get_message())
        match message:
            case Welcome(resume=token):
                self.token = token
            case Snapshot(table_seq=table_seq) | TableEvent(table_seq=table_seq):
                self.last_seq = table_seq
        return message

    async def hear_until(self, kind: type | UnionType) -> TableMessage:
        while not isinstance(message := await self.hear(), kind):
            pass
        return message

    async def sit(self, seat: int) -> None:
        """Take a seat, and wait until the buy-in is held."""
        await self.send(SitDown(seat, TABLE, SeatIndex(seat), BUY_IN, posts_blind=True))
        assert await self.hear_until(Done) == Done(seat)

    async def cut(self) -> None:
        """Let the connection break without a word, as a network does."""
        reset = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        await self.stream.aclose()

    async def _read_all(self) -> None:
        while True:
            await self.socket.get_message()

    async def hear_close(self) -> int:
        """Read to the end, and give the code with which the node closed."""
        with trio.fail_after(5), pytest.raises(ConnectionClosed) as closed:
            await self._read_all()
        assert closed.value.reason is not None
        return closed.value.reason.code


@define
class Untended:
    """A client whose every byte the test sends and reads: nothing answers a ping for it."""

    stream: trio.SocketStream
    speaker: WSConnection
    _events: deque[Event] = field(factory=deque)

    async def send(self, event: Event) -> None:
        await self.stream.send_all(self.speaker.send(event))

    async def hear(self) -> Event:
        """Wait for the next event of the WebSocket protocol."""
        with trio.fail_after(5):
            while not self._events:
                self.speaker.receive_data(await self.stream.receive_some())
                self._events.extend(self.speaker.events())
        return self._events.popleft()


@define
class Door:
    """The door, and what stands behind it."""

    house: House
    port: int
    connections: Connections
    services: SessionServices

    def ticket(self, user: int = 1) -> TableTicket:
        """Make a ticket that is good now."""
        return TableTicket(
            ticket_id=str(uuid4()),
            user_id=UserId(user),
            nickname=f"player-{user}",
            table_id=TABLE,
            node=IDENTITY.node,
            boot=IDENTITY.boot,
            expires_unix_ms=wall_clock_ms() + 30_000,
            shard=self.house.table.entry.summary.shard,
            epoch=EPOCH,
        )

    @asynccontextmanager
    async def knock(
        self,
        encoding: Encoding | None = Encoding.MSGPACK,
        headers: list[tuple[bytes, bytes]] | None = None,
        answer: Encoding = Encoding.JSON,
    ) -> AsyncIterator[Player]:
        """Connect without a word."""
        protocols = None if encoding is None else [encoding.value]
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        async with stream, trio.open_nursery() as nursery:
            socket = await wrap_client_stream(
                nursery, stream, "127.0.0.1", "/", subprotocols=protocols, extra_headers=headers
            )
            yield Player(socket, encoding or answer, stream)
            with trio.move_on_after(2):
                await socket.aclose()
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def enter(
        self,
        user: int = 1,
        encoding: Encoding = Encoding.MSGPACK,
        headers: list[tuple[bytes, bytes]] | None = None,
        invitation: str = "",
    ) -> AsyncIterator[Player]:
        """Connect with a good ticket and follow the table."""
        async with self.knock(encoding, headers) as player:
            await player.send(Hello(sign_ticket(self.ticket(user), KEY), invitation))
            assert isinstance(await player.hear(), Welcome)
            assert isinstance(await player.hear(), Snapshot)
            yield player

    @asynccontextmanager
    async def enter_by_hand(self, user: int, receive_buffer: int = 0) -> AsyncIterator[Untended]:
        """Connect with a good ticket and without a library that reads and answers by itself."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        if receive_buffer:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        async with stream:
            speaker = WSConnection(ConnectionType.CLIENT)
            protocols = [Encoding.MSGPACK.value]
            await stream.send_all(speaker.send(Request("127.0.0.1", "/", subprotocols=protocols)))
            untended = Untended(stream, speaker)
            assert isinstance(await untended.hear(), AcceptConnection)
            hello = Hello(sign_ticket(self.ticket(user), KEY), "")
            await untended.send(BytesMessage(data=PLAYER_CODECS[Encoding.MSGPACK].encode(hello)))
            yield untended

    @asynccontextmanager
    async def come_back(
        self, token: str, last_seq: int | None, encoding: Encoding = Encoding.MSGPACK
    ) -> AsyncIterator[Player]:
        """Connect with the token of an earlier connection; what was missed is still to be heard."""
        async with self.knock(encoding) as player:
            await player.send(Resume(token, last_seq))
            assert isinstance(await player.hear(), Welcome)
            yield player

    async def assert_table_goes_on(self) -> None:
        """Let somebody else connect, sit down, and be answered."""
        async with self.enter(user=19) as other:
            await other.sit(5)


@asynccontextmanager
async def open_door(
    redis: RedisSettings,
    limits: SessionLimits | None = None,
    stake: StakeSettings = STAKE,
    tables: TableLimits | None = None,
    proxies: Sequence[str] = (),
    invitation: str = "",
    escrow: tuple[SeatEscrow, ...] = (),
    seats: int = 6,
    shuffle: Shuffle = shuffled_deck,
) -> AsyncIterator[Door]:
    """Open the door of a node with one table that is held by an in-memory ledger."""
    limits = limits or SessionLimits()
    before = _unforeseen()
    async with (
        open_house(seats, shuffle, tables, stake, invitation, escrow) as house,
        open_redis(redis) as client,
    ):
        for user in range(1, 20):
            house.ledger.wallets[UserId(user)] = PURSE
        directory = Directory()
        directory.add(house.table.entry)
        connections = Connections(limits.connections, limits.connections_per_user)
        services = SessionServices(
            node=IDENTITY.node,
            directory=directory,
            admission=Admission(client, (Secret(KEY),), IDENTITY, lambda _: EPOCH),
            resumption=Resumption((Secret(KEY),), limits.resume_seconds),
            proxies=TrustedProxies(proxies),
            connections=connections,
            framers={encoding: Framer(encoding) for encoding in Encoding},
            codecs=PLAYER_CODECS,
            limits=limits,
            log=LOG,
        )
        with open_listener(Bind("127.0.0.1", 0)) as listening:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(Listener(listening, services, LOG).run, trio.Event())
                yield Door(house, listening.getsockname()[1], connections, services)
                nursery.cancel_scope.cancel()
    assert _unforeseen() == before, "an error that nobody expected reached a border"


def _unforeseen() -> float:
    samples = [sample for metric in UNFORESEEN.collect() for sample in metric.samples]
    return sum((sample.value for sample in samples if sample.name.endswith("_total")), start=0.0)
