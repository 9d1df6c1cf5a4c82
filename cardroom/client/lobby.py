"""The live lobby, followed over a WebSocket: the tables as they are now, after each change."""

import random
from collections.abc import AsyncGenerator, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode, urlsplit

import trio
from attrs import frozen

from cardroom.client.errors import ConnectionLost, ProtocolBroken, RequestRefused
from cardroom.client.handshake import HEAD_END, MAX_HEAD_BYTES, Handshake
from cardroom.client.limits import ClientLimits
from cardroom.client.socket import masked_frame, stream_errors
from cardroom.client.wire_stream import WireStream, open_stream
from cardroom.ids import TableId
from cardroom.wire.codec import Malformed
from cardroom.wire.frames import Control, FrameReader, Opcode
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.lobby_live import (
    LOBBY_PROTOCOL,
    MAX_LIVE_BYTES,
    LobbyBeat,
    LobbyDelta,
    LobbyMessage,
    LobbySnapshot,
    apply_change,
    live_codec,
)
from cardroom.wire.lobby_query import LobbyQuery
from cardroom.wire.refusals import Refusal

SILENT_SECONDS: Final = 40.0
"""A router that says nothing for so long is given up; it gives a sign of life each 15 s."""

_FIRST_RETRY_SECONDS: Final = 0.5
_MOST_RETRY_SECONDS: Final = 15.0
_MALFORMED: Final = b"400"
_CODEC: Final = live_codec()


@frozen
class LobbyView:
    """The tables that pass the filters, by id, as they were at the message ``id``.

    ``is_stale`` while the router does not know whether it is still so.
    """

    id: str = ""
    tables: Mapping[TableId, LobbyTable] = MappingProxyType({})
    is_stale: bool = False

    def after(self, message: LobbyMessage) -> "LobbyView":
        """Give the view after a message. Raises ``ProtocolBroken`` when it does not fit."""
        match message:
            case LobbySnapshot(told_id, lines):
                return LobbyView(told_id, {line.table_id: line for line in lines})
            case LobbyBeat(told_id, is_stale):
                return LobbyView(told_id, self.tables, is_stale)
            case LobbyDelta(told_id, new, changed, removed):
                tables = {key: line for key, line in self.tables.items() if key not in removed}
                try:
                    tables |= {one.table_id: apply_change(tables[one.table_id], one) for one in changed}
                except KeyError as missing:
                    raise ProtocolBroken(f"table {missing} changes and was never told") from missing
                return LobbyView(told_id, tables | {line.table_id: line for line in new})


async def follow_lobby(
    router_url: str, query: LobbyQuery | None = None, limits: ClientLimits | None = None
) -> AsyncGenerator[LobbyView, None]:
    """Give the lobby, and give it again after each change, for ever; of a query only the filters count.

    Comes back by itself when the connection is lost, and goes on where it was. Close it when it is not
    needed any more (``contextlib.aclosing``). Raises ``RequestRefused`` for filters that do not exist, and
    ``ProtocolBroken``.
    """
    limits, filters = limits or ClientLimits(), (query or LobbyQuery()).filters
    view, retry_seconds = LobbyView(), _FIRST_RETRY_SECONDS
    while True:
        try:
            socket = await _connect(router_url, filters, view.id, limits)
            try:
                while True:
                    view, retry_seconds = view.after(await socket.receive()), _FIRST_RETRY_SECONDS
                    yield view
            finally:
                socket.cut()
        except ConnectionLost:
            await trio.sleep(random.uniform(0.0, retry_seconds))  # noqa: S311 (so that not all come at once)
            retry_seconds = min(2 * retry_seconds, _MOST_RETRY_SECONDS)


class _LobbySocket:
    """A connection to the live lobby."""

    def __init__(self, stream: WireStream, rest: bytes) -> None:
        self._stream = stream
        self._reader = FrameReader(MAX_LIVE_BYTES, are_masked=False)
        self._received = self._reader.feed(rest)

    async def receive(self) -> LobbyMessage:
        """Wait for the next message. Raises ``ConnectionLost`` and ``ProtocolBroken``."""
        while True:
            while self._received:
                received = self._received.pop(0)
                if not isinstance(received, Control):
                    return _read(received)
                if received.opcode is Opcode.CLOSE:
                    raise ConnectionLost("the router has said goodbye")
                if received.opcode is Opcode.PING:
                    self._stream.put(masked_frame(Opcode.PONG, received.payload))
            if self._reader.fault is not None:
                raise ProtocolBroken(f"no frame that a router may send: {self._reader.fault.name.lower()}")
            self._received = self._reader.feed(await self._more())

    async def _more(self) -> bytes:
        with trio.move_on_after(SILENT_SECONDS), stream_errors():
            await self._stream.flush()
            if data := await self._stream.receive():
                return data
        raise ConnectionLost("the router says nothing more")

    def cut(self) -> None:
        """End the connection. May be repeated."""
        self._stream.cut()


async def _connect(router_url: str, filters: LobbyQuery, last: str, limits: ClientLimits) -> _LobbySocket:
    address = urlsplit(router_url)
    address = address._replace(scheme="wss" if address.scheme == "https" else "ws")
    wish = urlencode(filters.parameters() | ({"after": last} if last else {}))
    path = f"{address.path.rstrip('/')}/api/v1/lobby" + (f"?{wish}" if wish else "")
    with trio.move_on_after(limits.connect_seconds), stream_errors():
        stream = await open_stream(address)
        try:
            return await _shake_hands(stream, Handshake(address.netloc, path, LOBBY_PROTOCOL))
        except BaseException:
            stream.cut()
            raise
    raise ConnectionLost("no connection in time")


async def _shake_hands(stream: WireStream, handshake: Handshake) -> _LobbySocket:
    stream.put(handshake.request)
    await stream.flush()
    data = b""
    while HEAD_END not in data:
        more = await stream.receive()
        if not more:
            raise ConnectionLost("closed during the handshake")
        data += more
        if len(data) > MAX_HEAD_BYTES and HEAD_END not in data:
            raise ProtocolBroken("the answer to the handshake is too long")
    head, _, rest = data.partition(HEAD_END)
    if head.split(b" ")[1:2] == [_MALFORMED]:
        raise RequestRefused(Refusal.MALFORMED)
    handshake.check(head)
    return _LobbySocket(stream, rest)


def _read(text: bytes | str) -> LobbyMessage:
    try:
        return _CODEC.decode(text)
    except Malformed as error:
        raise ProtocolBroken(f"no message of the live lobby: {error}") from error
