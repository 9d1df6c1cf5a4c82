"""A connection before and after its session: the WebSocket handshake, the first message, the goodbye."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, RejectConnection, Request
from wsproto.utilities import RemoteProtocolError

from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.player import Hello, PlayerMessage, Resume
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode, Refused
from node.sessions.admission import Admitted, NotAdmitted
from node.sessions.line import Line, LineEnded
from node.sessions.metrics import CLOSED
from node.sessions.session import Session, SessionServices
from node.tables.directory import TableEntry

_CLOSE_CODES: Final[Mapping[Refusal, CloseCode]] = MappingProxyType(
    {
        Refusal.NO_SUCH_TABLE: CloseCode.RESTART,
        Refusal.NODE_FULL: CloseCode.TRY_AGAIN_LATER,
    }
)
"""How a connection that is not admitted is closed; for all other reasons, as not authenticated."""

_REASONS: Final[Mapping[CloseCode, str]] = MappingProxyType(
    {CloseCode.TRY_AGAIN_LATER: "node full: ask the router for a ticket again in some seconds"}
)
"""What the close frame says; for all other codes it is the name of the code."""


async def serve_line(line: Line, services: SessionServices) -> None:
    """Serve one connection from its first byte; ends when it is closed, with the reason told."""
    limits = services.limits
    is_open = False
    with trio.move_on_after(limits.hello_seconds):
        is_open = await _shake_hands(line, services)
    if is_open:
        code = await _serve_open(line, services)
        CLOSED.labels(code=str(code.value)).inc()
        await line.say_goodbye(code.value, _REASONS.get(code, code.name.lower()), limits.close_seconds)
    await line.linger(limits.close_seconds)


async def _shake_hands(line: Line, services: SessionServices) -> bool:
    """Answer the request for a WebSocket; say whether there is one now."""
    speaker = WSConnection(ConnectionType.SERVER)
    try:
        speaker.receive_data(await line.read_head())
        request = next(iter(speaker.events()), None)
    except LineEnded:
        return False
    except RemoteProtocolError as error:
        if error.event_hint is not None:
            line.outbox.offer(speaker.send(error.event_hint))
        return False
    except UnicodeDecodeError:  # so the library meets headers that are no ASCII
        line.outbox.offer(speaker.send(RejectConnection(status_code=400)))
        return False
    if not isinstance(request, Request):
        return False
    line.encoding, subprotocol = _negotiate(request)
    line.address = _address(line.address, request, services)
    line.outbox.offer(speaker.send(AcceptConnection(subprotocol=subprotocol)))
    return True


async def _serve_open(line: Line, services: SessionServices) -> CloseCode:
    try:
        with trio.fail_after(services.limits.hello_seconds):
            admitted = await _admit(line, services.codecs[line.encoding], services)
        entry = await _find_table(admitted, services)
    except NotAdmitted as refused:
        line.outbox.offer(services.framers[line.encoding].frame(Refused(None, refused.code)))
        return _CLOSE_CODES.get(refused.code, CloseCode.NOT_AUTHENTICATED)
    except trio.TooSlowError:
        return CloseCode.NOT_AUTHENTICATED
    except LineEnded:
        return CloseCode.NORMAL
    session = Session(admitted, entry, line, services)
    with services.connections.entered(session):
        await session.run()
    return session.close_code


async def _admit(line: Line, codec: Codec[PlayerMessage], services: SessionServices) -> Admitted:
    """Take the first message, which must be ``Hello`` or ``Resume``; raises ``NotAdmitted``."""
    try:
        message = codec.decode(await line.first_message())
    except Malformed as malformed:
        raise NotAdmitted(malformed.code) from None
    match message:
        case Hello():
            return await services.admission.admit(message)
        case Resume():
            return services.resumption.admit(message)
        case _:
            raise NotAdmitted(Refusal.NOT_AUTHENTICATED)


async def _find_table(admitted: Admitted, services: SessionServices) -> TableEntry:
    """Give the table that a player is admitted to; raises ``NotAdmitted`` if it or the room is not there.

    For who holds a seat there is always room: chips lie on the table, and the clock runs. A table that is
    being opened is waited for.
    """
    entry = await services.directory.wait_for(admitted.table_id, services.limits.hello_seconds)
    if entry is None:
        raise NotAdmitted(Refusal.NO_SUCH_TABLE)
    sits_there = any(seat.user_id == admitted.user_id for seat in entry.summary.seats)
    if not sits_there and not services.connections.has_room_for(admitted.user_id):
        raise NotAdmitted(Refusal.NODE_FULL)
    return entry


def _negotiate(request: Request) -> tuple[Encoding, str | None]:
    """Choose the encoding: the first offered subprotocol that is known, else by header, else JSON."""
    known = {encoding.value: encoding for encoding in Encoding}
    for offered in request.subprotocols:
        if offered in known:
            return known[offered], offered
    wants_binary = any(
        name.lower() == b"x-accept-binary" and value.strip().lower() == b"true"
        for name, value in request.extra_headers
    )
    return Encoding.MSGPACK if wants_binary else Encoding.JSON, None


def _address(peer: str, request: Request, services: SessionServices) -> str:
    forwarded = [
        value.decode("latin-1") for name, value in request.extra_headers if name.lower() == b"x-forwarded-for"
    ]
    return services.proxies.address(peer, forwarded)
