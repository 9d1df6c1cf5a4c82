"""Signs of life both ways: whole frames count, silence is asked about, and ends at last."""

import os

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping

from cardroom.local.servers import EmbeddedValkey
from cardroom.wire.player import Ping as SignOfLife
from cardroom.wire.table import CloseCode
from cardroom.wire.table import Pong as Answer
from node.sessions.heartbeat import PING_FRAME, Beat, Heartbeat, Heartbeats
from node.settings import SessionLimits
from tests.node.sessions.door import Untended, open_door


def test_silence_is_asked_about_again_and_again_and_ends() -> None:
    heartbeat = Heartbeat(ping_seconds=20.0, silence_seconds=60.0)
    looks = {now: heartbeat.look(100.0, now) for now in (119.9, 120.0, 120.1, 139.9, 140.0, 159.9, 160.0)}
    assert [now for now, beat in looks.items() if beat is Beat.PING] == [120.0, 140.0]
    assert [now for now, beat in looks.items() if beat is Beat.END] == [160.0]


def test_whoever_is_heard_meanwhile_is_left_in_peace() -> None:
    heartbeat = Heartbeat(ping_seconds=20.0, silence_seconds=60.0)
    assert heartbeat.look(heard_at=100.0, now=120.0) is Beat.PING
    assert heartbeat.look(heard_at=136.0, now=155.0) is Beat.NOTHING
    assert heartbeat.look(heard_at=136.0, now=156.0) is Beat.PING


def test_a_silence_that_is_shorter_than_asking_ends_too() -> None:
    heartbeat = Heartbeat(ping_seconds=20.0, silence_seconds=5.0)
    assert [heartbeat.look(100.0, now) for now in (104.9, 105.0)] == [Beat.NOTHING, Beat.END]


@define
class Looked:
    """A connection that notes when it was looked at."""

    heard_at: float
    at: list[float] = field(factory=list)

    def notice_silence(self, now: float) -> None:
        self.at.append(now)


@pytest.mark.parametrize(("limits", "every"), [((20.0, 60.0), 1.0), ((0.4, 60.0), 0.1), ((20.0, 2.0), 0.5)])
async def test_all_are_looked_at_by_one_task_often_enough(
    autojump_clock: MockClock, limits: tuple[float, float], every: float
) -> None:
    heartbeats, began = Heartbeats(*limits), trio.current_time()
    stays, goes, talks = Looked(began - 60.0), Looked(began - 60.0), Looked(began + 60.0)
    heartbeats.add(talks)
    heartbeats.add(stays)
    heartbeats.add(goes)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heartbeats.run)
        await trio.sleep(1.5 * every)
        heartbeats.remove(goes)
        await trio.sleep(every)
        nursery.cancel_scope.cancel()
    assert [at - began for at in stays.at] == pytest.approx([every, 2 * every])
    assert len(goes.at) == 1
    assert talks.at == [], "nothing is called for"


def test_the_ping_is_one_that_a_client_reads() -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(PING_FRAME)
    assert [*client.events()] == [Ping(payload=b"")]


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
