"""Signs of life both ways: whole frames count, silence is asked about, and ends at last."""

import os

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from cardroom.local.servers import EmbeddedValkey
from cardroom.wire.player import Ping as SignOfLife
from cardroom.wire.table import CloseCode
from cardroom.wire.table import Pong as Answer
from node.sessions.heartbeat import PING_FRAME, Beat, FrameEnds, Heartbeat
from node.settings import SessionLimits
from tests.node.sessions.door import Untended, open_door

EVENTS = st.one_of(
    st.builds(BytesMessage, data=st.binary(max_size=300), message_finished=st.booleans()),
    st.builds(Ping, payload=st.binary(max_size=125)),
    st.builds(Pong, payload=st.binary(max_size=125)),
)


def test_silence_is_asked_about_again_and_again_and_ends() -> None:
    heartbeat = Heartbeat(ping_seconds=20.0, silence_seconds=60.0)
    for now, beat in ((120.0, Beat.PING), (140.0, Beat.PING), (160.0, Beat.END)):
        assert heartbeat.next_look(heard_at=100.0) == now
        assert heartbeat.look(heard_at=100.0, now=now) is beat


def test_whoever_is_heard_meanwhile_is_left_in_peace() -> None:
    heartbeat = Heartbeat(ping_seconds=20.0, silence_seconds=60.0)
    assert heartbeat.look(heard_at=115.0, now=120.0) is Beat.NOTHING
    assert heartbeat.next_look(heard_at=115.0) == 135.0
    assert heartbeat.look(heard_at=115.0, now=135.0) is Beat.PING
    assert heartbeat.next_look(heard_at=136.0) == 156.0


def test_the_ping_is_one_that_a_client_reads() -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(PING_FRAME)
    assert [*client.events()] == [Ping(payload=b"")]


@given(st.lists(EVENTS, max_size=8), st.data())
def test_frames_end_where_the_client_ended_them(events: list[Event], data: st.DataObject) -> None:
    """However the network cuts the bytes, a piece has a sign of life in it when a frame ends there."""
    client = Connection(ConnectionType.CLIENT)
    frames = [client.send(event) for event in events]
    whole = b"".join(frames)
    ends, at = set(), 0
    for frame in frames:
        at += len(frame)
        ends.add(at)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole))), max_size=12)) | {len(whole)})
    found, start = FrameEnds(), 0
    for cut in cuts:
        piece = whole[start:cut]
        assert found.are_in(piece) == any(start < end <= cut for end in ends)
        start = cut


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536])
def test_a_frame_of_any_length_ends_with_its_last_byte(size: int) -> None:
    frame = Connection(ConnectionType.CLIENT).send(TextMessage(data="x" * size))
    found = FrameEnds()
    assert not found.are_in(frame[:-1])
    assert found.are_in(frame[-1:])
    assert not found.are_in(b"")


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_bytes_that_are_no_frames_do_no_harm(pieces: list[bytes]) -> None:
    found = FrameEnds()
    for piece in pieces:
        found.are_in(piece)


LIMITS = SessionLimits(ping_seconds=0.2, silence_seconds=2.0)


async def test_a_client_whose_library_answers_pings_stays(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, LIMITS) as door, door.enter() as player:
        await trio.sleep(2.5)  # it says nothing by itself for longer than it may be silent
        await player.send(SignOfLife(1))
        assert await player.hear_until(Answer) == Answer(1)


async def test_a_client_that_sends_unasked_pongs_stays(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(ping_seconds=60, silence_seconds=2.0)
    async with open_door(valkey.settings, limits) as door, door.enter() as player:
        for _ in range(12):
            await player.socket.pong(os.urandom(4))
            await trio.sleep(0.2)
        await player.send(SignOfLife(1))
        assert await player.hear_until(Answer) == Answer(1)


async def _hear_close(player: Untended) -> tuple[int, int]:
    """Read to the end without answering; give the number of pings and the close code."""
    pings = 0
    while not isinstance(event := await player.hear(), CloseConnection):
        pings += isinstance(event, Ping)
    return pings, event.code


async def test_who_answers_no_ping_is_closed(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, LIMITS) as door, door.enter_by_hand(1) as player:
        pings, code = await _hear_close(player)
        assert pings >= 1
        assert code == CloseCode.HEARTBEAT_MISSED.value


async def test_nobody_stays_by_dripping_bytes(valkey: EmbeddedValkey) -> None:
    """A frame of 4,000 bytes comes byte by byte: each is received in time, and none is a sign of life."""
    async with open_door(valkey.settings, LIMITS) as door, door.enter_by_hand(1) as player:
        frame = Connection(ConnectionType.CLIENT).send(BytesMessage(data=bytes(4_000)))

        async def drip() -> None:
            for byte in frame:
                await player.stream.send_all(bytes([byte]))
                await trio.sleep(0.02)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip)
            assert (await _hear_close(player))[1] == CloseCode.HEARTBEAT_MISSED.value
            nursery.cancel_scope.cancel()
