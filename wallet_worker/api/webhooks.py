"""What payment gateways tell: three paths, believed by signature, each message once.

A message that was taken is answered 202, whatever it changed. Everything else is refused with a code and
counted; gateways send it again, with a new time stamp.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Literal, Protocol

import trio
from attrs import field, frozen
from quart import request
from quart_trio import QuartTrio
from werkzeug.exceptions import RequestEntityTooLarge

from cardroom.service.http import RefusedRequest
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.openapi import Page, Parameter
from cardroom.wire.refusals import Refusal
from wallet_worker.cashier import deposit_metrics
from wallet_worker.cashier.deposits import Delivery, DepositDesk
from wallet_worker.gateways.port import PayoutFound, WebhookMessage, WebhookReader, WebhookRefused
from wallet_worker.gateways.signatures import (
    GENERIC_HEADERS,
    SHKEEPER_HEADERS,
    SignatureHeaders,
    digest_of,
)
from wallet_worker.store.webhook_deliveries import is_taken, note_taken

DEPOSIT_PATH: Final = "/api/v1/wallet/webhook/deposit"
SHKEEPER_DEPOSIT_PATH: Final = "/api/v1/wallet/webhook/shkeeper/deposit"
SHKEEPER_PAYOUT_PATH: Final = "/api/v1/wallet/webhook/shkeeper/payout"

MAX_WEBHOOK_BYTES: Final = 256 * 1024
"""SHKeeper lists all payments of an address each time: some thousand fit."""

_AT_ONCE: Final = 4
_MOST_WAITING: Final = 2_000
_WAIT_SECONDS: Final = 8.0
_BUSY_SECONDS: Final = 5
_NOBODY: Final = "unknown"

_STATUS: Final[Mapping[Refusal, int]] = {
    Refusal.WEBHOOK_SIGNATURE: 401,
    Refusal.WEBHOOK_TOO_OLD: 401,
    Refusal.WEBHOOK_UNKNOWN: 404,
    Refusal.UNKNOWN_ADDRESS: 404,
    Refusal.WEBHOOK_REPLAYED: 409,
    Refusal.DEPOSIT_CHANGED: 409,
    Refusal.TOO_LARGE: 413,
    Refusal.WRONG_COIN: 422,
    Refusal.WRONG_ADDRESS: 422,
}

_REFUSES: Final[Mapping[int, tuple[Refusal, ...]]] = {
    400: (Refusal.MALFORMED,),
    401: (Refusal.WEBHOOK_SIGNATURE, Refusal.WEBHOOK_TOO_OLD),
    404: (Refusal.WEBHOOK_UNKNOWN, Refusal.UNKNOWN_ADDRESS),
    409: (Refusal.WEBHOOK_REPLAYED, Refusal.DEPOSIT_CHANGED),
    413: (Refusal.TOO_LARGE,),
    422: (Refusal.WRONG_COIN, Refusal.WRONG_ADDRESS),
}


class WebhookReaders(Protocol):
    """Who reads a message; both raise ``WebhookRefused`` where nobody does."""

    def signed_reader(self, raw: bytes) -> tuple[str, WebhookReader]:
        """Give the gateway that a signed message names, and its reader."""

    def shkeeper_reader(self) -> tuple[str, WebhookReader]:
        """Give SHKeeper's name and reader."""


@frozen
class Webhooks:
    """What the pages work with.

    ``report_payout`` is told how a payout stands, and may be told the same again; it may raise
    ``WebhookRefused``. ``clock`` gives seconds since 1970.
    """

    desk: DepositDesk
    readers: WebhookReaders
    report_payout: Callable[[str, PayoutFound], Awaitable[None]]
    clock: Callable[[], float] = time.time
    limiter: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(_AT_ONCE))
    """So many messages are written down at once: no flood of them takes all connections to the database."""
    wait_seconds: float = _WAIT_SECONDS
    """How long a message waits for its turn until it is told to come again."""


@frozen
class WebhookTaken:
    """The message was taken; it need not come again."""

    status: Literal["accepted"]


def add_webhooks(app: QuartTrio, hooks: Webhooks) -> None:
    """Add the three pages, which take larger bodies than others."""
    app.config["MAX_CONTENT_LENGTH"] = max(app.config["MAX_CONTENT_LENGTH"] or 0, MAX_WEBHOOK_BYTES)

    @app.post(DEPOSIT_PATH)
    @limited(Rule.WEBHOOK)
    @_page(GENERIC_HEADERS)
    async def take_deposit() -> tuple[dict[str, str], int]:
        """Take what a gateway tells of a deposit, signed over the time stamp, a dot, and the body."""
        return await _serve(hooks, _Way(GENERIC_HEADERS, hooks.readers.signed_reader))

    @app.post(SHKEEPER_DEPOSIT_PATH)
    @limited(Rule.WEBHOOK)
    @_page(SHKEEPER_HEADERS)
    async def take_shkeeper_deposit() -> tuple[dict[str, str], int]:
        """Take what SHKeeper tells of an invoice."""
        return await _serve(hooks, _Way(SHKEEPER_HEADERS, lambda _: hooks.readers.shkeeper_reader()))

    @app.post(SHKEEPER_PAYOUT_PATH)
    @limited(Rule.WEBHOOK)
    @_page(SHKEEPER_HEADERS)
    async def take_shkeeper_payout() -> tuple[dict[str, str], int]:
        """Take what SHKeeper tells of a payout."""
        way = _Way(SHKEEPER_HEADERS, lambda _: hooks.readers.shkeeper_reader(), is_payout=True)
        return await _serve(hooks, way)


@frozen
class _Way:
    """How a message comes: which headers sign it, who reads it, and what it is about."""

    names: SignatureHeaders
    find_reader: Callable[[bytes], tuple[str, WebhookReader]]
    is_payout: bool = False


async def _serve(hooks: Webhooks, way: _Way) -> tuple[dict[str, str], int]:
    """Read a message, do what it says, and answer; whatever is refused is counted."""
    gateway = _NOBODY
    try:
        raw = await request.get_data(cache=True, as_text=False, parse_form_data=False)
        headers = _headers()
        _refuse_unsigned(headers, way.names)
        gateway, reader = way.find_reader(raw)
        read = reader.read_payout if way.is_payout else reader.read_deposits
        message = read(headers, raw, hooks.clock())
        digest = digest_of(gateway, headers, way.names, raw)
        async with _turn(hooks):
            await _take(hooks, Delivery(gateway, digest, int(request.headers[way.names.timestamp])), message)
    except RequestEntityTooLarge:
        deposit_metrics.REFUSED.labels(gateway, Refusal.TOO_LARGE.value).inc()
        raise
    except WebhookRefused as refused:
        deposit_metrics.REFUSED.labels(gateway, refused.code.value).inc()
        raise RefusedRequest(_STATUS.get(refused.code, 400), refused.code, refused.detail) from None
    deposit_metrics.TAKEN.labels(gateway).inc()
    return {"status": "accepted"}, 202


def _page(names: SignatureHeaders) -> Page:
    """Say what a page takes: a body of the gateway's own form, and the two headers that sign it."""
    return Page(
        tag="gateways",
        answers={202: WebhookTaken},
        parameters=(
            Parameter(names.timestamp, {"type": "string"}, "Seconds since 1970", "header", is_required=True),
            Parameter(
                names.signature, {"type": "string"}, "HMAC-SHA256, hexadecimal", "header", is_required=True
            ),
        ),
        refuses=_REFUSES,
    )


def _refuse_unsigned(headers: Mapping[str, str], names: SignatureHeaders) -> None:
    """Refuse what nobody signed before it is read: it is not told which gateways there are."""
    given = {name.lower() for name in headers}
    if not {names.timestamp.lower(), names.signature.lower()} <= given:
        raise WebhookRefused(Refusal.WEBHOOK_SIGNATURE, "no signature, or no time stamp")


def _headers() -> dict[str, str]:
    """Give the request's headers; one that comes twice is written as one, and signs nothing."""
    return {name: ", ".join(request.headers.getlist(name)) for name in request.headers.keys()}  # noqa: SIM118


@asynccontextmanager
async def _turn(hooks: Webhooks) -> AsyncIterator[None]:
    """Wait for a turn, within limits; who gets none is told to come again."""
    limiter = hooks.limiter
    if limiter.statistics().tasks_waiting >= _MOST_WAITING:
        raise RefusedRequest(503, Refusal.BUSY, retry_seconds=_BUSY_SECONDS)
    with trio.move_on_after(hooks.wait_seconds) as waiting:
        await limiter.acquire()
    if waiting.cancelled_caught:
        raise RefusedRequest(503, Refusal.BUSY, retry_seconds=_BUSY_SECONDS)
    try:
        yield
    finally:
        limiter.release()


async def _take(hooks: Webhooks, delivery: Delivery, message: WebhookMessage) -> None:
    """Do what a message says, once: two of the very same at once are one."""
    if isinstance(message, PayoutFound):
        await _take_payout(hooks, delivery, message)
    else:
        await hooks.desk.take_message(delivery, message)


async def _take_payout(hooks: Webhooks, delivery: Delivery, message: PayoutFound) -> None:
    """Report first, then note the message: what fails in between comes again, and may be reported again."""
    postgres = hooks.desk.tools.postgres
    if await is_taken(postgres, delivery.digest):
        raise WebhookRefused(Refusal.WEBHOOK_REPLAYED, "taken before")
    await hooks.report_payout(delivery.gateway, message)
    await note_taken(postgres, delivery.digest, delivery.gateway)
