"""The door: over its limit it closes at once, out of descriptors it waits, stopping it lets nobody in."""

import errno
import socket

import pytest
import trio
from attrs import define

from cardroom.local.servers import EmbeddedValkey
from cardroom.service.settings import Bind
from cardroom.wire.lobby import sign_ticket
from cardroom.wire.player import Hello, Ping
from cardroom.wire.table import CloseCode, Pong, Snapshot, Welcome
from node.sessions.listener import Listener, open_listener
from node.settings import SessionLimits
from tests.node.sessions.door import KEY, open_door
from tests.node.tables.house import LOG, until


async def test_sockets_over_the_limit_are_closed_at_once(valkey: EmbeddedValkey) -> None:
    async with open_door(valkey.settings, SessionLimits(connections=1, hello_seconds=30)) as door:
        idle = [await trio.open_tcp_stream("127.0.0.1", door.port) for _ in range(2)]
        third = await trio.open_tcp_stream("127.0.0.1", door.port)
        with trio.fail_after(5):
            assert await third.receive_some() == b""
        for stream in (*idle, third):
            await stream.aclose()


async def test_more_than_the_limit_do_not_come_in_by_waiting_with_hello(valkey: EmbeddedValkey) -> None:
    async with (
        open_door(valkey.settings, SessionLimits(connections=1)) as door,
        door.knock() as one,
        door.knock() as two,
    ):
        await one.send(Hello(sign_ticket(door.ticket(1), KEY), ""))
        assert isinstance(await one.hear_until(Snapshot), Snapshot)
        await two.send(Hello(sign_ticket(door.ticket(2), KEY), ""))
        assert await two.hear_close() == CloseCode.TRY_AGAIN_LATER.value
        assert len(door.connections) == 1


async def test_newcomers_come_in_at_a_pace_and_delay_no_player(valkey: EmbeddedValkey) -> None:
    limits = SessionLimits(handshakes_per_second=5.0, handshake_burst=1)
    async with open_door(valkey.settings, limits) as door, door.enter(1) as player:
        arrived: list[float] = []

        async def come() -> None:
            async with door.knock():
                arrived.append(trio.current_time())
                await trio.sleep_forever()

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(come)
            await player.send(Ping(1))
            assert await player.hear() == Pong(1)
            answered = trio.current_time()
            await until(lambda: len(arrived) == 4)
            nursery.cancel_scope.cancel()
        assert arrived[-1] - arrived[0] > 0.39, "three more need three fifths of a second"
        assert answered < arrived[-1]


@define
class Failing:
    """A listening socket that fails to accept for a while."""

    real: socket.socket
    failures: list[int]

    def fileno(self) -> int:
        return self.real.fileno()

    def accept(self) -> tuple[socket.socket, object]:
        if self.failures:
            raise OSError(self.failures.pop(), "no")
        return self.real.accept()

    def close(self) -> None:
        self.real.close()


@pytest.mark.parametrize(
    "failure", [errno.EMFILE, errno.ENFILE, errno.ECONNABORTED, errno.ENOMEM, errno.EPROTO]
)
async def test_failing_to_accept_passes(valkey: EmbeddedValkey, failure: int) -> None:
    async with open_door(valkey.settings) as door, trio.open_nursery() as nursery:
        listening = open_listener(Bind("127.0.0.1", 0))
        failing, stopping = Failing(listening, [failure]), trio.Event()
        listener = Listener(failing, door.services, LOG)  # type: ignore[arg-type]
        nursery.start_soon(listener.run, stopping)
        door.port = listening.getsockname()[1]
        async with door.knock() as player:
            await player.send(Hello(sign_ticket(door.ticket(1), KEY), ""))
            assert isinstance(await player.hear(), Welcome)
            stopping.set()
            await until(lambda: listening.fileno() == -1)
            with pytest.raises(OSError, match=r".*"):
                await trio.open_tcp_stream("127.0.0.1", door.port)
            assert isinstance(await player.hear(), Snapshot), "who is here is served on"
