"""How a WebSocket begins, as a client sees it (RFC 6455, section 4.1); pure."""

import base64
import hashlib
import os
from typing import Final

from cardroom.client.errors import ConnectionLost, ProtocolBroken

HEAD_END: Final = b"\r\n\r\n"
MAX_HEAD_BYTES: Final = 16 * 1024

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SWITCHING: Final = "101"


class Handshake:
    """One handshake: what is asked, and whether the answer fits it."""

    def __init__(self, host: str, path: str, subprotocol: str) -> None:
        self._subprotocol = subprotocol
        self._key = base64.b64encode(os.urandom(16)).decode()
        self.request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {self._key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        ).encode()

    def check(self, head: bytes) -> None:
        """Read the answer's head; raises ``ConnectionLost`` or ``ProtocolBroken`` if it is no agreement."""
        status, *lines = head.decode("latin-1").split("\r\n")
        words = status.split(" ", 2)
        if len(words) < 2 or words[1] != _SWITCHING:
            raise ConnectionLost(f"no WebSocket here: {status[:100]!r}")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        accept = base64.b64encode(hashlib.sha1((self._key + _GUID).encode()).digest()).decode()  # noqa: S324
        if headers.get("sec-websocket-accept") != accept:
            raise ProtocolBroken("the answer to the handshake is not to ours")
        if (
            headers.get("sec-websocket-protocol") != self._subprotocol
            or "sec-websocket-extensions" in headers
        ):
            raise ProtocolBroken(f"the node does not speak {self._subprotocol}")
