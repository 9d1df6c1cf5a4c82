"""A gateway that sends payouts: a real HTTP server on loopback, and the adapter that speaks to it.

``finds`` by external id and pays each once, or, like others, pays whatever comes and finds nothing but tasks.
``server.taken`` is what it will pay or has paid, in the order of coming: so a test counts payments.
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, RLock, Thread
from typing import Any, Final

import httpx
from attrs import define, field, frozen

from wallet_worker.gateways.port import (
    DepositTold,
    Doubtful,
    GatewayAway,
    NewAddress,
    NotSent,
    PayoutFound,
    PayoutOrder,
    PayoutStage,
    PayoutTaken,
)

NAME: Final = "payer"


@frozen
class Fault:
    """What goes wrong with one call: it is done or not, the answer late, cut, or of a status."""

    is_done: bool = True
    is_cut: bool = False
    seconds: float = 0.0
    status: int = 200


@define
class Taken:
    """A payout that was taken; ``stage`` is under_way, paid or failed."""

    external_id: str
    task_id: str
    amount: int
    stage: str = "under_way"
    tx_hash: str | None = None


@define
class PayoutServer:
    """What the server knows; ``pays_at_once``: a payout is paid when it is asked for."""

    finds: bool
    url: str = ""
    pays_at_once: bool = True
    taken: list[Taken] = field(factory=list)
    faults: deque[Fault] = field(factory=deque)
    lock: RLock = field(factory=RLock)
    closing: Event = field(factory=Event)
    came: Event = field(factory=Event)
    """Set when a payout has come."""

    def take(self, asked: Mapping[str, Any]) -> str:
        with self.lock:
            known = [one for one in self.taken if one.external_id == asked["external_id"]]
            if not known or not self.finds:
                known = [Taken(asked["external_id"], f"task {len(self.taken) + 1}", asked["amount"])]
                self.taken += known
            self.came.set()
            return known[0].task_id

    def find(self, external_id: str, task_id: str) -> Mapping[str, Any]:
        with self.lock:
            known = [
                one
                for one in self.taken
                if one.task_id == task_id or (self.finds and one.external_id == external_id)
            ]
            if not known:
                return {"stage": "never_came" if self.finds else "cannot_say"}
            if self.pays_at_once and known[0].stage == "under_way":
                self.pay(known[0])
            one = known[0]
            return {
                "stage": one.stage,
                "tx_hash": one.tx_hash,
                "amount": one.amount,
                "task_id": one.task_id,
            }

    def pay(self, one: Taken) -> PayoutFound:
        """Let coins leave; gives what the gateway would tell of it."""
        with self.lock:
            if one.stage == "under_way":
                one.stage = "paid"
                one.tx_hash = sha256(f"{id(self)} {one.task_id}".encode()).hexdigest()
            return PayoutFound(one.external_id, PayoutStage.PAID, one.tx_hash, one.amount)

    def payments_of(self, number: int) -> list[Taken]:
        """Give what was, or will be, paid for a withdrawal: all but what has failed."""
        return [
            one for one in self.taken if one.external_id.startswith(f"w{number}-") and one.stage != "failed"
        ]

    def handle(self, path: str, body: bytes) -> tuple[int, bytes] | None:
        fault = self.faults.popleft() if self.faults and path == "/send" else Fault()
        answer: Mapping[str, Any] = {}
        if fault.is_done:
            asked = json.loads(body)
            if path == "/send":
                answer = {"task_id": self.take(asked)}
            else:
                answer = self.find(asked["external_id"], asked["task_id"])
        self.closing.wait(fault.seconds)
        return None if fault.is_cut else (fault.status, json.dumps(answer).encode())


@contextmanager
def payout_server(*, finds: bool) -> Iterator[PayoutServer]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.books = PayoutServer(finds, f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.books
    finally:
        server.books.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    books: PayoutServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that hang up: tests do."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.books.handle(self.path, body)
        if answer is None:
            return
        self.send_response(answer[0])
        self.send_header("Content-Length", str(len(answer[1])))
        self.end_headers()
        self.wfile.write(answer[1])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Log nothing."""


@frozen
class HttpGateway:
    """The adapter."""

    url: str
    looks_up_payouts: bool
    name: str = NAME
    looks_up_deposits: bool = False
    is_manual: bool = False
    call_seconds: float = 2.0

    async def make_address(self, coin: str, external_id: str) -> NewAddress:
        raise GatewayAway("it only sends")

    async def look_up(self, told: DepositTold) -> DepositTold | None:
        raise GatewayAway("it only sends")

    async def list_deposits(self, coin: str, address: str) -> Sequence[DepositTold]:
        raise GatewayAway("it only sends")

    async def balances(self) -> Mapping[str, int]:
        raise GatewayAway("it only sends")

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        body = {"external_id": order.external_id, "amount": order.coin_amount, "address": order.address}
        try:
            answer = await self._post("/send", body)
        except httpx.ConnectError:
            raise NotSent("no connection") from None
        except httpx.HTTPError as error:
            raise Doubtful(repr(error)) from None
        if answer.status_code == 400:
            raise NotSent("refused", is_final=True)
        if answer.status_code == 409:
            raise NotSent("busy")
        if answer.status_code != 200:
            raise Doubtful(str(answer.status_code))
        return PayoutTaken(answer.json()["task_id"])

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:
        try:
            found = (await self._post("/find", {"external_id": external_id, "task_id": task_id or ""})).json()
        except httpx.HTTPError:
            raise GatewayAway("no answer") from None
        return PayoutFound(
            external_id,
            PayoutStage(found["stage"]),
            found.get("tx_hash"),
            found.get("amount"),
            found.get("task_id"),
        )

    async def _post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(timeout=self.call_seconds, trust_env=False) as client:
            return await client.post(self.url + path, json=body)
