"""A SHKeeper on loopback: a real HTTP server that answers as the real one does, and errs as it is told to.

``with shkeeper() as stub:`` gives one. ``stub.books`` is what it knows: there tests let coins come in and
out, and find the callbacks that are due. ``stub.script("payout", hang_up())`` spoils the next call of a
name; the calls are crypto, payment_request, transactions, tx-info, payout, task and balances. It works on
threads of its own, so a test may wait for it on any event loop.
"""

import json
from base64 import b64encode
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from attrs import define, field, frozen

from tests.fakes.shkeeper_books import COINS, Json, ShkeeperBooks

_DEFAULT_LOGIN: Final = "house"
_DEFAULT_PASSWORD: Final = "password of the tests"
_PREFIX: Final = "/api/v1/"


@frozen
class Fault:
    """What goes wrong with one call.

    ``is_done``: what was asked is done, whatever is answered. The answer comes after ``seconds``, is
    ``status`` with ``body``, or the right one where they are None; ``is_cut`` closes without any.
    """

    is_done: bool = True
    seconds: float = 0.0
    status: int | None = None
    body: bytes | None = None
    is_cut: bool = False


def error_with_200(message: str = "BTC payment gateway is unavailable") -> Fault:
    """Refuse as SHKeeper often does: an error under HTTP 200."""
    return answer_with(200, json.dumps({"status": "error", "message": message}).encode())


def answer_with(status: int, body: bytes, *, is_done: bool = False) -> Fault:
    """Answer something else."""
    return Fault(is_done=is_done, status=status, body=body)


def slow(seconds: float) -> Fault:
    """Do it at once and answer late."""
    return Fault(seconds=seconds)


def hang_up(*, is_done: bool = True) -> Fault:
    """Close the connection without an answer: after it was done, or before."""
    return Fault(is_done=is_done, is_cut=True)


@frozen
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@frozen
class _Answer:
    status: int
    body: bytes


@define
class ShkeeperStub:
    """The server. ``faults_of`` are the faults of coming calls; ``always`` is that of all others."""

    url: str
    books: ShkeeperBooks = field(factory=ShkeeperBooks)
    login: str = _DEFAULT_LOGIN
    password: str = _DEFAULT_PASSWORD
    always: Fault | None = None
    asked: list[Asked] = field(factory=list)
    closing: Event = field(factory=Event)
    faults_of: dict[str, deque[Fault]] = field(factory=lambda: defaultdict(deque))

    def script(self, call: str, *faults: Fault) -> None:
        """Spoil the next calls of this name, in this order."""
        self.faults_of[call].extend(faults)

    def calls(self, call: str) -> list[Asked]:
        """Give the requests of a name that came so far."""
        return [one for one in self.asked if _name_of(one.path) == call]

    def handle(self, asked: Asked) -> _Answer | None:
        """Answer a request; None cuts the connection."""
        with self.books.lock:
            self.asked.append(asked)
            waiting = self.faults_of[_name_of(asked.path)]
            fault = waiting.popleft() if waiting else self.always or Fault()
            answer = self._right_answer(asked) if fault.is_done else _json({})
        self.closing.wait(fault.seconds)
        if fault.is_cut:
            return None
        return _Answer(
            answer.status if fault.status is None else fault.status,
            answer.body if fault.body is None else fault.body,
        )

    def _right_answer(self, asked: Asked) -> _Answer:
        url = urlsplit(asked.path)
        parts = [unquote(part) for part in url.path.removeprefix(_PREFIX).split("/")]
        call = _name_of(asked.path)
        if call == "crypto":
            return _json({"status": "success", "crypto": list(COINS)})
        if not self._is_allowed(call, asked.headers):
            return _error("Bad API key, login or password", 401)
        match call, parts:
            case "payment_request", [coin, _]:
                return self._payment_request(coin, json.loads(asked.body))
            case "transactions", [_, coin, address]:
                return self._transactions(coin, address)
            case "tx-info", [_, txid, external_id]:
                return self._tx_info(txid, external_id)
            case "payout", [coin, _]:
                return self._payout(coin, json.loads(asked.body))
            case "task", [_, _, task_id]:
                return _json(self.books.task(task_id))
            case "balances", _:
                return self._balances(url.query)
        return _error("not found", 404)

    def _is_allowed(self, call: str, headers: dict[str, str]) -> bool:
        if call in ("payout", "task"):
            expected = "Basic " + b64encode(f"{self.login}:{self.password}".encode()).decode()
            return headers.get("authorization") == expected
        return headers.get("x-shkeeper-api-key") == self.books.api_key

    def _payment_request(self, coin: str, asked: Json) -> _Answer:
        if coin not in COINS:
            return _error(f"{coin} payment gateway is unavailable", 200)
        invoice = self.books.open_invoice(coin, asked["external_id"], asked["callback_url"])
        return _json(
            {
                "status": "success",
                "id": invoice.number,
                "wallet": invoice.address,
                "amount": asked["amount"],
                "exchange_rate": "1.00",
                "recalculate_after": 0,
                "display_name": coin,
            }
        )

    def _transactions(self, coin: str, address: str) -> _Answer:
        found = [
            {
                "addr": one.address,
                "amount": one.amount,
                "crypto": one.coin,
                "status": "CONFIRMED" if one.is_confirmed else "UNCONFIRMED",
                "txid": one.txid,
            }
            for one in self.books.transactions
            if (one.coin, one.address) == (coin, address)
        ]
        return _json({"status": "success", "transactions": found})

    def _tx_info(self, txid: str, external_id: str) -> _Answer:
        for one in self.books.transactions:
            if one.txid == txid and self.books.invoice_at(one.coin, one.address).external_id == external_id:
                info = {"addr": one.address, "amount": one.amount, "crypto": one.coin}
                return _json({"status": "success", "info": info})
        return _json({"status": "success", "info": {}})

    def _payout(self, coin: str, asked: Json) -> _Answer:
        if coin not in COINS:
            return _error(f"Unknown crypto: {coin}", 400)
        for needed in ("amount", "destination", "fee"):
            if not isinstance(asked.get(needed), str):
                return _error(f"{needed} is missing", 400)
        payout = self.books.take_payout(coin, asked)
        return _json({"task_id": payout.task_id, "external_id": payout.external_id})

    def _balances(self, query: str) -> _Answer:
        wanted = query.removeprefix("includes=").split(",") if query else list(COINS)
        found = [
            {
                "name": coin,
                "display_name": coin,
                "amount_crypto": format(self.books.balances[coin], "f"),
                "rate": "1.00",
                "fiat": "USD",
                "amount_fiat": "1.00",
                "server_status": "Synced",
            }
            for coin in wanted
            if coin in self.books.balances
        ]
        if not found:
            return _error("No valid cryptos requested", 400)
        return _json({"status": "success", "balances": found})


def _name_of(path: str) -> str:
    parts = urlsplit(path).path.removeprefix(_PREFIX).split("/")
    if parts[0] in ("transactions", "tx-info"):
        return parts[0]
    if parts[0] == "crypto":
        return parts[-1]
    return parts[1] if len(parts) > 1 else parts[0]


def _json(body: Any, status: int = 200) -> _Answer:
    return _Answer(status, json.dumps(body).encode())


def _error(message: str, status: int) -> _Answer:
    return _json({"status": "error", "message": message}, status)


@contextmanager
def shkeeper(port: int = 0) -> Iterator[ShkeeperStub]:
    """Run a SHKeeper; whoever still waits for a slow answer at the end is cut off."""
    server = _Server(("127.0.0.1", port), _Handler)
    stub = server.stub = ShkeeperStub(f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    stub: ShkeeperStub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that hang up: tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        asked = Asked(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        answer = self.server.stub.handle(asked)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_GET  # noqa: N815 (the library's name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Log nothing."""
