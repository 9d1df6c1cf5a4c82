"""What payment gateways tell goes through Debian's nginx with the project's files, as it came."""

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.system.edge import edge, trusting

WEBHOOK = "/api/v1/wallet/webhook/shkeeper/deposit"
ROUTERS = {"127.0.0.1:8000": 1, "127.0.0.1:8002": 1}


class _Wallet(BaseHTTPRequestHandler):
    """Answers 202, and keeps what came."""

    protocol_version = "HTTP/1.1"
    came: list[tuple[str, str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.came.append((self.command, self.path, headers, raw))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Log nothing."""


@pytest.fixture
def came() -> list[tuple[str, str, dict[str, str], bytes]]:
    return []


@pytest.fixture
def client(came: list[Any], project_root: Path, tmp_path: Path) -> Iterator[httpx.Client]:
    """Give a client of the edge, behind which one wallet worker stands."""
    handler = type("Wallet", (_Wallet,), {"came": came})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        ports = ROUTERS | {"127.0.0.1:8801": server.server_address[1]}
        with edge(project_root, tmp_path, ports) as url:
            context: ssl.SSLContext = trusting(tmp_path)
            with httpx.Client(base_url=url, verify=context, trust_env=False, timeout=10.0) as client:
                yield client
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5.0)


def test_a_message_comes_as_it_was_signed_and_from_where_it_came(
    client: httpx.Client, came: list[tuple[str, str, dict[str, str], bytes]]
) -> None:
    raw = b'{"a": "\\u00e9 ", "b":1}\n' + b"x" * 200_000
    headers = {
        "X-Shkeeper-Timestamp": "1767225600",
        "X-Shkeeper-Signature": "ab" * 32,
        "X-Forwarded-For": "203.0.113.9",
    }
    assert client.post(WEBHOOK, content=raw, headers=headers).status_code == 202
    ((method, path, got, body),) = came
    assert (method, path, body) == ("POST", WEBHOOK, raw)
    assert (got["x-shkeeper-timestamp"], got["x-shkeeper-signature"]) == ("1767225600", "ab" * 32)
    assert got["x-forwarded-for"] == "127.0.0.1"


def test_only_these_messages_may_be_large_and_none_without_end(client: httpx.Client, came: list[Any]) -> None:
    for path, size in ((WEBHOOK, 300_000), ("/api/v1/wallet/withdraw", 20_000)):
        answer = client.post(path, content=b"x" * size)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert came == []
