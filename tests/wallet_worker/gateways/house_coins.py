"""The coins of the tests, the gateways that they go by, and messages that are signed right."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from cardroom.money import Krw
from cardroom.service.settings import Secret
from tests.fakes.shkeeper import ShkeeperStub
from wallet_worker.gateways.calls import Caller, open_gateway_http
from wallet_worker.gateways.coin_names import CoinNames, coins_at
from wallet_worker.gateways.shkeeper import Shkeeper, ShkeeperKeys
from wallet_worker.gateways.signatures import GENERIC_HEADERS, SHKEEPER_HEADERS, SignatureHeaders, sign
from wallet_worker.payment_settings import (
    CoinBook,
    CoinSettings,
    GatewayKind,
    GatewaySettings,
    Network,
    PaymentSettings,
)

SECRET: Final = Secret("a secret of the tests")
NOW: Final = 1_790_000_000.0
TX: Final = "ab" * 32
PUBLIC_URL: Final = "https://cards.example"
CALL_SECONDS: Final = 5.0


def coin(gateway: str, name: str, confirmations: int = 12, payout_fee: str = "10") -> CoinSettings:
    return CoinSettings(gateway, name, confirmations, "0.001", Krw(10**9), payout_fee=payout_fee)


def book(gateway: str = "shkeeper") -> CoinBook:
    """Give the four coins, all at one gateway."""
    return CoinBook(
        Network.MAINNET,
        {
            "BTC": coin(gateway, "BTC", 3),
            "ETH": coin(gateway, "ETH"),
            "USDT": coin(gateway, "ETH-USDT"),
            "USDC": coin(gateway, "ETH-USDC"),
        },
    )


def names(gateway: str = "shkeeper") -> CoinNames:
    return coins_at(gateway, book(gateway))


def payments(gateways: Mapping[str, GatewaySettings]) -> PaymentSettings:
    return PaymentSettings(Path("configs/coins.toml"), gateways)


def shkeeper_settings(url: str = "http://127.0.0.1:1") -> GatewaySettings:
    return GatewaySettings(
        GatewayKind.SHKEEPER, SECRET, url, PUBLIC_URL, Secret("house"), Secret("a password"), CALL_SECONDS
    )


def signed(
    body: Any, names: SignatureHeaders, unix_seconds: float = NOW, secret: Secret = SECRET
) -> tuple[dict[str, str], bytes]:
    """Give headers and bytes of a message as a gateway sends it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = str(int(unix_seconds))
    return {names.timestamp: timestamp, names.signature: sign(secret, timestamp, raw)}, raw


def by_shkeeper(body: Any, unix_seconds: float = NOW) -> tuple[dict[str, str], bytes]:
    return signed(body, SHKEEPER_HEADERS, unix_seconds)


def by_generic(body: Any, unix_seconds: float = NOW) -> tuple[dict[str, str], bytes]:
    return signed(body, GENERIC_HEADERS, unix_seconds)


@asynccontextmanager
async def connected(
    stub: ShkeeperStub, seconds: float = CALL_SECONDS, url: str | None = None
) -> AsyncIterator[Shkeeper]:
    """Give the adapter, set up for a stub."""
    async with open_gateway_http() as http:
        yield adapter(http, stub, seconds, url)


def adapter(http: httpx.AsyncClient, stub: ShkeeperStub, seconds: float, url: str | None = None) -> Shkeeper:
    keys = ShkeeperKeys(Secret(stub.books.api_key), Secret(stub.login), Secret(stub.password))
    return Shkeeper("shkeeper", Caller(http, url or stub.url, seconds), keys, names(), PUBLIC_URL)
