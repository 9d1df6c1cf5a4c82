"""What hostile players send: messages of every kind with any content, spoiled ones, and bytes that are none.

Messages are made of the classes of the protocol: one that is added later is among them by itself.
"""

import json
from collections.abc import Callable
from enum import Enum
from functools import cache
from random import Random
from types import NoneType, UnionType
from typing import Any, Final, NewType, Union, get_args, get_origin, get_type_hints

import attrs
import msgpack
from attrs import define, field, frozen

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.codec import Encoding
from cardroom.wire.player import MAX_PLAYER_MESSAGE_BYTES, PLAYER_TAGS, Act, PlayerMessage, player_codec
from tests.node.tables.house import TABLE

CODECS: Final = {encoding: player_codec(encoding) for encoding in Encoding}
HUGE: Final = 2**62
LIKELY: Final[dict[Any, tuple[int, ...]]] = {
    TableId: (*[TABLE] * 19, 2),
    SeatIndex: (-1, 0, 1, 2, 3, 4, 5, 6, 9, HUGE),
    Krw: (-HUGE, -1, 0, 1, 1_000, 2_000, 4_000, 30_000, 79_999, 80_000, 200_000, 200_001, HUGE),
    UserId: (-1, 0, 1, 2, 7, 8, HUGE),
    CardCode: (-1, *range(52), 52, HUGE),
}
TEXTS: Final = ("", "gg", "\x00", "\u202e", "a" * 300, "👍", "안녕", "x" * 1_500)
ODD: Final[tuple[Any, ...]] = (0, -1, 2**31, 2**63 - 1, -(2**63), None, "", "x", True, [], {}, 1.5, [[[]]])
ONLY_JSON: Final[tuple[Any, ...]] = (10**40, float("nan"), "\ud800", {"type": "act"})
ONLY_BINARY: Final[tuple[Any, ...]] = (b"\xff", 2**64 - 1, msgpack.ExtType(1, b"x"), {1: 2})


@frozen
class Moment:
    """Where a table is: what a hostile player names to be heard."""

    hand_no: int
    turn: int
    table_seq: int


@define
class Hostility:
    """Makes what one hostile connection sends. Its requests have numbers of their own, but for some."""

    draw: Random
    encoding: Encoding
    now: Callable[[], Moment]
    _number: int = field(default=0)

    def data(self) -> bytes | str:
        """Make the data of one WebSocket message."""
        whole = CODECS[self.encoding].encode(self.message())
        match self.draw.randrange(10):
            case 0:
                data = self._spoiled(whole)
            case 1:
                data = self._raw(whole)
            case 2 | 3:
                data = self._mutated(whole)
            case _:
                data = whole
        return self._as_sent(data)

    def message(self) -> PlayerMessage:
        """Make a message of any kind, well-formed and mostly not what it should be."""
        kinds = (*PLAYER_TAGS.values(), Act, Act, Act)
        message: PlayerMessage = self._value("", self.draw.choice(kinds))
        return message

    def _value(self, name: str, kind: Any) -> Any:
        """Make a value of a type; the name of its field tells which ones are likely to be heard."""
        if kind in LIKELY:
            return self.draw.choice(LIKELY[kind])
        kind = kind.__supertype__ if isinstance(kind, NewType) else kind
        if kind is int:
            return self._whole_number(name)
        if get_origin(kind) in (Union, UnionType):
            return self._value(name, self.draw.choice(get_args(kind)))
        if get_origin(kind) is tuple:
            return tuple(self._value(name, get_args(kind)[0]) for _ in range(self.draw.randrange(4)))
        if attrs.has(kind):
            return kind(**{at: self._value(at, of) for at, of in _fields(kind).items()})
        return self._plain(kind)

    def _plain(self, kind: Any) -> Any:
        if kind is NoneType:
            return None
        if kind is bool:
            return self.draw.random() < 0.5
        if kind is str:
            return self.draw.choice(TEXTS)
        if kind is bytes:
            return self.draw.randbytes(self.draw.randrange(40))
        assert issubclass(kind, Enum), f"nobody has said what a hostile {kind} is"
        return self.draw.choice(list(kind))

    def _whole_number(self, name: str) -> int:
        now = self.now()
        match name:
            case "hand_no":
                return now.hand_no + self.draw.choice((0, 0, 0, 0, 0, -1, 1, -20, HUGE))
            case "turn":
                return now.turn + self.draw.choice((0, 0, 0, 0, -1, 1, HUGE))
            case "last_seq":
                return now.table_seq - self.draw.choice((0, 1, 5, 300, -1, HUGE))
        number = self.next_number()
        return number if self.draw.random() < 0.9 else self.draw.randrange(1, number + 1)

    def next_number(self) -> int:
        """Give a number that no request of this connection has yet."""
        self._number += 1
        return self._number

    def _mutated(self, whole: bytes) -> bytes:
        """Change something inside a message, and keep it JSON or msgpack."""
        value = msgpack.unpackb(whole) if self._is_binary else json.loads(whole)
        self._mutate(value)
        return bytes(msgpack.packb(value)) if self._is_binary else json.dumps(value).encode()

    def _mutate(self, value: Any) -> None:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        place = self.draw.choice(places)
        inside = value[place]
        if isinstance(inside, list | dict) and inside and self.draw.random() < 0.5:
            self._mutate(inside)
            return
        match self.draw.randrange(4):
            case 0:
                del value[place]
            case 1 if isinstance(value, list):
                value.insert(place, self._odd())
            case 1:
                value["more"] = self._odd()
            case _:
                value[place] = self._odd()

    def _odd(self) -> Any:
        return self.draw.choice((*ODD, *(ONLY_BINARY if self._is_binary else ONLY_JSON)))

    def _spoiled(self, whole: bytes) -> bytes:
        """Change one byte, or cut the message off, or let it go on."""
        place = self.draw.randrange(len(whole))
        match self.draw.randrange(3):
            case 0:
                return whole[:place] + self.draw.randbytes(1) + whole[place + 1 :]
            case 1:
                return whole[:place]
            case _:
                return whole + whole[place:]

    def _raw(self, whole: bytes) -> bytes:
        """Give bytes that nobody meant as a message."""
        nested = b"\x91" if self._is_binary else b"["
        return self.draw.choice(
            (b"", self.draw.randbytes(60), nested * 4_000, whole * 200, bytes(MAX_PLAYER_MESSAGE_BYTES))
        )

    def _as_sent(self, data: bytes) -> bytes | str:
        """JSON goes as text if it is any; now and then each goes as the other kind."""
        if self._is_binary is (self.draw.random() < 0.03):
            return data.decode(errors="replace")
        return data

    @property
    def _is_binary(self) -> bool:
        return self.encoding is Encoding.MSGPACK


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in attrs.fields(kind)}
