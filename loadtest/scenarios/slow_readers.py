"""Connections that read nothing, or next to nothing: the others must not notice, and these are closed.

Each watches a table without a seat and asks for snapshots, so that it is closed for being slow and not for
being silent.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Final
from urllib.parse import urlsplit

import trio

from cardroom.client import Account, ClientError, ConnectionLost
from cardroom.client.handshake import HEAD_END, MAX_HEAD_BYTES, Handshake
from cardroom.client.socket import masked_frame
from cardroom.ids import TableId
from cardroom.wire.codec import Encoding
from cardroom.wire.frames import Opcode
from cardroom.wire.lobby import TicketAnswer
from cardroom.wire.player import Hello, PlayerMessage, Resync, player_codec
from loadtest.entrance import Entrance
from loadtest.profile import SlowReaders
from loadtest.share import Share
from loadtest.stop import Stop
from loadtest.tally import Tally

_DRIP_SECONDS: Final = 1.0
_LOGIN_SPACING_SECONDS: Final = 0.1
_LAST_SECONDS: Final = 2.0
"""What it takes to read the rest: behind it stands whether the node has closed."""
_RECEIVE_BUFFER_BYTES: Final = 4096
"""Little room in the system, so that what is not read is soon the node's to keep."""


async def read_slowly(
    slow: SlowReaders, begin: trio.Event, share: Share, entrance: Entrance, tally: Tally, stop: Stop
) -> None:
    """Log all slow readers in at once; they connect when ``begin`` is set, and stay until the stop."""
    async with trio.open_nursery() as nursery:
        for number in range(1, slow.connections + 1):
            nursery.start_soon(_Reader(slow, share, number, entrance, tally).run, begin, stop)


class _Reader:
    """One slow reader."""

    def __init__(
        self, slow: SlowReaders, share: Share, number: int, entrance: Entrance, tally: Tally
    ) -> None:
        self._slow = slow
        self._share = share
        self._number = number
        self._entrance = entrance
        self._tally = tally
        self._random = Random(f"slow-{share.profile.seed}-{share.index}-{number}")  # noqa: S311 (play)

    async def run(self, begin: trio.Event, stop: Stop) -> None:
        """Come, be slow, and see whether one is closed for it."""
        account = self._entrance.account()
        await stop.pause(self._number * _LOGIN_SPACING_SECONDS)
        try:
            await self._entrance.log_in(account, self._share.account_of(self._number))
            with trio.CancelScope() as waiting, stop.wakes(waiting):
                await begin.wait()
            if not stop.is_ordered:
                await self._watch_a_table(account, stop)
        except ClientError:
            self._tally.count("slow_failed")

    async def _watch_a_table(self, account: Account, stop: Stop) -> None:
        table_id = await self._choose_table(account)
        if table_id is None:
            self._tally.count("slow_failed")
            return
        async with open_slow_connection(await account.ticket(table_id)) as connection:
            self._tally.count("slow_opened")
            if await self._is_closed(connection, table_id, stop):
                self._tally.count("slow_closed")

    async def _choose_table(self, account: Account) -> TableId | None:
        """Choose any table: who only watches needs no seat."""
        return await self._entrance.floor.any_table(account, self._random)

    async def _is_closed(self, connection: "SlowConnection", table_id: TableId, stop: Stop) -> bool:
        """Read next to nothing until the node closes, or the stop; says whether the node has closed."""
        drip_at = trio.current_time()
        try:
            while not stop.is_ordered:
                await stop.pause(1 / self._slow.asks_per_second)
                await connection.send(Resync(1, table_id, None))
                if self._slow.bytes_per_second and trio.current_time() >= drip_at:
                    drip_at = trio.current_time() + _DRIP_SECONDS
                    await connection.drip(self._slow.bytes_per_second)
            return await connection.has_ended()
        except ClientError:
            return True


class SlowConnection:
    """A WebSocket whose messages nobody takes."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._ended = False
        self._codec = player_codec(Encoding.MSGPACK)

    async def send(self, message: PlayerMessage) -> None:
        """Send a message; raises ``ConnectionLost`` once the node has closed."""
        try:
            await self._stream.send_all(masked_frame(Opcode.BINARY, self._codec.encode(message)))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionLost("closed") from error

    async def drip(self, max_bytes: int) -> None:
        """Take a few bytes, if there are any."""
        with trio.move_on_after(_DRIP_SECONDS):
            await self._receive(max_bytes)

    async def has_ended(self) -> bool:
        """Read all that is left; says whether the end is behind it."""
        with trio.move_on_after(_LAST_SECONDS), suppress(ConnectionLost):
            while True:
                await self._receive(1 << 16)
        return self._ended

    async def shake_hands(self, ticket: TicketAnswer) -> None:
        """Become a WebSocket, and say hello."""
        address = urlsplit(ticket.url)
        handshake = Handshake(address.netloc, address.path or "/", Encoding.MSGPACK.value)
        await self._stream.send_all(handshake.request)
        head = b""
        while HEAD_END not in head and len(head) < MAX_HEAD_BYTES:
            head += await self._receive(1)
        handshake.check(head.removesuffix(HEAD_END))
        await self.send(Hello(ticket.ticket, ""))

    async def _receive(self, max_bytes: int) -> bytes:
        try:
            data = bytes(await self._stream.receive_some(max_bytes))
        except trio.BrokenResourceError:
            data = b""
        if not data:
            self._ended = True
            raise ConnectionLost("closed")
        return data


@asynccontextmanager
async def open_slow_connection(ticket: TicketAnswer) -> AsyncIterator[SlowConnection]:
    """Connect to the table of a ticket without TLS, with little room for what is not read."""
    address = urlsplit(ticket.url)
    try:
        stream = await trio.open_tcp_stream(address.hostname or "", address.port or 80)
    except OSError as error:
        raise ConnectionLost(str(error)) from error
    try:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        connection = SlowConnection(stream)
        await connection.shake_hands(ticket)
        yield connection
    finally:
        await trio.aclose_forcefully(stream)
