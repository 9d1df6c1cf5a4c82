"""The one way into a table's task: bounded for players, certain for what must not be lost."""

import contextlib
import math

import trio

from node.tables.audience import Viewer
from node.tables.commands import Ask, Command, TellNotice, Watch


class Inbox:
    """Commands in the order of arrival.

    What players send is bounded (a full inbox answers BUSY), and so is what may be lost. Everything else is
    bounded by its cause: ledger answers by the commands given, watchers by connections.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._asked = 0
        self._send, self._receive = trio.open_memory_channel[Command](math.inf)

    def offer(self, ask: Ask) -> bool:
        """Take a player's request, or say no because too many wait."""
        if self._asked >= self._limit:
            return False
        self._asked += 1
        self._send.send_nowait(ask)
        return True

    def hint(self, notice: TellNotice) -> None:
        """Take what may be lost, and is where too much waits already."""
        if len(self) < self._limit:
            self._send.send_nowait(notice)

    def deliver(self, command: Command) -> None:
        """Take what must not be lost."""
        assert not isinstance(command, Ask), "players' requests are offered"
        self._send.send_nowait(command)

    async def receive(self) -> Command:
        """Wait for the next command; cancelled, it has taken none."""
        command = await self._receive.receive()
        if isinstance(command, Ask):
            self._asked -= 1
        return command

    def unread_watchers(self) -> tuple[Viewer, ...]:
        """Empty the inbox of a table that nobody serves any more; give who had just come to watch."""
        found = []
        with contextlib.suppress(trio.WouldBlock):
            while True:
                command = self._receive.receive_nowait()
                if isinstance(command, Watch):
                    found.append(command.viewer)
        return tuple(found)

    def __len__(self) -> int:
        return self._receive.statistics().current_buffer_used
