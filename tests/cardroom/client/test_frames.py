"""Frames, however they are cut, and those that no server may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from cardroom.client import ProtocolBroken
from cardroom.client.frames import FrameReader, Opcode, write_frame

LIMIT = 100_000


def read(data: bytes, size: int = 1 << 20) -> list[tuple[Opcode, bytes]]:
    reader = FrameReader(LIMIT)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return [frame for piece in pieces for frame in reader.feed(piece)]


@given(st.binary(max_size=400), st.integers(min_value=1, max_value=7))
def test_what_a_server_sends_is_read_however_it_is_cut(payload: bytes, size: int) -> None:
    server = Connection(ConnectionType.SERVER)
    sent = server.send(BytesMessage(data=payload)) + server.send(Ping(payload=b"x"))
    sent += server.send(TextMessage(data="gg")) + server.send(CloseConnection(code=1000))
    assert read(sent, size) == [
        (Opcode.BINARY, payload), (Opcode.PING, b"x"), (Opcode.TEXT, b"gg"), (Opcode.CLOSE, b"\x03\xe8"),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 3, 125, 126, 65_535, 65_536, 90_000])
def test_a_server_understands_what_we_send_and_we_what_it_does(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    server = Connection(ConnectionType.SERVER)
    server.receive_data(write_frame(Opcode.BINARY, payload))
    assert b"".join(bytes(event.data) for event in server.events()) == payload  # type: ignore[attr-defined]
    assert read(server.send(BytesMessage(data=payload))) == [(Opcode.BINARY, payload)]


def test_fragments_are_put_together_and_a_ping_may_come_between() -> None:
    data = b"\x02\x02ab" + b"\x89\x01x" + b"\x00\x01c" + b"\x80\x01d"
    assert read(data) == [(Opcode.PING, b"x"), (Opcode.BINARY, b"abcd")]


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\x81abcdx", b"\xc2\x01x", b"\x83\x01x", b"\x80\x01x", b"\x02\x01x\x82\x01y", b"\x09\x01x",
        b"\x82\x7f" + (LIMIT + 1).to_bytes(8, "big"), b"\x89\x7e\x00\x80" + bytes(128), b"\x82\xfe\x00\x80",
    ],
    ids=[
        "masked", "reserved", "unknown", "no begin", "two begins", "a ping in parts", "too long",
        "a long ping", "long and masked",
    ],
)  # fmt: skip
def test_what_no_server_may_send(data: bytes) -> None:
    with pytest.raises(ProtocolBroken):
        read(data)


def test_a_message_in_too_many_parts() -> None:
    part = b"\x00\x7e\xff\xff" + bytes(65_535)
    with pytest.raises(ProtocolBroken):
        read(b"\x02\x00" + part + part)
