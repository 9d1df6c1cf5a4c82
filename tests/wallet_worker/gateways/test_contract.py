"""What the port promises of deposits, kept by SHKeeper's adapter and by the gateway of other tests."""

from collections.abc import AsyncIterator, Callable

import pytest
from attrs import evolve, frozen

from tests.fakes.gateways import RecordingGateway
from tests.fakes.shkeeper import answer_with, shkeeper
from tests.wallet_worker.gateways.house_coins import connected
from wallet_worker.gateways.port import DepositTold, Gateway, GatewayAway
from wallet_worker.rules.addresses import read_address
from wallet_worker.rules.coins import read_tx_hash


@frozen
class Served:
    """A gateway, and how coins come in there: coin, address, whole coins; gives the hash."""

    gateway: Gateway
    pay: Callable[[str, str], str]
    confirm: Callable[[str], None]
    lose: Callable[[str], None]
    leave: Callable[[], None]


@pytest.fixture(params=["recording", "shkeeper"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    if request.param == "recording":
        yield _recording()
        return
    with shkeeper() as stub:
        async with connected(stub) as gateway:
            hashes: dict[str, str] = {}

            def pay(coin: str, address: str) -> str:
                txid = stub.books.see("BTC" if coin == "BTC" else f"ETH-{coin}", address, "1.5")
                tx_hash = read_tx_hash(txid)
                assert tx_hash is not None
                hashes[tx_hash] = txid
                return tx_hash

            def leave() -> None:
                stub.always = answer_with(500, b"")

            yield Served(
                gateway,
                pay,
                lambda tx_hash: stub.books.confirm(hashes[tx_hash]),
                lambda tx_hash: stub.books.forget(hashes[tx_hash]),
                leave,
            )


def _recording() -> Served:
    gateway = RecordingGateway()
    paid: dict[str, DepositTold] = {}

    def pay(coin: str, address: str) -> str:
        tx_hash = f"{len(paid):064x}"
        amount = 150_000_000 if coin == "BTC" else 1_500_000
        paid[tx_hash] = gateway.has(DepositTold(coin, tx_hash, None, address, amount, 0))
        return tx_hash

    def confirm(tx_hash: str) -> None:
        gateway.confirms(paid[tx_hash], 12 if paid[tx_hash].coin != "BTC" else 3)

    def leave() -> None:
        gateway.is_away = True

    return Served(gateway, pay, confirm, lambda tx_hash: gateway.loses(paid[tx_hash]), leave)


def asked(coin: str, tx_hash: str, address: str, amount: int) -> DepositTold:
    return DepositTold(coin, tx_hash, 0, address, amount, 0, external_id="d1")


async def test_an_address_is_of_its_coin_and_the_same_again(served: Served) -> None:
    for coin in ("BTC", "USDT"):
        given = [await served.gateway.make_address(coin, f"{name} {coin}") for name in ("d1", "d1", "d2")]
        assert given[0].address == given[1].address != given[2].address
        assert all(read_address(one.address, coin, "mainnet") for one in given)


@pytest.mark.parametrize(("coin", "amount", "needed"), [("BTC", 150_000_000, 3), ("USDT", 1_500_000, 12)])
async def test_what_came_is_listed_and_found_with_its_confirmations(
    served: Served, coin: str, amount: int, needed: int
) -> None:
    address = (await served.gateway.make_address(coin, "d1")).address
    other = (await served.gateway.make_address(coin, "d2")).address
    tx_hash = served.pay(coin, address)
    wanted = asked(coin, tx_hash, address, amount)
    for confirmations in (0, needed):
        (listed,) = await served.gateway.list_deposits(coin, address)
        found = await served.gateway.look_up(wanted)
        for one in (listed, found):
            assert one is not None
            assert (one.coin, one.tx_hash, one.address) == (coin, tx_hash, address)
            assert (one.coin_amount, one.confirmations) == (amount, confirmations)
        served.confirm(tx_hash)
    assert list(await served.gateway.list_deposits(coin, other)) == []
    assert await served.gateway.look_up(evolve(wanted, tx_hash="f" * 64)) is None


async def test_what_the_chain_dropped_is_not_known_any_more(served: Served) -> None:
    address = (await served.gateway.make_address("BTC", "d1")).address
    tx_hash = served.pay("BTC", address)
    served.confirm(tx_hash)
    served.lose(tx_hash)
    assert list(await served.gateway.list_deposits("BTC", address)) == []
    assert await served.gateway.look_up(asked("BTC", tx_hash, address, 150_000_000)) is None


async def test_a_gateway_that_is_away_says_so(served: Served) -> None:
    address = (await served.gateway.make_address("BTC", "d1")).address
    served.leave()
    for call in (
        lambda: served.gateway.make_address("BTC", "d1"),
        lambda: served.gateway.list_deposits("BTC", address),
        lambda: served.gateway.look_up(asked("BTC", "a" * 64, address, 1)),
    ):
        with pytest.raises(GatewayAway):
            await call()
