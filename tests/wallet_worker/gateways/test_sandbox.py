"""The adapter against the real sandbox, over sockets; and messages of the sandbox, read by the house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
from attrs import evolve
from quart import Response

from cardroom.local.payments.faults import Fault
from cardroom.local.payments.sandbox import PayoutState
from cardroom.local.servers import free_port
from cardroom.service.http import make_app, serve_http
from cardroom.service.settings import Bind, Secret, load_settings
from tests.cardroom.local.payments.world import KEY, LOG, World, open_world
from tests.wallet_worker.gateways.house_coins import payments
from wallet_worker.gateways.calls import Caller, open_gateway_http
from wallet_worker.gateways.port import (
    DepositTold,
    Doubtful,
    Gateway,
    GatewayAway,
    NotSent,
    PayoutFound,
    PayoutOrder,
    PayoutStage,
    WebhookRefused,
)
from wallet_worker.gateways.sandbox import SandboxGateway, make_sandbox
from wallet_worker.gateways.table import GatewayTable, make_gateways
from wallet_worker.payment_settings import CoinBook, GatewayKind, GatewaySettings
from wallet_worker.rules.addresses import read_address

BTC = 10**8


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def book(project_root: Path) -> CoinBook:
    return load_settings(CoinBook, project_root / "configs" / "dev" / "coins.toml")


@asynccontextmanager
async def at(url: str, book: CoinBook) -> AsyncIterator[GatewayTable]:
    settings = payments({"sandbox": GatewaySettings(GatewayKind.SANDBOX, Secret(KEY), url, call_seconds=2.0)})
    async with open_gateway_http() as http:
        yield make_gateways(settings, book, http, {GatewayKind.SANDBOX: make_sandbox})


@pytest.fixture
async def table(world: World, book: CoinBook) -> AsyncIterator[GatewayTable]:
    async with at(str(world.http.base_url), book) as made:
        yield made


@pytest.fixture
def gateway(table: GatewayTable) -> Gateway:
    return table.of_coin("BTC")


async def rich(world: World, gateway: Gateway) -> PayoutOrder:
    """Let the gateway have a bitcoin, and give an order to pay some of it."""
    given = await gateway.make_address("BTC", "7")
    world.sandbox.pay("btc", given.address, "1", "me")
    world.clock.blocks(1)
    return PayoutOrder("w1-1", "BTC", world.sandbox.make_wallet("btc"), BTC // 4)


async def test_each_coin_has_addresses_that_the_house_takes(gateway: Gateway, book: CoinBook) -> None:
    for coin in book.coins:
        given = await gateway.make_address(coin, "7")
        assert read_address(given.address, coin, book.network.value) is not None
        assert await gateway.make_address(coin, "7") == given


async def test_a_message_says_what_the_look_up_says(
    world: World, table: GatewayTable, book: CoinBook
) -> None:
    gateway = table.of_coin("BTC")
    for coin in book.coins:
        given = await gateway.make_address(coin, "7")
        world.sandbox.pay(coin.lower(), given.address, "1.5", "me")
    world.clock.blocks(2)
    async with httpx.AsyncClient(trust_env=False) as http:
        await world.postman.send_due(http)
    heard: list[DepositTold] = []
    for headers, raw in world.house.heard:
        name, reader = table.signed_reader(raw)
        message = reader.read_deposits(headers, raw, world.clock.unix_ms / 1000)
        assert name == "sandbox"
        assert isinstance(message, tuple)
        heard += message
    assert {one.coin for one in heard} == set(book.coins)
    for told in heard:
        found = await gateway.look_up(told)
        assert found == evolve(told, originator={"payer": "me"})
        assert told.confirmations == 2
        assert await gateway.list_deposits(told.coin, told.address) == [found]


async def test_no_message_tells_of_payouts(world: World, table: GatewayTable) -> None:
    await rich(world, table.of_coin("BTC"))
    async with httpx.AsyncClient(trust_env=False) as http:
        await world.postman.send_due(http)
    ((headers, raw),) = world.house.heard
    with pytest.raises(WebhookRefused):
        table.signed_reader(raw)[1].read_payout(headers, raw, world.clock.unix_ms / 1000)


async def test_what_was_dropped_is_not_found(world: World, gateway: Gateway) -> None:
    order = await rich(world, gateway)
    given = await gateway.make_address("BTC", "7")
    (told,) = await gateway.list_deposits("BTC", given.address)
    world.sandbox.reorganise(told.tx_hash, None)
    assert await gateway.look_up(told) is None
    assert await gateway.list_deposits("BTC", given.address) == []
    assert await gateway.list_deposits("BTC", order.address) == []


async def test_a_payout_is_found_by_our_number_and_sent_once(world: World, gateway: Gateway) -> None:
    order = await rich(world, gateway)
    assert await gateway.find_payout("w1-1", None) == PayoutFound("w1-1", PayoutStage.NEVER_CAME)
    taken = await gateway.send(order)
    assert await gateway.send(order) == taken
    found = await gateway.find_payout("w1-1", None)
    assert (found.stage, found.task_id, found.tx_hash) == (PayoutStage.UNDER_WAY, taken.task_id, None)
    world.clock.blocks(3)
    found = await gateway.find_payout("w1-1", taken.task_id)
    (paid,) = await gateway.list_deposits("BTC", order.address)
    assert (found.stage, found.tx_hash, found.coin_amount) == (PayoutStage.PAID, paid.tx_hash, BTC // 4)
    assert paid.coin_amount == BTC // 4
    assert (await gateway.balances())["BTC"] == BTC - BTC // 4


async def test_balances_are_of_all_our_coins(gateway: Gateway, book: CoinBook) -> None:
    assert dict(await gateway.balances()) == dict.fromkeys(book.coins, 0)


async def test_a_payout_that_fails_later(world: World, gateway: Gateway) -> None:
    world.faults.set(Fault.PAYOUT_FAILS, 1)
    await gateway.send(await rich(world, gateway))
    world.clock.blocks(3)
    assert (await gateway.find_payout("w1-1", None)).stage is PayoutStage.FAILED


@pytest.mark.parametrize(
    ("fault", "error", "stage"),
    [
        (Fault.PAYOUT_ANSWER_LOST, Doubtful, PayoutStage.UNDER_WAY),
        (Fault.PAYOUT_REFUSED, NotSent, PayoutStage.NEVER_CAME),
        (Fault.GATEWAY_AWAY, NotSent, PayoutStage.NEVER_CAME),
    ],
)
async def test_what_is_not_sure_is_doubtful_and_a_look_up_decides(
    world: World, gateway: Gateway, fault: Fault, error: type[Exception], stage: PayoutStage
) -> None:
    order = await rich(world, gateway)
    world.faults.set(fault, 1)
    with pytest.raises(error) as raised:
        await gateway.send(order)
    assert not getattr(raised.value, "is_final", False)
    assert (await gateway.find_payout("w1-1", None)).stage is stage


async def test_payouts_that_can_never_be(world: World, gateway: Gateway) -> None:
    order = await rich(world, gateway)
    for wrong in (
        evolve(order, address="bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        evolve(order, coin="XMR"),
    ):
        with pytest.raises(NotSent) as refused:
            await gateway.send(wrong)
        assert refused.value.is_final
    with pytest.raises(NotSent, match="insufficient_funds") as refused:
        await gateway.send(evolve(order, coin_amount=2 * BTC))
    assert not refused.value.is_final


async def test_another_payout_under_the_same_number_is_doubtful(world: World, gateway: Gateway) -> None:
    order = await rich(world, gateway)
    await gateway.send(order)
    with pytest.raises(Doubtful):
        await gateway.send(evolve(order, coin_amount=5))
    world.clock.blocks(3)
    found = world.sandbox.find_payout("w1-1")
    assert found is not None
    assert (found.state, found.order.amount) == (PayoutState.PAID, "0.25000000")


async def test_a_sandbox_that_is_away(world: World, gateway: Gateway) -> None:
    order = await rich(world, gateway)
    world.faults.set(Fault.GATEWAY_AWAY, 4)
    told = DepositTold("BTC", "ab" * 32, 0, order.address, 1, 0)
    for asked in (
        gateway.make_address("BTC", "8"), gateway.look_up(told), gateway.balances(),
        gateway.find_payout("w1-1", None), gateway.make_address("XMR", "8"),
    ):  # fmt: skip
        with pytest.raises(GatewayAway):
            await asked


async def test_who_has_another_key_is_told_nothing_and_sends_nothing(world: World, gateway: Gateway) -> None:
    order = await rich(world, gateway)
    assert isinstance(gateway, SandboxGateway)
    stranger = evolve(gateway, key=Secret("another key of tests"))
    with pytest.raises(GatewayAway):
        await stranger.balances()
    with pytest.raises(NotSent):
        await stranger.send(order)


@asynccontextmanager
async def answering(status: int, body: bytes, book: CoinBook) -> AsyncIterator[Gateway]:
    """Give the adapter of a server that answers everything so."""
    port, stopping, app = free_port(), trio.Event(), make_app("stranger", LOG)

    @app.route("/<path:path>", methods=["GET", "POST"])
    async def answer(path: str) -> Response:
        return Response(body, status=status)

    async with trio.open_nursery() as nursery, at(f"http://127.0.0.1:{port}", book) as table:
        await nursery.start(serve_http, app, Bind("127.0.0.1", port), stopping)
        yield table.of_coin("BTC")
        stopping.set()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""), (200, b"[]"), (200, b"{}"), (500, b"{}"), (404, b"<html>"), (302, b""),
        (404, b'{"code":"not_found"}'),
        (200, b'{"external_id":"w2-1","state":"never_came"}'),
        (200, b'{"external_id":"w1-1","state":"gone"}'),
        (200, b'{"external_id":"w1-1","state":"paid","coin":"btc","amount":"1","task_id":"x"}'),
        (200, b'{"external_id":"w1-1","state":"paid","coin":"doge","amount":"1"}'),
    ],
)  # fmt: skip
async def test_from_nonsense_nothing_follows_about_a_payout(status: int, body: bytes, book: CoinBook) -> None:
    """Above all not that it never came: another server at that address must not have it paid again."""
    async with answering(status, body, book) as gateway:
        with pytest.raises(GatewayAway):
            await gateway.find_payout("w1-1", None)
        with pytest.raises(Doubtful):
            await gateway.send(PayoutOrder("w1-1", "BTC", "bcrt1q", 1))
        with pytest.raises(GatewayAway):
            await gateway.balances()


async def test_without_a_connection_nothing_was_sent(gateway: Gateway) -> None:
    assert isinstance(gateway, SandboxGateway)
    away = evolve(gateway, caller=Caller(gateway.caller.http, f"http://127.0.0.1:{free_port()}", 1.0))
    with pytest.raises(NotSent):
        await away.send(PayoutOrder("w1-1", "BTC", "bcrt1q", 1))
