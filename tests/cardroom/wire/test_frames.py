"""Frames as other libraries write and read them, however they are cut, and those that break the rules."""

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.frames import Opcode as TheirOpcode
from websockets.protocol import OPEN, Protocol
from websockets.server import ServerProtocol
from websockets.uri import parse_uri
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from cardroom.wire.frames import Control, Fault, FrameReader, Opcode, Received, write_close, write_frame
from cardroom.wire.table import MAX_TABLE_MESSAGE_BYTES

MOST = 4096
MASK = b"\x01\x80\xff\x37"
MASKS = st.sampled_from((MASK, b""))
"""A client's frames, and a server's."""
CLOSES = (b"", b"\x03", b"\x03\xe8", b"\x03\xe8bye", b"\x03\xed", b"\x0b\xb8", b"\xff\xff", b"\x03\xe8\xff")
PIECES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from((Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY)),
            st.booleans(),
            st.one_of(st.binary(max_size=200), st.text(max_size=40).map(str.encode)),
        ),
        st.tuples(st.sampled_from((Opcode.PING, Opcode.PONG)), st.just(True), st.binary(max_size=125)),
        st.tuples(st.just(Opcode.CLOSE), st.just(True), st.sampled_from(CLOSES)),
        st.tuples(st.sampled_from(list(Opcode)), st.booleans(), st.binary(min_size=126, max_size=4_200)),
    ),
    max_size=8,
)


def client_frame(opcode: int, payload: bytes, *, is_final: bool = True, bits: int = 0) -> bytes:
    """Write a frame as a client could that keeps no rule but that of the mask."""
    return any_frame(opcode, payload, MASK, is_final=is_final, bits=bits)


def any_frame(opcode: int, payload: bytes, mask: bytes, *, is_final: bool = True, bits: int = 0) -> bytes:
    """Write a frame with a mask, as a client does, or with none, as a server; no other rule is kept."""
    whole = bytearray(write_frame(Opcode.BINARY, payload, mask))
    whole[0] = (0x80 if is_final else 0) | bits | opcode
    return bytes(whole)


def their_reader(mask: bytes) -> Protocol:
    """Give another library's reader of frames with the mask, or of those without."""
    if mask:
        return ServerProtocol(state=OPEN, max_size=MOST)
    return ClientProtocol(parse_uri("ws://node"), state=OPEN, max_size=MOST)


@define
class Oracle:
    """What another library makes of the same bytes: messages, control frames, and the fault."""

    protocol: Protocol
    received: list[Received] = field(factory=list)
    fault: int | None = None
    parts: list[bytes] = field(factory=list)
    is_text: bool = False

    def feed(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for frame in self.protocol.events_received():
            assert isinstance(frame, Frame)
            if self.fault is None:
                self._take(frame)
        if self.fault is None and self.protocol.parser_exc is not None:
            assert self.protocol.close_sent is not None
            self.fault = self.protocol.close_sent.code

    def _take(self, frame: Frame) -> None:
        if frame.opcode >= TheirOpcode.CLOSE:
            self.received.append(Control(Opcode(frame.opcode), bytes(frame.data)))
            return
        if frame.opcode is not TheirOpcode.CONT:
            self.is_text = frame.opcode is TheirOpcode.TEXT
        self.parts.append(bytes(frame.data))
        if frame.fin:
            whole, self.parts = b"".join(self.parts), []
            try:
                self.received.append(whole.decode() if self.is_text else whole)
            except UnicodeDecodeError:
                self.fault = Fault.INVALID_TEXT


def read(reader: FrameReader, data: bytes, cuts: list[int]) -> list[Received]:
    """Feed the bytes in pieces."""
    received, start = [], 0
    for cut in [*cuts, len(data)]:
        received += reader.feed(data[start:cut])
        start = cut
    return received


@given(PIECES, MASKS, st.data())
def test_frames_are_what_another_library_makes_of_them(
    pieces: list[tuple[Opcode, bool, bytes]], mask: bytes, data: st.DataObject
) -> None:
    whole = b"".join(any_frame(opcode, payload, mask, is_final=final) for opcode, final, payload in pieces)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=12)))
    reader, oracle = FrameReader(MOST, are_masked=bool(mask)), Oracle(their_reader(mask))
    received = read(reader, whole, cuts)
    oracle.feed(whole)
    if any(isinstance(one, Control) and one.opcode is Opcode.CLOSE for one in received):
        assert reader.is_over
        assert received[: len(oracle.received)] == oracle.received, "theirs refuses to be closed in a message"
        return
    assert received == oracle.received
    assert reader.fault == oracle.fault


@given(st.binary(max_size=400), MASKS)
def test_bytes_that_are_no_frames_do_no_harm(data: bytes, mask: bytes) -> None:
    reader, oracle = FrameReader(MOST, are_masked=bool(mask)), Oracle(their_reader(mask))
    reader.feed(data)
    oracle.feed(data)
    if oracle.fault is not None:
        assert reader.fault is not None


def test_a_message_cut_at_every_byte_is_read_whole() -> None:
    data = client_frame(Opcode.TEXT, "안녕, gg".encode()) + client_frame(Opcode.BINARY, bytes(range(200)))
    for cut in range(len(data) + 1):
        reader = FrameReader(MOST, are_masked=True)
        assert read(reader, data, [cut]) == ["안녕, gg", bytes(range(200))]
    assert read(FrameReader(MOST, are_masked=True), data, list(range(len(data)))) == [
        "안녕, gg",
        bytes(range(200)),
    ]


def test_fragments_are_joined_and_control_frames_come_between() -> None:
    reader = FrameReader(MOST, are_masked=True)
    letters = "안녕".encode()
    data = client_frame(Opcode.TEXT, letters[:1], is_final=False) + client_frame(Opcode.PING, b"there?")
    data += client_frame(Opcode.CONTINUATION, b"", is_final=False)
    data += client_frame(Opcode.CONTINUATION, letters[1:]) + client_frame(Opcode.BINARY, b"next")
    assert reader.feed(data) == [Control(Opcode.PING, b"there?"), "안녕", b"next"]
    assert reader.fault is None


BROKEN = {
    "unmasked": (write_frame(Opcode.BINARY, b"x"), Fault.PROTOCOL_ERROR),
    "first reserved bit": (client_frame(Opcode.BINARY, b"x", bits=0x40), Fault.PROTOCOL_ERROR),
    "second reserved bit": (client_frame(Opcode.TEXT, b"x", bits=0x20), Fault.PROTOCOL_ERROR),
    "third reserved bit": (client_frame(Opcode.PING, b"", bits=0x10), Fault.PROTOCOL_ERROR),
    "unknown operation": (client_frame(3, b"x"), Fault.PROTOCOL_ERROR),
    "unknown control": (client_frame(11, b"x"), Fault.PROTOCOL_ERROR),
    "long ping": (client_frame(Opcode.PING, bytes(126)), Fault.PROTOCOL_ERROR),
    "ping in fragments": (client_frame(Opcode.PING, b"x", is_final=False), Fault.PROTOCOL_ERROR),
    "continues nothing": (client_frame(Opcode.CONTINUATION, b"x"), Fault.PROTOCOL_ERROR),
    "text within a message": (
        client_frame(Opcode.TEXT, b"x", is_final=False) + client_frame(Opcode.TEXT, b"y"),
        Fault.PROTOCOL_ERROR,
    ),
    "two bytes for a short length": (b"\x82\xfe\x00\x7d", Fault.PROTOCOL_ERROR),
    "eight bytes for a short length": (b"\x82\xff" + (65_535).to_bytes(8, "big"), Fault.PROTOCOL_ERROR),
    "too large": (client_frame(Opcode.BINARY, bytes(MOST + 1))[:4], Fault.TOO_LARGE),
    "huge": (b"\x82\xff" + (2**62).to_bytes(8, "big"), Fault.TOO_LARGE),
    "too large in all": (
        client_frame(Opcode.BINARY, bytes(4_000), is_final=False)
        + client_frame(Opcode.CONTINUATION, bytes(97)),
        Fault.TOO_LARGE,
    ),
    "endless in fragments of nothing": (
        client_frame(Opcode.BINARY, b"", is_final=False)
        + client_frame(Opcode.CONTINUATION, b"", is_final=False) * (MOST + 1),
        Fault.TOO_LARGE,
    ),
    "no text": (client_frame(Opcode.TEXT, b"\xff\xfe"), Fault.INVALID_TEXT),
    "half a surrogate pair": (client_frame(Opcode.TEXT, b"\xed\xa0\x80"), Fault.INVALID_TEXT),
    "half a letter": (client_frame(Opcode.TEXT, "안".encode()[:2]), Fault.INVALID_TEXT),
    "half a code": (client_frame(Opcode.CLOSE, b"\x03"), Fault.PROTOCOL_ERROR),
    "a code that stands for silence": (
        client_frame(Opcode.CLOSE, (1005).to_bytes(2, "big")),
        Fault.PROTOCOL_ERROR,
    ),
    "a code of nobody": (client_frame(Opcode.CLOSE, (2999).to_bytes(2, "big")), Fault.PROTOCOL_ERROR),
    "a reason that is no text": (client_frame(Opcode.CLOSE, b"\x03\xe8\xff"), Fault.INVALID_TEXT),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_what_breaks_a_rule_is_a_fault_after_what_came_before(name: str) -> None:
    data, fault = BROKEN[name]
    before = client_frame(Opcode.BINARY, b"good")
    for cuts in ([], list(range(len(before + data)))):
        reader = FrameReader(MOST, are_masked=True)
        assert read(reader, before + data, cuts) == [b"good"]
        assert reader.fault is fault
        assert reader.is_over
        assert reader.feed(before) == []


def test_the_largest_message_is_taken_whole_and_in_fragments() -> None:
    reader = FrameReader(MOST, are_masked=True)
    assert reader.feed(client_frame(Opcode.BINARY, bytes(MOST))) == [bytes(MOST)]
    first = client_frame(Opcode.BINARY, bytes(MOST - 63), is_final=False)
    more = client_frame(Opcode.CONTINUATION, bytes(1), is_final=False) * 62
    assert reader.feed(first + more + client_frame(Opcode.CONTINUATION, bytes(1))) == [bytes(MOST)]


def test_more_fragments_than_anybody_needs_are_a_fault() -> None:
    reader = FrameReader(MOST, are_masked=True)
    first = client_frame(Opcode.BINARY, b"", is_final=False)
    more = client_frame(Opcode.CONTINUATION, b"", is_final=False) * 1_000
    assert reader.feed(first + more) == []
    assert reader.fault is Fault.TOO_LARGE


def test_after_a_close_frame_nothing_is_read() -> None:
    reader = FrameReader(MOST, are_masked=True)
    close = client_frame(Opcode.CLOSE, b"\x03\xe8bye")
    late = client_frame(Opcode.BINARY, b"late")
    assert reader.feed(close + late) == [Control(Opcode.CLOSE, b"\x03\xe8bye")]
    assert reader.is_over
    assert reader.fault is None
    assert reader.feed(late) == []


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_what_we_write_another_library_reads(size: int) -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(write_frame(Opcode.BINARY, b"x" * size) + write_frame(Opcode.TEXT, b"y" * size))
    client.receive_data(write_frame(Opcode.PING, b"") + write_frame(Opcode.PONG, b"1"))
    client.receive_data(write_close(1013, "node full"))
    binary, text, *rest = client.events()
    assert isinstance(binary, BytesMessage)
    assert isinstance(text, TextMessage)
    assert (bytes(binary.data), text.data) == (b"x" * size, "y" * size)
    assert rest == [Ping(payload=b""), Pong(payload=b"1"), CloseConnection(code=1013, reason="node full")]


@given(st.binary(max_size=400), st.integers(min_value=1, max_value=7))
def test_what_another_server_sends_is_read_however_it_is_cut(payload: bytes, size: int) -> None:
    server = Connection(ConnectionType.SERVER)
    sent = server.send(BytesMessage(data=payload)) + server.send(Ping(payload=b"x"))
    sent += server.send(TextMessage(data="gg")) + server.send(CloseConnection(code=1000))
    reader = FrameReader(MOST, are_masked=False)
    ping, close = Control(Opcode.PING, b"x"), Control(Opcode.CLOSE, b"\x03\xe8")
    assert read(reader, sent, list(range(0, len(sent), size))) == [payload, ping, "gg", close]
    assert reader.fault is None


BROKEN_BY_A_SERVER = {
    "masked": (b"\x82\x81abcdx", Fault.PROTOCOL_ERROR),
    "long and masked": (b"\x82\xfe\x00\x80", Fault.PROTOCOL_ERROR),
    "reserved": (b"\xc2\x01x", Fault.PROTOCOL_ERROR),
    "unknown operation": (b"\x83\x01x", Fault.PROTOCOL_ERROR),
    "continues nothing": (b"\x80\x01x", Fault.PROTOCOL_ERROR),
    "binary within a message": (b"\x02\x01x\x82\x01y", Fault.PROTOCOL_ERROR),
    "ping in fragments": (b"\x09\x01x", Fault.PROTOCOL_ERROR),
    "long ping": (b"\x89\x7e\x00\x80" + bytes(128), Fault.PROTOCOL_ERROR),
    "too large": (
        b"\x82\x7e" + (MAX_TABLE_MESSAGE_BYTES + 1).to_bytes(2, "big"),
        Fault.TOO_LARGE,
    ),
    "huge": (b"\x82\x7f" + (2**62).to_bytes(8, "big"), Fault.TOO_LARGE),
    "too large in all": (b"\x02\x00" + (b"\x00\x7e\x20\x01" + bytes(0x2001)) * 2, Fault.TOO_LARGE),
}


@pytest.mark.parametrize("name", list(BROKEN_BY_A_SERVER))
def test_what_no_server_may_send_is_a_fault_for_a_client(name: str) -> None:
    data, fault = BROKEN_BY_A_SERVER[name]
    before = write_frame(Opcode.TEXT, b"good")
    for cuts in ([], list(range(12))):
        reader = FrameReader(MAX_TABLE_MESSAGE_BYTES, are_masked=False)
        assert read(reader, before + data, cuts) == ["good"]
        assert reader.fault is fault
        assert reader.feed(before) == []


def test_a_client_takes_the_largest_message_whole_and_in_fragments() -> None:
    largest = bytes(MAX_TABLE_MESSAGE_BYTES)
    reader = FrameReader(MAX_TABLE_MESSAGE_BYTES, are_masked=False)
    assert reader.feed(write_frame(Opcode.BINARY, largest)) == [largest]
    half = MAX_TABLE_MESSAGE_BYTES // 2
    parts = any_frame(Opcode.BINARY, bytes(half), b"", is_final=False) + b"\x89\x01x"
    parts += any_frame(Opcode.CONTINUATION, bytes(half), b"")
    assert reader.feed(parts) == [Control(Opcode.PING, b"x"), largest]


@pytest.mark.parametrize("mask", [MASK, b""], ids=["a client's", "a server's"])
def test_a_small_limit_holds_for_short_messages_too(mask: bytes) -> None:
    reader = FrameReader(10, are_masked=bool(mask))
    assert reader.feed(write_frame(Opcode.BINARY, bytes(10), mask)) == [bytes(10)]
    assert reader.feed(write_frame(Opcode.BINARY, bytes(11), mask)) == []
    assert reader.fault is Fault.TOO_LARGE


@pytest.mark.parametrize("size", [0, 1, 3, 125, 126, 65_535, 65_536, 90_000])
def test_a_server_reads_what_a_client_writes_and_the_other_way_round(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert FrameReader(size, are_masked=True).feed(write_frame(Opcode.BINARY, data, MASK)) == [data]
    assert FrameReader(size, are_masked=False).feed(write_frame(Opcode.BINARY, data)) == [data]
    unmasked = FrameReader(size, are_masked=False)
    assert unmasked.feed(write_frame(Opcode.BINARY, data, MASK)) == []
    assert unmasked.fault is Fault.PROTOCOL_ERROR
    theirs = ServerProtocol(state=OPEN, max_size=None)
    theirs.receive_data(write_frame(Opcode.BINARY, data, MASK))
    (frame,) = theirs.events_received()
    assert isinstance(frame, Frame)
    assert bytes(frame.data) == data
    other = Connection(ConnectionType.SERVER)
    other.receive_data(write_frame(Opcode.BINARY, data, MASK))
    assert b"".join(bytes(event.data) for event in other.events()) == data  # type: ignore[attr-defined]
