"""Bad input of an admitted player, over real sockets: a code for each, and the table goes on."""

import os
from contextlib import AsyncExitStack

import msgpack
import pytest
import trio
from wsproto.events import CloseConnection
from wsproto.events import Ping as WirePing
from wsproto.events import Pong as WirePong

from cardroom.ids import TableId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.frames import Opcode, write_frame
from cardroom.wire.moved import Moved
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import Act, ActionKind, Hello, Ping, Resync, SitDown
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    CardsDealt,
    CloseCode,
    Done,
    HandStarted,
    Pong,
    Refused,
    TurnBegan,
)
from node.settings import SessionLimits
from tests.node.sessions.door import PLAYER_CODECS, open_door
from tests.node.tables.house import BUY_IN, TABLE, until

BOTH = pytest.mark.parametrize("encoding", list(Encoding))


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
        await door.assert_table_goes_on()


@pytest.mark.parametrize("size", [4097, 100_000])
async def test_an_oversized_message_closes_with_1009(valkey: EmbeddedValkey, size: int) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter() as player:
            await player.send_raw(os.urandom(size))
            assert await player.hear_close() == CloseCode.TOO_LARGE.value
        await door.assert_table_goes_on()


async def test_a_broken_frame_closes_that_connection_only(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter() as player:
            await player.stream.send_all(b"\xff\xff\xff\xff")  # reserved bits and opcode
            assert await player.hear_close() in (1002, 1006)
        await door.assert_table_goes_on()


async def test_a_connection_that_vanishes_is_forgotten(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter() as player:
            assert len(door.connections) == 1
            await player.cut()
        await door.assert_table_goes_on()
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
        await door.assert_table_goes_on()


async def test_a_flood_of_pings_is_closed_like_one_of_messages(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(messages_per_second=1, message_burst=5)
    async with open_door(valkey.settings, limits) as door:
        async with door.enter_by_hand(1) as player:
            for number in range(11):
                await player.send(WirePing(payload=bytes([number])))
            heard = []
            while not isinstance(event := await player.hear(), CloseConnection):
                heard.append(event)
            assert event.code == CloseCode.TOO_MANY_MESSAGES.value
            pongs = [event.payload for event in heard if isinstance(event, WirePong)]
            assert pongs == [bytes([number]) for number in range(5)]
        await door.assert_table_goes_on()


@BOTH
async def test_a_message_in_fragments_with_a_ping_among_them_is_taken(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    async with open_door(valkey.settings) as door, door.enter(encoding=encoding) as player:
        data = PLAYER_CODECS[encoding].encode(Ping(77))
        opcode = Opcode.BINARY if encoding is Encoding.MSGPACK else Opcode.TEXT
        for place in range(len(data)):
            frame = bytearray(
                write_frame(opcode if place == 0 else Opcode.CONTINUATION, data[place:][:1], b"mask")
            )
            if place < len(data) - 1:
                frame[0] &= 0x7F
            await player.stream.send_all(frame)
            await player.stream.send_all(write_frame(Opcode.PING, b"still there?", b"mask"))
        assert await player.hear_until(Pong) == Pong(77)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (write_frame(Opcode.BINARY, b"unmasked"), 1002),
        (b"\x82\xff\x7f" + bytes(7), 1009),
        (write_frame(Opcode.TEXT, b"\xff\xff", b"mask"), 1007),
        (write_frame(Opcode.CLOSE, b"\x03", b"mask"), 1002),
        (write_frame(Opcode.CLOSE, b"\x0f\xa1bye", b"mask"), 4001),
    ],
)
async def test_frames_that_end_a_connection_end_no_other(
    valkey: EmbeddedValkey, data: bytes, code: int
) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter_by_hand(1) as player:
            await player.stream.send_all(data)
            while not isinstance(event := await player.hear(), CloseConnection):
                pass
            assert event.code == code
        await door.assert_table_goes_on()


async def test_asking_for_what_was_missed_counts_as_many_messages(valkey: EmbeddedValkey) -> None:
    """It costs the node as much: hundreds of events are encoded for one connection."""
    limits = SessionLimits(messages_per_second=0.001, message_burst=10, resync_messages=4)
    async with open_door(valkey.settings, limits) as door, door.enter() as player:
        for number in range(4):
            await player.send(Resync(number, TABLE, 0))
        answers = [await player.hear_until(Done | Refused) for _ in range(4)]
        assert answers == [Done(0), Done(1), *(Refused(number, Refusal.RATE_LIMITED) for number in (2, 3))]
        await player.send(Ping(9))
        assert await player.hear() == Refused(None, Refusal.RATE_LIMITED)


async def test_silence_is_closed(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, SessionLimits(silence_seconds=0.3)) as door, door.enter() as player:
        assert await player.hear_close() == CloseCode.HEARTBEAT_MISSED.value


async def test_a_fourth_connection_of_a_player_closes_the_oldest(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings) as door, AsyncExitStack() as stack:
        oldest, *_ = [await stack.enter_async_context(door.enter()) for _ in range(4)]
        assert await oldest.hear_close() == CloseCode.REPLACED.value
        assert len(door.connections) == 3


async def test_who_never_reads_is_closed_and_nobody_else(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(outbox_bytes=2_000, messages_per_second=10_000, message_burst=100_000)
    filler = b"\x82\x7e\x07\xd0" + b"\xc0" * 2_000
    async with (
        open_door(valkey.settings, limits) as door,
        door.enter(user=1) as player,
        door.enter_by_hand(user=2, receive_buffer=1_024),
    ):
        await until(lambda: len(door.connections) == 2)
        with trio.fail_after(20):
            while len(door.connections) == 2:
                await player.send(Ping(1))
                assert await player.hear() == Pong(1)
                for viewer in door.house.table.audience.viewers:
                    viewer.offer_frames(filler if viewer.user_id == 2 else b"")
        await door.assert_table_goes_on()


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


@BOTH
async def test_who_is_sent_on_gets_the_way_and_a_token_that_is_good_there(
    valkey: EmbeddedValkey, encoding: Encoding
) -> None:
    async with open_door(valkey.settings) as door:
        async with door.enter(encoding=encoding) as player:
            (viewer,) = door.house.table.audience.viewers
            viewer.move("ws://elsewhere")
            moved = await player.hear_until(Moved)
            assert isinstance(moved, Moved)
            assert (moved.table_id, moved.url) == (TABLE, "ws://elsewhere")
            assert await player.hear_close() == CloseCode.MOVED.value
        async with door.come_back(moved.resume, player.last_seq) as player:
            assert isinstance(await player.hear_until(PlaceChanged), PlaceChanged)
