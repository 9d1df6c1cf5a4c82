"""Connecting, and what bytes that are no message do."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Ping

from cardroom.client import ClientLimits, ConnectionLost, ProtocolBroken
from cardroom.client.socket import open_nursery, open_socket
from cardroom.local.servers import free_port
from cardroom.wire.codec import Encoding
from cardroom.wire.frames import Opcode, write_frame
from cardroom.wire.player import Hello
from cardroom.wire.table import Snapshot, Welcome, table_codec
from tests.fakes.node import WELCOME, Stage, scripted_node

LIMITS = ClientLimits(connect_seconds=0.3, send_seconds=0.3, answer_seconds=0.3, close_seconds=0.3)


async def _silent(stage: Stage) -> None:
    await trio.lowlevel.checkpoint()


async def test_nobody_listens() -> None:
    with pytest.raises(ConnectionLost):
        async with open_socket(f"ws://127.0.0.1:{free_port()}", Encoding.MSGPACK, LIMITS):
            pass


async def test_who_does_not_shake_hands_is_given_up() -> None:
    async def accept(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, accept, listeners)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(ConnectionLost, match="in time"):
            async with open_socket(f"ws://127.0.0.1:{port}", Encoding.MSGPACK, LIMITS):
                pass
        nursery.cancel_scope.cancel()


async def test_who_hangs_up_during_the_handshake_is_not_waited_for() -> None:
    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.receive_some(4096)

    async with served(hang_up) as url:
        patient = ClientLimits(connect_seconds=60.0)
        with trio.fail_after(5), pytest.raises(ConnectionLost, match="closed during the handshake"):
            async with open_socket(url, Encoding.MSGPACK, patient):
                pass


async def test_a_ping_that_crosses_our_goodbye_is_passed_over() -> None:
    async def ping_at_the_end(stream: trio.SocketStream) -> None:
        server = WSConnection(ConnectionType.SERVER)
        server.receive_data(await stream.receive_some(4096))
        await stream.send_all(server.send(AcceptConnection(subprotocol=Encoding.MSGPACK.value)))
        await stream.receive_some(4096)
        await stream.send_all(server.send(Ping()))
        await trio.sleep_forever()

    async with served(ping_at_the_end) as url:
        with trio.fail_after(5):
            async with open_socket(url, Encoding.MSGPACK, LIMITS):
                pass


@pytest.mark.parametrize(
    "data", [b"\x82\x81abcdx", b"\x81\x01\xff", b"\x88\x01x"], ids=["masked", "no text", "half a code"]
)
async def test_frames_that_break_the_rules_break_the_protocol_after_what_came_before(data: bytes) -> None:
    async def send(stream: trio.SocketStream) -> None:
        server = WSConnection(ConnectionType.SERVER)
        server.receive_data(await stream.receive_some(4096))
        await stream.send_all(server.send(AcceptConnection(subprotocol=Encoding.MSGPACK.value)))
        await stream.receive_some(4096)
        welcome = table_codec(Encoding.MSGPACK).encode(WELCOME)
        await stream.send_all(write_frame(Opcode.BINARY, welcome) + data)
        await trio.sleep_forever()

    async with served(send) as url, open_socket(url, Encoding.MSGPACK, LIMITS) as socket:
        await socket.send(Hello("a ticket", ""))
        assert await socket.receive() == WELCOME
        for _ in range(2):
            with pytest.raises(ProtocolBroken, match="no frame that a node may send"):
                await socket.receive()


@asynccontextmanager
async def served(handler: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[str]:
    async with trio.open_nursery() as nursery:
        listeners: list[trio.SocketListener] = await nursery.start(
            partial(trio.serve_tcp, handler, 0, host="127.0.0.1")
        )
        yield f"ws://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def test_who_answers_no_websocket_is_lost() -> None:
    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some(4096)
        await stream.send_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, listeners)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(ConnectionLost):
            async with open_socket(f"ws://127.0.0.1:{port}", Encoding.MSGPACK, LIMITS):
                pass
        nursery.cancel_scope.cancel()


async def test_another_subprotocol_is_not_spoken() -> None:
    async with scripted_node(_silent, speaks=False) as ticket:
        with pytest.raises((ProtocolBroken, ConnectionLost)):
            async with open_socket(ticket.url, Encoding.MSGPACK, LIMITS):
                pass


async def test_bytes_that_are_no_message_break_the_protocol() -> None:
    async def garbage(stage: Stage) -> None:
        await stage.connection.send_message(b"\xc1\xff")

    async with scripted_node(garbage) as ticket, open_socket(ticket.url, Encoding.MSGPACK, LIMITS) as socket:
        with pytest.raises(ProtocolBroken):
            await socket.receive()


async def test_another_first_message_than_due() -> None:
    async def node(stage: Stage) -> None:
        await stage.tell(WELCOME, WELCOME)

    async with scripted_node(node) as ticket, open_socket(ticket.url, Encoding.MSGPACK, LIMITS) as socket:
        assert await socket.receive_first(Welcome) == WELCOME
        with pytest.raises(ProtocolBroken, match="Snapshot expected"):
            await socket.receive_first(Snapshot)


async def test_a_first_message_that_does_not_come() -> None:
    async with scripted_node(_silent) as ticket, open_socket(ticket.url, Encoding.MSGPACK, LIMITS) as socket:
        with pytest.raises(ConnectionLost, match="in time"):
            await socket.receive_first(Welcome)


async def test_a_connection_that_is_cut_off_is_lost_and_may_still_be_closed() -> None:
    async with scripted_node(_silent) as ticket, open_socket(ticket.url, Encoding.MSGPACK, LIMITS) as socket:
        socket.cut()
        with pytest.raises(ConnectionLost):
            await socket.receive()
        with pytest.raises(ConnectionLost):
            await socket.send(Hello("late", ""))
        await socket.close()


async def test_sending_after_the_close() -> None:
    async with scripted_node(_silent) as ticket, open_socket(ticket.url, Encoding.MSGPACK, LIMITS) as socket:
        await socket.close()
        with pytest.raises(ConnectionLost):
            await socket.send(Hello("late", ""))


async def test_tasks_end_with_the_block_of_their_nursery() -> None:
    with trio.fail_after(5):
        async with open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)


async def test_cancellation_passes_through_the_nursery() -> None:
    with trio.move_on_after(0.05) as scope:
        async with open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep_forever()
    assert scope.cancelled_caught
