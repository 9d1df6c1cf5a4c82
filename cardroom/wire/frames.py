"""WebSocket frames without extensions (RFC 6455 section 5): bytes to messages and back, for either side.

Only this knows how a frame looks. It is strict: what breaks a rule ends the connection with the code that the
RFC names. The handshake before the first frame is another matter.
"""

from enum import IntEnum, unique
from typing import Final

from attrs import frozen


@unique
class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


@unique
class Fault(IntEnum):
    """How the other side broke the rules; the value is the code to close with (RFC 6455 section 7.4.1)."""

    PROTOCOL_ERROR = 1002
    INVALID_TEXT = 1007
    TOO_LARGE = 1009


@frozen
class Control:
    """A frame that is no part of a message: close, ping or pong."""

    opcode: Opcode
    payload: bytes


Received = str | bytes | Control
"""A whole text message, a whole binary message, or a control frame."""

_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_MASKED: Final = 0x80
_LENGTH: Final = 0x7F
_CONTROL: Final = 0x08
_MOST_IN_HEADER: Final = 125
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_LEAST_HEADER: Final = 2
_LEAST_WITH_MORE: Final = {2: 126, 8: 65_536}
_MOST_FRAGMENTS: Final = 64
"""Reading thousands of empty ones costs as much as thousands of messages, and nobody counts them."""
_MASK_BYTES: Final = 4
_WHOLE_BINARY: Final = _FINAL | Opcode.BINARY
_CODE_BYTES: Final = 2
_CODES: Final = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Codes that may stand in a close frame (RFC 6455 section 7.4)."""
_OPCODES: Final = {int(opcode): opcode for opcode in Opcode}


class _Broken(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class FrameReader:
    """Takes the bytes of one side as they come; gives whole messages and control frames.

    ``are_masked``: whether they are a client's. A message of more than ``max_bytes`` is a fault, and so is
    one in more than 64 fragments. After a fault or a close frame it ``is_over``: nothing is read.
    """

    __slots__ = (
        "_are_masked",
        "_is_text",
        "_max_bytes",
        "_most_short",
        "_parts",
        "_parts_bytes",
        "_rest",
        "fault",
        "is_over",
    )

    def __init__(self, max_bytes: int, *, are_masked: bool) -> None:
        self._max_bytes = max_bytes
        self._most_short = min(max_bytes, _MOST_IN_HEADER)
        self._are_masked = _MASKED if are_masked else 0
        self._rest = b""
        self._parts: list[bytes] | None = None
        self._parts_bytes = 0
        self._is_text = False
        self.fault: Fault | None = None
        self.is_over = False

    def feed(self, data: bytes) -> list[Received]:
        """Take the next bytes; ``fault`` says whether what follows the messages given is no frame."""
        received: list[Received] = []
        if not self.is_over:
            try:
                self._rest = self._read(self._rest + data if self._rest else data, received)
            except _Broken as broken:
                self.fault, self.is_over, self._rest = broken.fault, True, b""
        return received

    def _read(self, data: bytes, received: list[Received]) -> bytes:
        """Take the frames that are whole; give what is left.

        Short binary messages in one frame are nearly all that a game has: one look tells them from the rest.
        """
        place, size, are_masked = 0, len(data), self._are_masked
        while size - place >= _LEAST_HEADER:
            length = data[place + 1] ^ are_masked
            if data[place] == _WHOLE_BINARY and length <= self._most_short and self._parts is None:
                start = place + (_LEAST_HEADER + _MASK_BYTES if are_masked else _LEAST_HEADER)
                end = start + length
                if size < end:
                    break
                payload = data[start:end]
                received.append(
                    _masked(payload, data[start - _MASK_BYTES : start]) if are_masked else payload
                )
                place = end
                continue
            frame = self._frame_at(data, place)
            if frame is None:
                break
            first, payload, place = frame
            one = self._take(first, payload)
            if one is not None:
                received.append(one)
            if self.is_over:
                return b""
        return data[place:]

    def _frame_at(self, data: bytes, place: int) -> tuple[int, bytes, int] | None:
        """Give a frame's first byte, its payload and where it ends; nothing until all of it is there.

        Two bytes of it are.
        """
        start, size = place + _LEAST_HEADER, len(data)
        first, second = data[place], data[place + 1]
        self._check_header(first, second)
        length = second & _LENGTH
        if length > _MOST_IN_HEADER:
            width = 2 if length == _TWO_BYTES else 8
            start += width
            if size < start:
                return None
            length = int.from_bytes(data[start - width : start], "big")
            if length < _LEAST_WITH_MORE[width]:
                raise _Broken(Fault.PROTOCOL_ERROR)
        if length + self._parts_bytes > self._max_bytes and not first & _CONTROL:
            raise _Broken(Fault.TOO_LARGE)
        if not self._are_masked:
            end = start + length
            return (first, data[start:end], end) if size >= end else None
        start += _MASK_BYTES
        end = start + length
        if size < end:
            return None
        return first, _masked(data[start:end], data[start - _MASK_BYTES : start]), end

    def _check_header(self, first: int, second: int) -> None:
        opcode = first & _OPCODE
        if first & _RESERVED or second & _MASKED != self._are_masked or opcode not in _OPCODES:
            raise _Broken(Fault.PROTOCOL_ERROR)
        if opcode & _CONTROL:
            if not first & _FINAL or second & _LENGTH > _MOST_IN_HEADER:
                raise _Broken(Fault.PROTOCOL_ERROR)
        elif (opcode == Opcode.CONTINUATION) is (self._parts is None):
            raise _Broken(Fault.PROTOCOL_ERROR)

    def _take(self, first: int, payload: bytes) -> Received | None:
        """Give what a frame completes."""
        opcode = first & _OPCODE
        if opcode & _CONTROL:
            if opcode == Opcode.CLOSE:
                _check_close(payload)
                self.is_over = True
            return Control(_OPCODES[opcode], payload)
        if opcode != Opcode.CONTINUATION:
            self._is_text = opcode == Opcode.TEXT
        if not first & _FINAL or self._parts is not None:
            whole = self._join(first, payload)
            if whole is None:
                return None
            payload = whole
        return _text(payload) if self._is_text else payload

    def _join(self, first: int, payload: bytes) -> bytes | None:
        """Add a fragment; give the message if it was the last one."""
        self._parts = self._parts or []
        if len(self._parts) == _MOST_FRAGMENTS:
            raise _Broken(Fault.TOO_LARGE)
        self._parts.append(payload)
        self._parts_bytes += len(payload)
        if not first & _FINAL:
            return None
        whole = b"".join(self._parts)
        self._parts, self._parts_bytes = None, 0
        return whole


def write_frame(opcode: Opcode, payload: bytes, mask: bytes = b"") -> bytes:
    """Write one whole frame; a client's has a ``mask`` of four bytes that nobody can foresee."""
    length = len(payload)
    masked = _MASKED if mask else 0
    if length <= _MOST_IN_HEADER:
        header = bytes((_FINAL | opcode, masked | length))
    elif length < _LEAST_WITH_MORE[8]:
        header = bytes((_FINAL | opcode, masked | _TWO_BYTES, length >> 8, length & 0xFF))
    else:
        header = bytes((_FINAL | opcode, masked | _EIGHT_BYTES)) + length.to_bytes(8, "big")
    return header + mask + _masked(payload, mask) if mask else header + payload


def write_close(code: int, reason: str) -> bytes:
    """Write a server's close frame; the reason has 123 bytes at most."""
    return write_frame(Opcode.CLOSE, code.to_bytes(_CODE_BYTES, "big") + reason.encode())


def _masked(payload: bytes, mask: bytes) -> bytes:
    """Put a mask on a payload, or take it off (RFC 6455 section 5.3)."""
    length = len(payload)
    pattern = (mask * (length // _MASK_BYTES + 1))[:length]
    whole = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return whole.to_bytes(length, "big")


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise _Broken(Fault.INVALID_TEXT) from None


def _check_close(payload: bytes) -> None:
    if not payload:
        return
    if len(payload) < _CODE_BYTES or int.from_bytes(payload[:_CODE_BYTES], "big") not in _CODES:
        raise _Broken(Fault.PROTOCOL_ERROR)
    _text(payload[_CODE_BYTES:])
