"""All gateways of the settings, and who reads their messages."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from attrs import evolve, fields

from cardroom.service.settings import BadSettings, Secret, structure_settings
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.gateways.house_coins import (
    NOW,
    SECRET,
    TX,
    book,
    by_generic,
    by_shkeeper,
    coin,
    payments,
    shkeeper_settings,
)
from tests.wallet_worker.gateways.test_shkeeper_messages import UNCONFIRMED
from wallet_worker.gateways.calls import open_gateway_http
from wallet_worker.gateways.port import WebhookRefused
from wallet_worker.gateways.table import MAKERS, GatewayTable, make_gateways
from wallet_worker.payment_settings import GatewayKind, GatewaySettings, PaymentSettings, load_coins
from wallet_worker.rules.coins import COINS

GENERIC = GatewaySettings(GatewayKind.GENERIC, SECRET)
BOOK = evolve(book(), coins=dict(book().coins) | {"USDC": coin("by_hand", "usdc")})
TOLD = {
    "gateway": "by_hand",
    "coin": "usdc",
    "tx_hash": TX,
    "output_index": 0,
    "address": "0x12",
    "amount": "1",
    "confirmations": 1,
}


@asynccontextmanager
async def table(**changes: GatewaySettings) -> AsyncIterator[GatewayTable]:
    gateways = {"shkeeper": shkeeper_settings(), "by_hand": GENERIC} | changes
    async with open_gateway_http() as http:
        yield make_gateways(payments(gateways), BOOK, http, MAKERS)


async def test_each_coin_goes_by_its_gateway() -> None:
    async with table() as gateways:
        assert set(gateways.gateways) == {"shkeeper", "by_hand"}
        assert gateways.of_coin("BTC").looks_up_deposits
        assert gateways.of_coin("USDC").is_manual
        assert [one.name for one in gateways.gateways.values()] == ["shkeeper", "by_hand"]
        with pytest.raises(KeyError):
            gateways.of_coin("DOGE")


async def test_messages_are_read_by_whom_they_are_of() -> None:
    async with table() as gateways:
        name, reader = gateways.shkeeper_reader()
        assert name == "shkeeper"
        assert reader.read_deposits(*by_shkeeper(UNCONFIRMED), NOW)
        headers, raw = by_generic(TOLD)
        name, reader = gateways.signed_reader(raw)
        assert name == "by_hand"
        (told,) = reader.read_deposits(headers, raw, NOW)  # type: ignore[misc]
        assert told.coin == "USDC"


@pytest.mark.parametrize("named", ["nobody", "shkeeper"])
async def test_a_signed_message_of_no_such_gateway_is_refused(named: str) -> None:
    async with table() as gateways:
        _, raw = by_generic(TOLD | {"gateway": named})
        with pytest.raises(WebhookRefused) as caught:
            gateways.signed_reader(raw)
    assert caught.value.code is Refusal.WEBHOOK_UNKNOWN


async def test_a_coin_of_another_gateway_is_the_wrong_coin() -> None:
    async with table() as gateways:
        headers, raw = by_generic(TOLD | {"coin": "btc"})
        _, reader = gateways.signed_reader(raw)
        with pytest.raises(WebhookRefused) as caught:
            reader.read_deposits(headers, raw, NOW)
    assert caught.value.code is Refusal.WRONG_COIN


async def test_without_a_shkeeper_its_callbacks_are_unknown() -> None:
    async with open_gateway_http() as http:
        gateways = make_gateways(payments({"by_hand": GENERIC}), book("by_hand"), http, MAKERS)
        assert gateways.shkeeper is None
        with pytest.raises(WebhookRefused) as caught:
            gateways.shkeeper_reader()
    assert caught.value.code is Refusal.WEBHOOK_UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"second": shkeeper_settings()},
        {"by_hand": evolve(GENERIC, secret=Secret("short"))},
        {"shkeeper": evolve(shkeeper_settings(), url="http://")},
        {"unmade": evolve(shkeeper_settings(), kind=GatewayKind.SANDBOX)},
    ],
)
async def test_settings_that_cannot_work_stop_the_start(changes: dict[str, GatewaySettings]) -> None:
    makers = {kind: MAKERS[kind] for kind in (GatewayKind.SHKEEPER, GatewayKind.GENERIC)}
    gateways = {"shkeeper": shkeeper_settings(), "by_hand": GENERIC} | changes
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSettings):
            make_gateways(payments(gateways), BOOK, http, makers)


async def test_shkeeper_wants_a_fee_for_every_coin() -> None:
    coins = dict(BOOK.coins) | {"ETH": coin("shkeeper", "ETH", payout_fee="")}
    async with httpx.AsyncClient() as http:
        settings = payments({"shkeeper": shkeeper_settings(), "by_hand": GENERIC})
        with pytest.raises(BadSettings):
            make_gateways(settings, evolve(BOOK, coins=coins), http, MAKERS)


async def test_the_coins_that_are_shipped_go_by_shkeeper() -> None:
    settings = payments({"shkeeper": shkeeper_settings()})
    async with httpx.AsyncClient() as http:
        gateways = make_gateways(settings, load_coins(settings, COINS), http, MAKERS)
    assert gateways.of_coins == dict.fromkeys(COINS, "shkeeper")


async def test_the_settings_that_are_shipped_are_whole(project_root: Path) -> None:
    """Every setting of payments is in the file, with its default: the file is what operators read."""
    document = tomllib.loads((project_root / "configs/wallet_worker.toml").read_text())["payments"]
    names = ("shkeeper_api_key", "shkeeper_payout_login", "shkeeper_payout_password")
    secrets = {f"HOLDEM_{name.upper()}": f"a secret: {name}" for name in names}
    settings = structure_settings(PaymentSettings, document, "test", secrets)
    for part in ("rates", "deposits", "withdrawals", "payouts", "screening", "reconciliation"):
        value = getattr(settings, part)
        assert value == type(value)()
        assert document[part].keys() == {one.name for one in fields(type(value))} - {"file"}
    async with httpx.AsyncClient() as http:
        gateways = make_gateways(settings, load_coins(settings, COINS), http, MAKERS)
    assert gateways.shkeeper == "shkeeper"
