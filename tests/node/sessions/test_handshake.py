"""Who is let in at the door, over real sockets: a code for everybody else, and the table goes on."""

import os

import pytest
import trio
from attrs import evolve

from cardroom.ids import BootNonce
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TableTicket, sign_ticket
from cardroom.wire.player import Hello, Ping
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    CloseCode,
    Pong,
    Refused,
    Snapshot,
    Welcome,
)
from node.sessions.admission import wall_clock_ms
from node.settings import SessionLimits
from tests.node.sessions.door import EPOCH, KEY, Door, open_door
from tests.node.tables.house import TABLE

BOTH = pytest.mark.parametrize("encoding", list(Encoding))


@BOTH
async def test_a_good_ticket_opens_the_table(valkey: EmbeddedValkey, encoding: Encoding) -> None:
    async with open_door(valkey.settings) as door, door.knock(encoding) as player:
        await player.send(Hello(sign_ticket(door.ticket(), KEY), ""))
        welcome = await player.hear()
        assert isinstance(welcome, Welcome)
        assert (welcome.user_id, welcome.heartbeat_seconds) == (1, 60)
        snapshot = await player.hear()
        assert isinstance(snapshot, Snapshot)
        assert snapshot.table_id == TABLE
        assert player.socket.subprotocol == encoding.value


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expires_unix_ms": wall_clock_ms() - 1}, Refusal.TICKET_EXPIRED),
        ({"boot": BootNonce("another start")}, Refusal.WRONG_NODE),
        ({"node": "node-2"}, Refusal.WRONG_NODE),
        ({"epoch": EPOCH - 1}, Refusal.WRONG_NODE),
    ],
)
async def test_a_ticket_that_is_not_good_here_and_now_is_refused(
    valkey: EmbeddedValkey, change: dict[str, object], code: Refusal
) -> None:
    async with open_door(valkey.settings) as door:
        await _assert_refused(door, sign_ticket(_changed(door.ticket(), change), KEY), code)
        await door.assert_table_goes_on()


def _changed(ticket: TableTicket, change: dict[str, object]) -> TableTicket:
    return evolve(ticket, **change)  # type: ignore[arg-type]


async def _assert_refused(door: Door, ticket: str, code: Refusal) -> None:
    async with door.knock() as player:
        await player.send(Hello(ticket, ""))
        assert await player.hear() == Refused(None, code)
        assert await player.hear_close() == CloseCode.NOT_AUTHENTICATED.value


@pytest.mark.parametrize("forged", ["", "no ticket", "a.b", "x" * 3000])
async def test_a_forged_ticket_is_refused(valkey: EmbeddedValkey, forged: str) -> None:
    async with open_door(valkey.settings) as door:
        await _assert_refused(door, forged, Refusal.TICKET_INVALID)
        await _assert_refused(door, sign_ticket(door.ticket(), "another key"), Refusal.TICKET_INVALID)


async def test_a_ticket_is_good_once(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        ticket = sign_ticket(door.ticket(), KEY)
        async with door.knock() as first:
            await first.send(Hello(ticket, ""))
            assert isinstance(await first.hear(), Welcome)
            await _assert_refused(door, ticket, Refusal.TICKET_USED)
            await first.send(Ping(4))
            assert await first.hear_until(Pong) == Pong(4)


async def test_without_redis_nobody_new_comes_in(valkey: EmbeddedValkey) -> None:
    gone = evolve(valkey.settings, port=1, connect_seconds=0.2)
    async with open_door(gone) as door:
        await _assert_refused(door, sign_ticket(door.ticket(), KEY), Refusal.UNAVAILABLE)


@BOTH
async def test_who_does_not_say_hello_first_is_refused(valkey: EmbeddedValkey, encoding: Encoding) -> None:
    async with open_door(valkey.settings) as door, door.knock(encoding) as player:
        await player.send(Ping(1))
        assert await player.hear() == Refused(None, Refusal.NOT_AUTHENTICATED)
        assert await player.hear_close() == CloseCode.NOT_AUTHENTICATED.value


async def test_who_says_nothing_is_closed(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, SessionLimits(hello_seconds=0.2)) as door, door.knock() as player:
        assert await player.hear_close() == CloseCode.NOT_AUTHENTICATED.value


@pytest.mark.parametrize(
    "data", [b"", b"GET / HTTP/1.1\r\n\r\n", os.urandom(2000), b"\x16\x03\x01" * 50, b"A" * 100_000]
)
async def test_bytes_that_are_no_websocket_do_no_harm(valkey: EmbeddedValkey, data: bytes) -> None:
    async with open_door(valkey.settings, SessionLimits(hello_seconds=0.3, close_seconds=0.2)) as door:
        stranger = await trio.open_tcp_stream("127.0.0.1", door.port)
        async with stranger:
            try:
                await stranger.send_all(data)
                with trio.fail_after(5):
                    while await stranger.receive_some():
                        pass
            except trio.BrokenResourceError:
                pass
        await door.assert_table_goes_on()


async def test_a_request_with_headers_that_are_no_ascii_is_refused(valkey: EmbeddedValkey) -> None:
    request = (
        b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: \xff\r\n\r\n"
    )
    async with open_door(valkey.settings, SessionLimits(close_seconds=0.2)) as door:
        async with await trio.open_tcp_stream("127.0.0.1", door.port) as stranger:
            await stranger.send_all(request)
            with trio.fail_after(5):
                assert (await stranger.receive_some()).startswith(b"HTTP/1.1 400 ")
        await door.assert_table_goes_on()


async def test_over_the_limit_one_is_sent_back_to_the_router(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(connections=1)
    async with open_door(valkey.settings, limits) as door, door.enter(), door.knock() as second:
        await second.send(Hello(sign_ticket(door.ticket(2), KEY), ""))
        assert await second.hear() == Refused(None, Refusal.NODE_FULL)
        assert await second.hear_close() == CloseCode.TRY_AGAIN_LATER.value
        assert "router" in str(second.socket.closed)


async def test_a_client_that_offers_nothing_gets_json_or_binary_by_header(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        binary = [(b"X-Accept-Binary", b"true")]
        for headers, encoding in (([], Encoding.JSON), (binary, Encoding.MSGPACK)):
            async with door.knock(None, headers, answer=encoding) as plain:
                await plain.send(Hello(sign_ticket(door.ticket(), KEY), ""))
                assert isinstance(await plain.hear(), Welcome)
