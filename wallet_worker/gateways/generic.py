"""Any other gateway: it signs a message for each output that it sees; payouts are sent by hand."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from cardroom.wire.refusals import Refusal
from wallet_worker.gateways.coin_names import CoinNames, GatewayCoin
from wallet_worker.gateways.port import (
    DepositTold,
    GatewayAway,
    NewAddress,
    NotSent,
    PayoutFound,
    PayoutOrder,
    PayoutStage,
    PayoutTaken,
    WebhookMessage,
    WebhookRefused,
)
from wallet_worker.gateways.signatures import SignatureCheck
from wallet_worker.gateways.strict_json import Unreadable, amount_in, number_in, read_object, text_in
from wallet_worker.rules.coins import read_tx_hash

MOST_BYTES: Final = 4096

_FIELDS: Final = frozenset(
    {"gateway", "coin", "tx_hash", "output_index", "address", "amount", "confirmations"}
)
_ADDRESS: Final = re.compile(r"[A-Za-z0-9]{1,128}")
_NAME: Final = re.compile(r"[a-z0-9_]{1,32}")
_COIN: Final = re.compile(r"[a-z0-9-]{2,16}")
_HASH: Final = re.compile(r"[0-9A-Za-z]{64,66}")


@frozen
class GenericReader:
    """Reads the signed messages of one gateway: exactly the documented fields, each as it should be."""

    name: str
    signature: SignatureCheck
    coins: CoinNames

    def read_deposits(self, headers: Mapping[str, str], raw: bytes, unix_seconds: float) -> WebhookMessage:
        """Read one output of a transaction, and how many confirmations it has."""
        self.signature.check(headers, raw, unix_seconds)
        try:
            return (self._deposit(read_object(raw, MOST_BYTES)),)
        except Unreadable as error:
            raise WebhookRefused(Refusal.MALFORMED, str(error)) from error

    def read_payout(self, headers: Mapping[str, str], raw: bytes, unix_seconds: float) -> WebhookMessage:
        """Refuse it: of payouts nothing comes from such a gateway."""
        self.signature.check(headers, raw, unix_seconds)
        raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "no messages about payouts")

    def _deposit(self, body: Mapping[str, Any]) -> DepositTold:
        if body.keys() != _FIELDS:
            raise Unreadable("there are other fields than the documented ones")
        if text_in(body, "gateway", _NAME) != self.name:
            raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "signed for another gateway")
        coin = self._coin(body)
        tx_hash = read_tx_hash(text_in(body, "tx_hash", _HASH))
        if tx_hash is None:
            raise Unreadable("tx_hash is no transaction")
        coin_amount = amount_in(body, "amount", coin.scale)
        if coin_amount == 0:
            raise Unreadable("amount is nothing")
        return DepositTold(
            coin=coin.symbol,
            tx_hash=tx_hash,
            output_number=number_in(body, "output_index"),
            address=text_in(body, "address", _ADDRESS),
            coin_amount=coin_amount,
            confirmations=number_in(body, "confirmations"),
        )

    def _coin(self, body: Mapping[str, Any]) -> GatewayCoin:
        """Find the coin: here it goes by the house's symbol, in small letters."""
        coin = self.coins.by_symbol.get(text_in(body, "coin", _COIN).upper())
        if coin is None:
            raise WebhookRefused(Refusal.WRONG_COIN, "no coin that comes in here")
        return coin


def named_gateway(raw: bytes) -> str:
    """Give the gateway that a message names, so that its secret can be found: nothing is believed yet.

    Raises ``WebhookRefused``.
    """
    try:
        return text_in(read_object(raw, MOST_BYTES), "gateway", _NAME)
    except Unreadable as error:
        raise WebhookRefused(Refusal.MALFORMED, str(error)) from error


@frozen
class ManualGateway:
    """A gateway that nobody can call: it has no interface that we know.

    Addresses are given there, and an administrator says whose a deposit is; payouts are sent by an operator.
    """

    name: str
    looks_up_deposits: bool = False
    looks_up_payouts: bool = False
    is_manual: bool = True

    async def make_address(self, coin: str, external_id: str) -> NewAddress:  # noqa: ARG002 (the port's)
        """Give none: it cannot be asked."""
        raise GatewayAway(f"{self.name} gives no addresses")

    async def look_up(self, told: DepositTold) -> DepositTold | None:  # noqa: ARG002 (the port's)
        """Say nothing: its signed message is all there is."""
        raise GatewayAway(f"{self.name} has nothing to look up")

    async def list_deposits(self, coin: str, address: str) -> Sequence[DepositTold]:  # noqa: ARG002 (the port's)
        """List nothing."""
        return ()

    async def send(self, order: PayoutOrder) -> PayoutTaken:  # noqa: ARG002 (the port's)
        """Send nothing: an operator does."""
        raise NotSent(f"{self.name}: payouts are sent by hand")

    async def find_payout(self, external_id: str, task_id: str | None) -> PayoutFound:
        """Say that only a person knows."""
        return PayoutFound(external_id, PayoutStage.CANNOT_SAY, task_id=task_id, detail="sent by hand")

    async def balances(self) -> Mapping[str, int]:
        """Give none: they are counted by hand."""
        raise GatewayAway(f"{self.name} says nothing about what it holds")
