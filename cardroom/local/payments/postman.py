"""Tells the house of payments: when they are seen, and at each confirmation up to what is needed."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

import httpx
import trio
from attrs import define

from cardroom.local.payments.chain import Payment
from cardroom.local.payments.faults import Fault, Faults
from cardroom.local.payments.sandbox import Clock, Sandbox
from cardroom.local.payments.settings import WebhookSettings
from cardroom.service.logs import Log

_AT_ONCE: Final = 16
_LONGEST_PAUSE_SECONDS: Final = 0.25


@define
class _Sent:
    """How far the house has heard of one payment, and when it is told next where it did not take it."""

    confirmations: int = -1
    failures: int = 0
    next_try_unix_ms: float = 0


class Postman:
    """Sends messages, each payment's one after the other, different payments' at the same time.

    What is told is how things stand now: a confirmation that was overtaken by the next is not told.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        needed: Mapping[str, int],
        settings: WebhookSettings,
        faults: Faults,
        clock: Clock,
        log: Log,
    ) -> None:
        self._sandbox = sandbox
        self._needed = needed
        self._settings = settings
        self._faults = faults
        self._clock = clock
        self._log = log
        self._sent: dict[tuple[str, int], _Sent] = {}

    async def run(self) -> None:
        """Send until cancelled."""
        limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        timeout = httpx.Timeout(self._settings.call_seconds)
        async with httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False) as http:
            while True:
                await self.send_due(http)
                await trio.sleep(min(self._sandbox.block_ms / 2000, _LONGEST_PAUSE_SECONDS))

    async def send_due(self, http: httpx.AsyncClient) -> None:
        """Send what is due now, once, and wait for the answers."""
        due = [payment for payment in self._sandbox.untold() if self._is_due(payment)]
        async with trio.open_nursery() as nursery:
            for payment in due[:_AT_ONCE]:
                nursery.start_soon(self._tell, http, payment)

    def _is_due(self, payment: Payment) -> bool:
        sent = self._sent.setdefault(payment.key, _Sent())
        if sent.failures >= self._settings.tries or self._clock() < sent.next_try_unix_ms:
            return False
        return sent.confirmations != self._confirmations(payment)

    def _confirmations(self, payment: Payment) -> int:
        return min(payment.confirmations(self._sandbox.tip), self._needed[payment.coin])

    async def _tell(self, http: httpx.AsyncClient, payment: Payment) -> None:
        sent, confirmations = self._sent[payment.key], self._confirmations(payment)
        if not self._faults.strikes(Fault.WEBHOOK_LOST) and not await self._post(
            http, payment, confirmations
        ):
            pause = self._settings.retry_seconds * 2 ** min(sent.failures, 16)
            sent.failures += 1
            sent.next_try_unix_ms = self._clock() + 1000 * min(pause, self._settings.longest_seconds)
            return
        sent.confirmations, sent.failures = confirmations, 0
        if confirmations == self._needed[payment.coin] or payment.height is None:
            self._sandbox.note_told(payment)

    async def _post(self, http: httpx.AsyncClient, payment: Payment, confirmations: int) -> bool:
        """Send one message; gives whether the house has taken it."""
        raw = write_message(self._settings.gateway, payment, confirmations)
        secret = self._settings.secret.value
        if self._faults.strikes(Fault.WEBHOOK_FORGED):
            secret = f"not {secret}"
        try:
            answer = await http.post(
                self._settings.url, content=raw, headers=sign(secret, self._clock() // 1000, raw)
            )
        except httpx.HTTPError as error:
            self._log.info("webhook.not_answered", tx_hash=payment.tx_hash, reason=type(error).__name__)
            return False
        facts = {"tx_hash": payment.tx_hash, "confirmations": confirmations, "status": answer.status_code}
        self._log.info("webhook.answered", coin=payment.coin, **facts)
        return answer.is_success


def write_message(gateway: str, payment: Payment, confirmations: int) -> bytes:
    """Write the generic gateway's message about a payment."""
    body = {
        "gateway": gateway,
        "coin": payment.coin,
        "tx_hash": payment.tx_hash,
        "output_index": payment.output_index,
        "address": payment.address,
        "amount": payment.amount,
        "confirmations": confirmations,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def sign(secret: str, unix_seconds: int, raw: bytes) -> dict[str, str]:
    """Give the headers of a message: time stamp, and HMAC-SHA256 over it, a full stop and the body."""
    signed = f"{unix_seconds}.".encode() + raw
    return {
        "Content-Type": "application/json",
        "X-Webhook-Timestamp": str(unix_seconds),
        "X-Webhook-Signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
    }
