"""Messages to bytes and back, strictly.

Two encodings. Binary (msgpack): a value is a positional array of its fields, a member of a union has its
integer tag in front, an enum member is its position, a UUID is 16 bytes. JSON: a value is an object, a
member of a union carries ``"type"``, an enum member is its value, a UUID is text. Nothing is coerced: a wrong
type, a missing or extra field, an unknown tag or too many bytes raise ``Malformed``. So does a number of more
than 64 bits, which only JSON can carry: nobody could pass it on.
"""

import json
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

import msgpack

from cardroom.wire.plain_values import Arrays, Malformed, Objects, message_name
from cardroom.wire.refusals import Refusal

__all__ = ["Codec", "Encoding", "Malformed", "message_name"]

T = TypeVar("T")


class Encoding(Enum):
    """How a message is written; the value is the WebSocket subprotocol that negotiates it."""

    MSGPACK = "holdem.v1.msgpack"
    JSON = "holdem.v1.json"

    __hash__ = object.__hash__  # an enum's own is slow, and connections are sorted by this all the time


class Codec(Generic[T]):
    """Encodes and decodes one family of messages: a tagged union, or one class.

    ``unions`` maps every tagged union that may occur in a field to its tags.
    """

    def __init__(
        self, kind: Any, encoding: Encoding, max_bytes: int, unions: Mapping[Any, Mapping[int, type]]
    ) -> None:
        is_binary = encoding is Encoding.MSGPACK
        values = Arrays(unions) if is_binary else Objects(unions)
        self.kind = kind
        self._to_plain = values.function("write", kind)
        self._from_plain = values.function("read", kind)
        self._max_bytes = max_bytes
        self._pack = _binary_writer() if is_binary else _text_writer()
        self._unpack = self._unpack_binary if is_binary else _unpack_text

    def encode(self, message: T) -> bytes:
        """Write a message; one of ours that is over the size limit is a bug and asserts."""
        data = self._pack(self._to_plain(message))
        assert len(data) <= self._max_bytes, f"{type(message).__name__} has {len(data)} bytes"
        return data

    def decode(self, data: bytes | str) -> T:
        """Read a message; raises ``Malformed`` and never anything else, whatever the bytes are."""
        if len(data) > self._max_bytes:
            raise Malformed(Refusal.TOO_LARGE)
        try:
            return self._from_plain(self._unpack(data))  # type: ignore[no-any-return]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Malformed(Refusal.MALFORMED) from error

    def _unpack_binary(self, data: bytes | str) -> Any:
        if isinstance(data, str):
            raise Malformed(Refusal.MALFORMED)
        limit = self._max_bytes
        return msgpack.unpackb(
            data, raw=False, strict_map_key=True, use_list=True,
            max_str_len=limit, max_bin_len=limit, max_array_len=limit, max_map_len=0, max_ext_len=0,
        )  # fmt: skip


def _binary_writer() -> Callable[[Any], bytes]:
    """One packer for all messages of a codec: it holds nothing between them, and making it takes time."""
    pack: Callable[[Any], bytes] = msgpack.Packer(use_bin_type=True, autoreset=True).pack
    return pack


def _text_writer() -> Callable[[Any], bytes]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return lambda value: encode(value).encode()


def _unpack_text(data: bytes | str) -> Any:
    return json.loads(data, parse_float=_refuse_number, parse_constant=_refuse_number)


def _refuse_number(text: str) -> Any:
    raise ValueError(f"{text} is not a whole number")
