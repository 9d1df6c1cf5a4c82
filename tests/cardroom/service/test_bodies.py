"""Connections whose requests are answered before they have come whole, on a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h11
import pytest
import trio

from cardroom.local.servers import free_port
from cardroom.service.http import RefusedRequest, make_app, read_body, serve_http
from cardroom.service.settings import Bind
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import Credentials
from cardroom.wire.refusals import Refusal
from tests.cardroom.service.test_http import LOG

BODY = b'{"email":"a","password":"b"}'
BODIES = Codec[Credentials](Credentials, Encoding.JSON, 4096, {})


@asynccontextmanager
async def served(seconds: float = 10.0) -> AsyncIterator[trio.SocketStream]:
    app = make_app("example", LOG, request_seconds=seconds)

    @app.post("/refused")
    async def refused() -> str:
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)

    @app.post("/read")
    async def read() -> str:
        return (await read_body(BODIES)).email

    stopping, port = trio.Event(), free_port()
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, app, Bind("127.0.0.1", port), stopping)
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            yield stream
        stopping.set()


def head(method: str, path: str, length: int, media_type: str = "application/json") -> bytes:
    lines = (
        f"{method} {path} HTTP/1.1", "Host: here", f"Content-Type: {media_type}", f"Content-Length: {length}",
    )  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode()


async def status(stream: trio.SocketStream) -> int:
    """Take one answer with its body from the connection; gives the status."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "here")]))
    client.send(h11.EndOfMessage())
    found = 0
    while True:
        match client.next_event():
            case h11.Response() as answer:
                found = answer.status_code
            case h11.EndOfMessage():
                return found
            case h11.NEED_DATA:
                client.receive_data(await stream.receive_some(4096))


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/refused", 401),
        ("OPTIONS", "/refused", 200),
        ("TRACE", "/refused", 405),
        ("POST", "/nowhere", 404),
        ("POST", "/read", 200),
    ],
)
async def test_a_body_that_comes_late_does_not_spoil_the_connection(
    method: str, path: str, expected: int
) -> None:
    async with served() as stream:
        await stream.send_all(head(method, path, len(BODY)))
        with trio.move_on_after(0.1) as answered_early:
            await stream.receive_some(1)
        assert answered_early.cancelled_caught
        await stream.send_all(BODY)
        assert await status(stream) == expected
        await stream.send_all(head("POST", "/read", len(BODY)) + BODY)
        assert await status(stream) == 200


@pytest.mark.parametrize(
    ("length", "seconds"), [(200_000, 10.0), (20, 0.2)], ids=["too large", "never comes"]
)
async def test_a_body_that_cannot_be_taken_ends_the_connection(length: int, seconds: float) -> None:
    async with served(seconds) as stream:
        await stream.send_all(head("POST", "/refused", length))
        answer = b"".join([part async for part in stream])
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/x-www-form-urlencoded", 200),
        ("text/plain", 415),
        ("nonsense", 415),
    ],
)
async def test_a_body_must_be_json_and_say_so(media_type: str, expected: int) -> None:
    async with served() as stream:
        await stream.send_all(head("POST", "/read", len(BODY), media_type) + BODY)
        assert await status(stream) == expected
