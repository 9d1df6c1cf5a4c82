"""Head and body of an answer in one write, where hypercorn makes two or three.

A process that is killed between the two leaves half an answer at the proxy, which has sent the head on and
cannot ask another process any more; so every kill under load would be seen by somebody. It also saves a
system call for each answer.
"""

import h11
from hypercorn import protocol
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import H11SendableEvent


class _WholeAnswers(H11Protocol):
    """Holds the head back until the first piece of the body, or the end, goes with it."""

    _head: bytes = b""

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event) or b""
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._head = data
            return
        data, self._head = self._head + data, b""
        if data:
            await self.send(RawData(data=data))


def send_answers_whole() -> None:
    """Let every server that this process starts from now on do so; may be repeated."""
    vars(protocol)["H11Protocol"] = _WholeAnswers
