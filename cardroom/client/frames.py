"""WebSocket frames as a client reads and writes them (RFC 6455, no extensions); pure.

A general library costs several times what this does, and who plays for thousands reads little else.
"""

import os
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from cardroom.client.errors import ProtocolBroken

_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127
_MAX_CONTROL_BYTES: Final = 125
_SMALL: Final = 0x1_0000
_KEY_BYTES: Final = 4


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_CONTROL: Final = frozenset({Opcode.CLOSE, Opcode.PING, Opcode.PONG})
_OPCODES: Final = {int(opcode): opcode for opcode in Opcode}

Frame = tuple[Opcode, bytes]
"""A whole message, or a control frame."""


def write_frame(opcode: Opcode, payload: bytes) -> bytes:
    """Put a payload into one frame, masked as a client's has to be."""
    size = len(payload)
    key = os.urandom(_KEY_BYTES)
    if size < _TWO_BYTES:
        head = bytes((_FINAL | opcode, _MASKED | size))
    elif size < _SMALL:
        head = bytes((_FINAL | opcode, _MASKED | _TWO_BYTES)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FINAL | opcode, _MASKED | _EIGHT_BYTES)) + size.to_bytes(8, "big")
    pad = (key * (size // _KEY_BYTES + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return head + key + masked.to_bytes(size, "big")


class FrameReader:
    """Makes messages out of the bytes of a connection, however they were cut."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = b""
        self._parts: list[bytes] = []
        self._kind: Opcode | None = None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Give every message and control frame that is whole now; raises ``ProtocolBroken``."""
        if self._left:
            data = self._left + data
        start, end = 0, len(data)
        while end - start >= 2:
            first, size = data[start], data[start + 1]
            head = start + 2
            if size >= _TWO_BYTES:
                wide = 2 if size == _TWO_BYTES else 8
                if size > _LENGTH:
                    raise ProtocolBroken("a frame of a server is masked")
                if end < head + wide:
                    break
                size = int.from_bytes(data[head : head + wide], "big")
                head += wide
                if size > self._max_bytes:
                    raise ProtocolBroken(f"a frame of {size} bytes")
            if end < head + size:
                break
            start = head + size
            frame = self._frame(first, data[head:start])
            if frame is not None:
                yield frame
        self._left = data[start:]

    def _frame(self, first: int, payload: bytes) -> Frame | None:
        """Take one frame; None while its message is not whole."""
        opcode = _OPCODES.get(first & _OPCODE)
        if opcode is None or first & _RESERVED:
            raise ProtocolBroken(f"a frame that begins with {first:#x}")
        if (
            first & _FINAL
            and opcode is not Opcode.CONTINUATION
            and (opcode in _CONTROL or self._kind is None)
        ):
            if opcode in _CONTROL and len(payload) > _MAX_CONTROL_BYTES:
                raise ProtocolBroken("a control frame that is too long")
            return opcode, payload
        return self._fragment(opcode, payload, is_last=bool(first & _FINAL))

    def _fragment(self, opcode: Opcode, payload: bytes, *, is_last: bool) -> Frame | None:
        if opcode in _CONTROL or (opcode is Opcode.CONTINUATION) is (self._kind is None):
            raise ProtocolBroken("fragments out of order")
        if self._kind is None:
            self._kind = opcode
        self._parts.append(payload)
        if sum(map(len, self._parts)) > self._max_bytes:
            raise ProtocolBroken("a message that is too long")
        if not is_last:
            return None
        kind, whole = self._kind, b"".join(self._parts)
        self._kind, self._parts = None, []
        return kind, whole
