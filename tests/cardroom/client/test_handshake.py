"""The beginning of a WebSocket."""

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from cardroom.client import ConnectionLost, ProtocolBroken
from cardroom.client.handshake import HEAD_END, Handshake


def answer(handshake: Handshake, subprotocol: str | None = "holdem") -> bytes:
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(handshake.request)
    (request,) = server.events()
    assert isinstance(request, Request)
    assert (request.host, request.target, request.subprotocols) == ("node:1", "/play", ["holdem"])
    return server.send(AcceptConnection(subprotocol=subprotocol)).partition(HEAD_END)[0]


def test_a_server_understands_what_is_asked_and_its_answer_fits() -> None:
    handshake = Handshake("node:1", "/play", "holdem")
    handshake.check(answer(handshake))


def test_an_answer_to_another_or_with_another_subprotocol_does_not() -> None:
    handshake = Handshake("node:1", "/play", "holdem")
    with pytest.raises(ProtocolBroken, match="not to ours"):
        Handshake("node:1", "/play", "holdem").check(answer(handshake))
    with pytest.raises(ProtocolBroken, match="does not speak"):
        handshake.check(answer(handshake, None))


@pytest.mark.parametrize("head", [b"HTTP/1.1 404 Not Found", b"", b"nonsense", b"\xff\xfe"])
def test_who_is_no_websocket_is_lost(head: bytes) -> None:
    with pytest.raises(ConnectionLost):
        Handshake("node:1", "/play", "holdem").check(head)
