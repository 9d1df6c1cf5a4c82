"""Bad input at the door and at the table, over real sockets: a code for each, and the table goes on."""

import os
import socket
from contextlib import AsyncExitStack

import msgpack
import pytest
import trio
from attrs import evolve
from wsproto import ConnectionType, WSConnection
from wsproto.events import BytesMessage, Request

from cardroom.ids import BootNonce, TableId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.lobby import TableTicket, sign_ticket
from cardroom.wire.player import Act, ActionKind, Hello, Ping, SitDown, player_codec
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    CardsDealt,
    CloseCode,
    Done,
    HandStarted,
    Pong,
    Refused,
    Snapshot,
    TurnBegan,
    Welcome,
)
from node.sessions.admission import wall_clock_ms
from node.settings import SessionLimits
from tests.node.sessions.door import KEY, Door, open_door
from tests.node.tables.house import BUY_IN, TABLE

BOTH = pytest.mark.parametrize("encoding", list(Encoding))


async def _assert_table_goes_on(door: Door) -> None:
    """Somebody else connects, sits down, and is answered."""
    async with door.enter(user=19) as other:
        await other.send(SitDown(1, TABLE, None, BUY_IN, posts_blind=True))
        assert await other.hear_until(Done) == Done(1)


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
    ],
)
async def test_a_ticket_that_is_not_good_here_and_now_is_refused(
    valkey: EmbeddedValkey, change: dict[str, object], code: Refusal
) -> None:
    async with open_door(valkey.settings) as door:
        await _assert_refused(door, sign_ticket(_changed(door.ticket(), change), KEY), code)
        await _assert_table_goes_on(door)


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
    ("encoding", "data", "code"),
    [
        (Encoding.MSGPACK, b"\xc1\xff\x00garbage", Refusal.MALFORMED),
        (Encoding.MSGPACK, "text on a binary connection", Refusal.MALFORMED),
        (Encoding.MSGPACK, msgpack.packb([250, 1]), Refusal.UNKNOWN_MESSAGE),
        (Encoding.JSON, "{garbage", Refusal.MALFORMED),
        (Encoding.JSON, b"\xff\xfe\x00", Refusal.MALFORMED),
        (Encoding.JSON, '{"type":"cheat"}', Refusal.UNKNOWN_MESSAGE),
        (Encoding.JSON, '{"type":"ping","number":"1"}', Refusal.MALFORMED),
    ],
)
async def test_garbage_and_unknown_messages_are_refused_and_the_connection_stays(
    valkey: EmbeddedValkey, encoding: Encoding, data: bytes | str, code: Refusal
) -> None:
    async with open_door(valkey.settings) as door, door.enter(encoding=encoding) as player:
        await player.send_raw(data)
        assert await player.hear() == Refused(None, code)
        await player.send(Hello("again", ""))
        assert await player.hear() == Refused(None, Refusal.UNEXPECTED_MESSAGE)
        await player.send(Ping(7))
        assert await player.hear() == Pong(7)
        await _assert_table_goes_on(door)


@pytest.mark.parametrize("size", [4097, 100_000])
async def test_an_oversized_message_closes_with_1009(valkey: EmbeddedValkey, size: int) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter() as player:
            await player.send_raw(os.urandom(size))
            assert await player.hear_close() == CloseCode.TOO_LARGE.value
        await _assert_table_goes_on(door)


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
        await _assert_table_goes_on(door)


async def test_a_broken_frame_closes_that_connection_only(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter() as player:
            await player.socket._stream.send_all(b"\xff\xff\xff\xff")  # reserved bits and opcode
            assert await player.hear_close() in (1002, 1006)
        await _assert_table_goes_on(door)


async def test_a_connection_that_vanishes_is_forgotten(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter() as player:
            assert len(door.connections) == 1
            player.socket._stream.socket.setsockopt(  # type: ignore[attr-defined]
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
            )
            await player.socket._stream.aclose()
        await _assert_table_goes_on(door)
        with trio.fail_after(5):
            while len(door.connections):
                await trio.lowlevel.checkpoint()
        assert door.house.table.audience.viewers == ()


async def test_requests_for_another_table_are_refused(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door, door.enter() as player:
        await player.send(SitDown(5, TableId(77), None, BUY_IN, posts_blind=True))
        assert await player.hear() == Refused(5, Refusal.NO_SUCH_TABLE)


async def test_a_flood_is_refused_then_closed(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(messages_per_second=1, message_burst=5)
    async with open_door(valkey.settings, limits) as door:
        async with door.enter() as player:
            for number in range(5):
                await player.send(Ping(number))
                assert await player.hear() == Pong(number)
            for _ in range(6):
                await player.send(Ping(0))
            assert await player.hear() == Refused(None, Refusal.RATE_LIMITED)
            assert await player.hear_close() == CloseCode.TOO_MANY_MESSAGES.value
        await _assert_table_goes_on(door)


async def test_silence_is_closed(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, SessionLimits(silence_seconds=0.3)) as door, door.enter() as player:
        assert await player.hear_close() == CloseCode.HEARTBEAT_MISSED.value


async def test_over_the_limit_one_is_sent_back_to_the_router(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(connections=1)
    async with open_door(valkey.settings, limits) as door, door.enter(), door.knock() as second:
        assert await second.hear_close() == CloseCode.TRY_AGAIN_LATER.value


async def test_a_fourth_connection_of_a_player_closes_the_oldest(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door, AsyncExitStack() as stack:
        oldest, *_ = [await stack.enter_async_context(door.enter()) for _ in range(4)]
        assert await oldest.hear_close() == CloseCode.REPLACED.value
        assert len(door.connections) == 3


async def test_who_never_reads_is_closed_and_delays_nobody(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(outbox_bytes=2_000, messages_per_second=10_000, message_burst=100_000)
    async with open_door(valkey.settings, limits) as door, door.enter(user=1) as player:
        reader = await trio.open_tcp_stream("127.0.0.1", door.port)
        reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        async with reader:
            await _follow_without_reading(reader, door)
            with trio.fail_after(20):
                while len(door.connections) == 2:
                    await player.send(SitDown(1, TABLE, None, Krw(1), posts_blind=True))
                    await player.hear()
                    for viewer in door.house.table.audience.viewers:
                        viewer.offer_frames(
                            b"\x82\x7e\x07\xd0" + b"\xc0" * 2000 if viewer.user_id == 2 else b""
                        )
        await _assert_table_goes_on(door)


SLOW = 2
FILLER = b"\x82\x7e\x07\xd0" + b"\xc0" * 2000


async def _follow_without_reading(stream: trio.SocketStream, door: Door) -> None:
    """Shake hands and say hello by hand, so that no library reads for us."""
    speaker = WSConnection(ConnectionType.CLIENT)
    await stream.send_all(
        speaker.send(Request(host="127.0.0.1", target="/", subprotocols=[Encoding.MSGPACK.value]))
    )
    speaker.receive_data(await stream.receive_some())
    list(speaker.events())
    hello = player_codec(Encoding.MSGPACK).encode(Hello(sign_ticket(door.ticket(user=2), KEY), ""))
    await stream.send_all(speaker.send(BytesMessage(data=hello)))
    with trio.fail_after(5):
        while len(door.connections) < 2:
            await trio.lowlevel.checkpoint()


async def test_bet_out_of_turn_and_above_the_balance_over_the_wire(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        door.house.ledger.wallets[door.ticket(3).user_id] = Krw(1_000)
        async with door.enter(1) as one, door.enter(2, Encoding.JSON) as two, door.enter(3) as poor:
            await poor.send(SitDown(1, TABLE, None, BUY_IN, posts_blind=True))
            assert await poor.hear_until(Refused) == Refused(1, Refusal.INSUFFICIENT_FUNDS)
            await one.send(SitDown(1, TABLE, None, BUY_IN, posts_blind=True))
            await two.send(SitDown(1, TABLE, None, BUY_IN, posts_blind=True))
            players = {}
            for player in (one, two):
                await player.hear_until(HandStarted)
                dealt = await player.hear_until(CardsDealt)
                assert isinstance(dealt, CardsDealt)
                assert len(dealt.cards) == 2
                players[player.encoding] = dealt.cards
            assert not set(players[one.encoding]) & set(players[two.encoding])
            began = await one.hear_until(TurnBegan)
            assert isinstance(began, TurnBegan)
            for player in (one, two):
                await player.send(Act(9, TABLE, 1, began.turn.turn, ActionKind.FOLD, Krw(0)))
            answers = {await player.hear_until(Refused | Done) for player in (one, two)}
            assert (
                answers == {Done(9), Refused(9, Refusal.OUT_OF_TURN)}
                or Refused(9, Refusal.NO_HAND) in answers
            )


async def test_a_client_that_offers_nothing_gets_json_or_binary_by_header(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        binary = [(b"X-Accept-Binary", b"true")]
        for headers, encoding in (([], Encoding.JSON), (binary, Encoding.MSGPACK)):
            async with door.knock(None, headers, answer=encoding) as plain:
                await plain.send(Hello(sign_ticket(door.ticket(), KEY), ""))
                assert isinstance(await plain.hear(), Welcome)
