"""Bytes both ways, also when the other side does not take them."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cardroom.client.wire_stream import TlsStream, WireStream, open_stream


def _certificate(folder: Path) -> Path:
    """Make a certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1,
        not_valid_before=now, not_valid_after=now + timedelta(hours=1),
    )  # fmt: skip
    file = folder / "certificate.pem"
    file.write_bytes(
        builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file


async def test_with_tls_all_goes_through_its_own_stream(tmp_path: Path) -> None:
    file = _certificate(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cafile=str(file))
    client.check_hostname = False

    async def echo(stream: trio.SSLStream[trio.SocketStream]) -> None:
        await stream.send_all(await stream.receive_some())
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners: list[trio.SSLListener[trio.SocketStream]] = await nursery.start(
            partial(trio.serve_ssl_over_tcp, echo, 0, server, host="127.0.0.1")
        )
        port = listeners[0].transport_listener.socket.getsockname()[1]  # type: ignore[attr-defined]
        stream = TlsStream(await trio.open_ssl_over_tcp_stream("127.0.0.1", port, ssl_context=client))
        assert not stream.put(b"hello")
        await stream.flush()
        assert await stream.receive() == b"hello"
        stream.cut()
        stream.cut()
        with pytest.raises((OSError, trio.ClosedResourceError)):
            await stream.receive()
        nursery.cancel_scope.cancel()


MUCH = bytes(range(256)) * 40_000


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[WireStream, trio.SocketStream]]:
    give, take = trio.open_memory_channel[trio.SocketStream](1)

    async def serve(stream: trio.SocketStream) -> None:
        await give.send(stream)
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners: list[trio.SocketListener] = await nursery.start(
            partial(trio.serve_tcp, serve, 0, host="127.0.0.1")
        )
        port = listeners[0].socket.getsockname()[1]
        stream = await open_stream(urlsplit(f"ws://127.0.0.1:{port}"))
        yield stream, await take.receive()
        stream.cut()
        nursery.cancel_scope.cancel()


async def test_what_is_not_taken_at_once_is_kept_in_order() -> None:
    async with connected() as (stream, other):
        assert stream.put(b"first")
        assert not stream.put(MUCH)
        assert not stream.put(b"last")
        received = bytearray()
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stream.flush)
                nursery.start_soon(stream.flush)
                while len(received) < len(MUCH) + 9:
                    received += await other.receive_some()
        assert received == b"first" + MUCH + b"last"
        assert stream.put(b"more")


async def test_both_ends() -> None:
    async with connected() as (stream, other):
        await other.send_all(b"hello")
        assert await stream.receive() == b"hello"
        await other.send_eof()
        assert await stream.receive() == b""


async def test_who_waits_when_it_is_cut_is_told() -> None:
    async def read(stream: WireStream) -> None:
        with pytest.raises((trio.ClosedResourceError, OSError)):
            await stream.receive()

    async with connected() as (stream, _):
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read, stream)
                await trio.testing.wait_all_tasks_blocked()
                stream.cut()
        stream.cut()
        with pytest.raises(OSError, match="descriptor"):
            stream.put(b"x")
        with pytest.raises(trio.ClosedResourceError):
            await stream.receive()
