"""Calls over HTTP: what arrives, what surely does not, and that each ends within its time and size."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import trio

from cardroom.service.settings import BadSettings
from tests.fakes.shkeeper import Fault, answer_with, hang_up, shkeeper, slow
from wallet_worker.gateways.calls import (
    MOST_ANSWER_BYTES,
    Call,
    Caller,
    Unanswered,
    Unreached,
    open_gateway_http,
)

CRYPTO = Call("GET", "/api/v1/crypto")
LONG, SHORT = 20.0, 1.0


@contextmanager
def closed_port() -> Iterator[str]:
    """Give an address where nobody listens, and keep it from everybody else meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def test_an_answer_comes_back_with_its_status() -> None:
    with shkeeper() as stub:
        stub.script("crypto", Fault(), answer_with(503, b"away"))
        async with open_gateway_http() as http:
            caller = Caller(http, stub.url + "/", LONG)
            first, second = await caller.ask(CRYPTO), await caller.ask(CRYPTO)
    assert (first.status, json.loads(first.body)["status"]) == (200, "success")
    assert (second.status, second.body) == (503, b"away")


async def test_what_is_asked_arrives_whole() -> None:
    call = Call(
        "POST", "/api/v1/BTC/payout", {"X-Extra": "1"}, ("house", "password of the tests"), b'{"a":1}'
    )
    with shkeeper() as stub:
        async with open_gateway_http() as http:
            await Caller(http, stub.url, LONG).ask(call)
        (asked,) = stub.calls("payout")
    assert (asked.method, asked.body, asked.headers["x-extra"]) == ("POST", b'{"a":1}', "1")
    assert asked.headers["authorization"].startswith("Basic ")
    assert asked.headers["accept-encoding"] == "identity"


async def test_without_a_connection_nothing_has_arrived() -> None:
    async with open_gateway_http() as http:
        with closed_port() as url, pytest.raises(Unreached):
            await Caller(http, url, LONG).ask(CRYPTO)
        with pytest.raises(Unreached):
            await Caller(http, "http://gateway.invalid", LONG).ask(CRYPTO)


async def test_a_connection_that_is_closed_says_nothing() -> None:
    with shkeeper() as stub:
        stub.script("crypto", hang_up(), Fault())
        async with open_gateway_http() as http:
            caller = Caller(http, stub.url, LONG)
            with pytest.raises(Unanswered):
                await caller.ask(CRYPTO)
            assert (await caller.ask(CRYPTO)).status == 200
        assert len(stub.calls("crypto")) == 2, "a call was repeated"


async def test_each_call_has_a_connection_of_its_own() -> None:
    connections: list[trio.SocketStream] = []

    async def answer_all(stream: trio.SocketStream) -> None:
        connections.append(stream)
        while await stream.receive_some():
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer_all, [listener])
        async with open_gateway_http() as http:
            caller = Caller(http, f"http://127.0.0.1:{listener.socket.getsockname()[1]}", LONG)
            for _ in range(3):
                await caller.ask(CRYPTO)
        nursery.cancel_scope.cancel()
    assert len(connections) == 3


async def test_a_slow_answer_is_not_waited_for() -> None:
    with shkeeper() as stub:
        stub.script("crypto", slow(LONG))
        async with open_gateway_http() as http:
            with pytest.raises(Unanswered):
                await Caller(http, stub.url, SHORT).ask(CRYPTO)


async def test_a_server_that_drips_is_not_waited_for() -> None:
    """Each byte comes in time, but not all of them do."""
    sent = trio.Event()

    async def drip(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        sent.set()
        try:
            while True:
                await trio.sleep(SHORT / 20)
                await stream.send_all(b" ")
        except trio.BrokenResourceError:
            return

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, drip, [listener])
        port = listener.socket.getsockname()[1]
        async with open_gateway_http() as http:
            with pytest.raises(Unanswered):
                await Caller(http, f"http://127.0.0.1:{port}", SHORT).ask(CRYPTO)
        assert sent.is_set()
        nursery.cancel_scope.cancel()


async def test_a_longer_answer_is_not_read() -> None:
    with shkeeper() as stub:
        fits, over = b" " * MOST_ANSWER_BYTES, b" " * (MOST_ANSWER_BYTES + 1)
        stub.script("crypto", answer_with(200, fits), answer_with(200, over))
        async with open_gateway_http() as http:
            caller = Caller(http, stub.url, LONG)
            assert len((await caller.ask(CRYPTO)).body) == MOST_ANSWER_BYTES
            with pytest.raises(Unanswered):
                await caller.ask(CRYPTO)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"{}"),
        (b"Content-Length: 5\r\n", b"{}"),
        (b"Transfer-Encoding: chunked\r\n", b"zz\r\n{}"),
        (b"Content-Length: -1\r\n", b"{}"),
    ],
)
async def test_packed_and_broken_answers_are_none(head: bytes, body: bytes) -> None:
    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body)
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        port = listener.socket.getsockname()[1]
        async with open_gateway_http() as http:
            with pytest.raises(Unanswered):
                await Caller(http, f"http://127.0.0.1:{port}", LONG).ask(CRYPTO)
        nursery.cancel_scope.cancel()


async def test_nothing_is_followed_and_no_cookie_kept() -> None:
    heads: list[bytes] = []

    async def answer(stream: trio.SocketStream) -> None:
        heads.append(bytes(await stream.receive_some()))
        head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b; Path=/\r\n"
        await stream.send_all(head + b"Content-Length: 0\r\n\r\n")
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        async with open_gateway_http() as http:
            caller = Caller(http, f"http://127.0.0.1:{listener.socket.getsockname()[1]}", LONG)
            assert (await caller.ask(CRYPTO)).status == 302
            assert (await caller.ask(CRYPTO)).status == 302
        nursery.cancel_scope.cancel()
    assert len(heads) == 2
    assert not any(b"cookie" in head.lower() for head in heads)


@pytest.mark.parametrize(
    "url", ["ftp://a", "http://", "http://a:b@c", "http://a?b", "http://a#b", "http://a:99999999", "shkeeper"]
)
async def test_only_a_server_has_an_address(url: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSettings):
            Caller(http, url, LONG)
