"""A stranger who writes JSON: ``python -m tests.system.stranger_json ROUTER NICKNAME PASSWORD``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.system.stranger import Message, play


class JsonLine:
    """Text frames, one object each."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def say(self, message: Message) -> None:
        self._socket.send(json.dumps(message))

    def hear(self, seconds: float) -> Message | None:
        try:
            return dict(json.loads(self._socket.recv(seconds)))
        except TimeoutError:
            return None


@contextmanager
def open_line(url: str) -> Iterator[JsonLine]:
    with connect(url, subprotocols=[Subprotocol("holdem.v1.json")], proxy=None) as socket:
        assert socket.subprotocol == "holdem.v1.json"
        yield JsonLine(socket)


if __name__ == "__main__":
    play(open_line)
