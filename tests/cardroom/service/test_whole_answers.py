"""An answer is sent in one write, so that no death of the process leaves half of it at a proxy."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
import trio
from quart import Response

from cardroom.local.servers import free_port
from cardroom.service.http import make_app, serve_http
from cardroom.service.settings import Bind

HEAD_END = b"\r\n\r\n"


@pytest.fixture
async def port(nursery: trio.Nursery) -> AsyncIterator[int]:
    app = make_app("whole", structlog.get_logger())

    @app.get("/body")
    async def body() -> str:
        return "x" * 1000

    @app.get("/none")
    async def none() -> Response:
        return Response(b"", status=204)

    @app.get("/pieces")
    async def pieces() -> Any:
        async def write() -> AsyncIterator[bytes]:
            yield b"first"
            await go_on.wait()
            yield b"second"

        return Response(write())

    go_on = trio.Event()
    bind, stopping = Bind("127.0.0.1", free_port()), trio.Event()
    await nursery.start(serve_http, app, bind, stopping)
    yield bind.port
    go_on.set()
    stopping.set()


async def first_write(stream: trio.SocketStream, path: str) -> bytes:
    """Give what has come when something has come: on loopback one write is read as one."""
    await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    return bytes(await stream.receive_some(64 * 1024))


@pytest.mark.parametrize(("path", "end"), [("/body", b"x" * 1000), ("/none", b""), ("/pieces", b"first\r\n")])
async def test_the_head_goes_with_the_first_piece_of_the_body(port: int, path: str, end: bytes) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head, _, rest = (await first_write(stream, path)).partition(HEAD_END)
    assert head.startswith(b"HTTP/1.1 20")
    assert rest.endswith(end)


async def test_a_connection_serves_one_answer_after_the_other(port: int) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        answers = [await first_write(stream, path) for path in ("/body", "/none", "/nowhere", "/body")]
    assert [answer[9:12] for answer in answers] == [b"200", b"204", b"404", b"200"]


async def test_what_is_no_request_is_refused_at_once(port: int) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(b"\x16\x03\x01 garbage \r\n\r\n")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 400")
