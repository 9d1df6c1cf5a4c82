"""A viewer that keeps every byte it was sent, and reads them as a client would."""

from collections.abc import Iterator
from functools import lru_cache

from attrs import define, field, frozen

from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from node.sessions.fanout import Framer
from tests.node.tables.house import CODECS, Guest

_FRAMERS = {encoding: Framer(encoding) for encoding in Encoding}
_FIRST_BYTE = {Encoding.MSGPACK: 0x82, Encoding.JSON: 0x81}
"""A whole message, binary or text (RFC 6455 section 5.2)."""
_LONG, _TOO_LONG = 126, 127


@frozen
class Sent:
    """Frames, and the number of the table's last event when they were sent."""

    table_seq: int
    frames: bytes


@lru_cache(maxsize=65_536)
def _decode(encoding: Encoding, data: bytes) -> wire.TableMessage:
    """Read a message; most bytes go to several viewers, and are read once."""
    return CODECS[encoding].decode(data)


def messages_in(encoding: Encoding, frames: bytes) -> Iterator[wire.TableMessage]:
    """Take frames apart: a header of two or four bytes, then the message."""
    while frames:
        assert frames[0] == _FIRST_BYTE[encoding], "whole messages, each in one frame"
        length, start = frames[1], 2
        assert length < _TOO_LONG, "no message to a player is that long, and none is masked"
        if length == _LONG:
            length, start = int.from_bytes(frames[2:4]), 4
        assert start + length <= len(frames), "no frame is cut off"
        yield _decode(encoding, frames[start : start + length])
        frames = frames[start + length :]


@define(repr=False, eq=False)
class Recorder(Guest):
    """What it is told alone goes through the same bytes as what all are told."""

    sent: list[Sent] = field(factory=list)

    def answer(self, message: wire.TableMessage) -> None:
        self.offer_frames(_FRAMERS[self.encoding].frame(message))

    def offer_frames(self, frames: bytes) -> None:
        self.sent.append(Sent(self.table.history.table_seq, frames))
        self.heard.extend(messages_in(self.encoding, frames))
