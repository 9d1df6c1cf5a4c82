"""All gateways of the settings, by name, and who reads their messages."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import httpx
from attrs import frozen

from cardroom.service.settings import BadSettings
from cardroom.wire.refusals import Refusal
from wallet_worker.gateways.calls import Caller
from wallet_worker.gateways.coin_names import CoinNames, coins_at
from wallet_worker.gateways.generic import GenericReader, ManualGateway, named_gateway
from wallet_worker.gateways.port import Gateway, WebhookReader, WebhookRefused
from wallet_worker.gateways.shkeeper import Shkeeper, ShkeeperKeys
from wallet_worker.gateways.shkeeper_messages import ShkeeperReader
from wallet_worker.gateways.signatures import GENERIC_HEADERS, SHKEEPER_HEADERS, SignatureCheck
from wallet_worker.payment_settings import CoinBook, GatewayKind, GatewaySettings, PaymentSettings

_SHORTEST_SECRET: Final = 16


@frozen
class GatewayPlan:
    """What a gateway is made of."""

    name: str
    settings: GatewaySettings
    coins: CoinNames
    webhook_seconds: int
    http: httpx.AsyncClient

    @property
    def caller(self) -> Caller:
        """Who calls it."""
        return Caller(self.http, self.settings.url, self.settings.call_seconds)


@frozen
class BuiltGateway:
    """A gateway and the reader of its messages."""

    kind: GatewayKind
    gateway: Gateway
    reader: WebhookReader


Maker = Callable[[GatewayPlan], BuiltGateway]
"""Makes a gateway of one kind."""


@frozen
class GatewayTable:
    """The gateways by name, and which of them a coin goes by."""

    built: Mapping[str, BuiltGateway]
    of_coins: Mapping[str, str]

    @property
    def gateways(self) -> Mapping[str, Gateway]:
        """All gateways, by name."""
        return {name: one.gateway for name, one in self.built.items()}

    @property
    def shkeeper(self) -> str | None:
        """The name of SHKeeper, whose callbacks have paths of their own; None without one."""
        return next((name for name, one in self.built.items() if one.kind is GatewayKind.SHKEEPER), None)

    def of_coin(self, coin: str) -> Gateway:
        """Give the gateway that a coin of the book goes by."""
        return self.built[self.of_coins[coin]].gateway

    def shkeeper_reader(self) -> tuple[str, WebhookReader]:
        """Give who reads SHKeeper's callbacks, and its name. Raises ``WebhookRefused``."""
        name = self.shkeeper
        if name is None:
            raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "there is no SHKeeper")
        return name, self.built[name].reader

    def signed_reader(self, raw: bytes) -> tuple[str, WebhookReader]:
        """Give who reads a signed message, and the gateway that it names. Raises ``WebhookRefused``."""
        name = named_gateway(raw)
        found = self.built.get(name)
        if found is None or found.kind is GatewayKind.SHKEEPER:
            raise WebhookRefused(Refusal.WEBHOOK_UNKNOWN, "no such gateway")
        return name, found.reader


def make_gateways(
    settings: PaymentSettings, book: CoinBook, http: httpx.AsyncClient, makers: Mapping[GatewayKind, Maker]
) -> GatewayTable:
    """Make every gateway of the settings; ``http`` is used by all of them. Raises ``BadSettings``."""
    built = {}
    for name, gateway in settings.gateways.items():
        if len(gateway.secret.value) < _SHORTEST_SECRET:
            raise BadSettings(f"gateways: the secret of {name} has at least {_SHORTEST_SECRET} letters")
        if gateway.kind not in makers:
            raise BadSettings(f"gateways: {name}: {gateway.kind.value} is not made here")
        plan = GatewayPlan(name, gateway, coins_at(name, book), settings.deposits.webhook_seconds, http)
        built[name] = makers[gateway.kind](plan)
    if sum(one.kind is GatewayKind.SHKEEPER for one in built.values()) > 1:
        raise BadSettings("gateways: one of kind shkeeper at most, its callbacks have paths of their own")
    return GatewayTable(built, {symbol: coin.gateway for symbol, coin in book.coins.items()})


def make_shkeeper(plan: GatewayPlan) -> BuiltGateway:
    """Make a SHKeeper."""
    login, password = plan.settings.payout_login, plan.settings.payout_password
    assert login is not None, "the settings have checked it"
    assert password is not None, "the settings have checked it"
    if any(not coin.payout_fee for coin in plan.coins.by_symbol.values()):
        raise BadSettings(f"coins: SHKeeper ({plan.name}) wants a payout_fee for every coin")
    keys = ShkeeperKeys(plan.settings.secret, login, password)
    gateway = Shkeeper(plan.name, plan.caller, keys, plan.coins, plan.settings.public_url)
    signature = SignatureCheck(plan.settings.secret, SHKEEPER_HEADERS, plan.webhook_seconds)
    return BuiltGateway(GatewayKind.SHKEEPER, gateway, ShkeeperReader(signature, plan.coins))


def make_generic(plan: GatewayPlan) -> BuiltGateway:
    """Make a gateway that signs its messages and is served by hand."""
    return BuiltGateway(GatewayKind.GENERIC, ManualGateway(plan.name), signed_reader_of(plan))


def signed_reader_of(plan: GatewayPlan) -> GenericReader:
    """Give who reads the signed messages of a gateway."""
    signature = SignatureCheck(plan.settings.secret, GENERIC_HEADERS, plan.webhook_seconds)
    return GenericReader(plan.name, signature, plan.coins)


MAKERS: Final[Mapping[GatewayKind, Maker]] = MappingProxyType(
    {GatewayKind.SHKEEPER: make_shkeeper, GatewayKind.GENERIC: make_generic}
)
"""How each kind is made."""
