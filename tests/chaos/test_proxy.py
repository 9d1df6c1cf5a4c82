"""Links that are cut, slowed down, silenced and left half open, over real sockets."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio

from tests.chaos.proxy import Link, find_owner, open_proxy, to_port

Client = trio.SocketStream


async def echo(stream: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError):
        async for data in stream:
            await stream.send_all(data)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Link, Client, int]]:
    """Connect to an echo behind a proxy, as the client named "node"; gives the proxy's port, too."""
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            listeners: list[trio.SocketListener] = await nursery.start(trio.serve_tcp, echo, 0)
            port = listeners[0].socket.getsockname()[1]
            async with (
                open_proxy("server", to_port(port), lambda port: "node") as proxy,
                await trio.open_tcp_stream("127.0.0.1", proxy.port) as client,
            ):
                await answered(client)
                yield proxy.link("node"), client, proxy.port
            nursery.cancel_scope.cancel()


async def answered(client: Client) -> bool:
    """Say whether the echo comes in time; raises when the connection is broken."""
    with trio.move_on_after(0.3):
        await client.send_all(b"x")
        if not await client.receive_some(1):
            raise trio.BrokenResourceError("closed")
        return True
    return False


async def test_bytes_go_both_ways() -> None:
    async with connected() as (_, client, _):
        assert await answered(client)


async def test_a_cut_resets_what_is_connected_and_nothing_later() -> None:
    async with connected() as (link, client, port):
        link.cut()
        with pytest.raises(trio.BrokenResourceError):
            await answered(client)
        async with await trio.open_tcp_stream("127.0.0.1", port) as later:
            assert await answered(later)


async def test_silence_holds_everything_back_until_it_is_healed() -> None:
    async with connected() as (link, client, port):
        link.silence()
        assert not await answered(client)
        async with await trio.open_tcp_stream("127.0.0.1", port) as later:
            assert not await answered(later)
            link.heal()
            assert await later.receive_some(1) == b"x"
        assert await client.receive_some(1) == b"x"


async def test_what_is_half_open_never_hears_anything_again() -> None:
    async with connected() as (link, client, port):
        link.leave_half_open()
        assert not await answered(client)
        link.heal()
        assert not await answered(client)
        async with await trio.open_tcp_stream("127.0.0.1", port) as later:
            assert await answered(later)


async def test_a_connection_is_known_by_the_process_that_opened_it() -> None:
    async with connected() as (_, client, _):
        port = client.socket.getsockname()[1]
        assert find_owner(port, {"nobody": 1 << 30, "us": os.getpid()}) == "us"
        assert find_owner(port, {"nobody": 1 << 30}) == ""
    assert find_owner(port, {"us": os.getpid()}) == ""


async def test_a_slow_link_takes_its_time() -> None:
    async with connected() as (link, client, _):
        link.delay_seconds = 0.1
        began = trio.current_time()
        assert await answered(client)
        assert trio.current_time() - began >= 0.2
        link.heal()
        assert await answered(client)
