"""The whole way with SHKeeper: its addresses, its callbacks over HTTP, its record, and what goes wrong."""

import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import trio
from attrs import define, evolve
from quart_trio import QuartTrio

from tests.fakes.conformity import watch_answers
from tests.fakes.shkeeper import ShkeeperStub, answer_with, error_with_200, hang_up, shkeeper
from tests.wallet_worker.coins_in import CoinRoom, open_coin_room
from tests.wallet_worker.gateways.house_coins import SECRET, book, payments, shkeeper_settings
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.office import guarded_app
from wallet_worker.api.webhooks import Webhooks, add_webhooks
from wallet_worker.cashier.deposits import DepositDesk
from wallet_worker.gateways.calls import open_gateway_http
from wallet_worker.gateways.port import PayoutFound
from wallet_worker.gateways.table import MAKERS, make_gateways

TAKEN = 202


@define
class ShkeeperHouse:
    """A house that goes by SHKeeper alone."""

    stub: ShkeeperStub
    room: CoinRoom
    app: QuartTrio

    async def post(self, url: str, headers: dict[str, str], raw: bytes) -> int:
        answer = await self.app.test_client().post(urlsplit(url).path, data=raw, headers=headers)
        return answer.status_code

    async def tell(self) -> list[int]:
        """Let SHKeeper tell all that is due."""
        return await self.stub.books.tell(self.post)


@pytest.fixture
async def served(house: House) -> AsyncIterator[ShkeeperHouse]:
    room = open_coin_room(house)
    with shkeeper() as stub:
        stub.books.api_key = SECRET.value
        async with open_gateway_http() as http:
            settings = payments({"shkeeper": shkeeper_settings(stub.url)})
            table = make_gateways(settings, book(), http, MAKERS)
            tools = evolve(room.desk.tools, gateways=table.gateways, book=book(), clock=time.time)
            room.desk = DepositDesk(tools)

            async def report(gateway: str, found: PayoutFound) -> None:
                raise AssertionError("nothing is paid out here")

            app = guarded_app()
            add_webhooks(app, Webhooks(room.desk, table, report))
            watch_answers(app)
            yield ShkeeperHouse(stub, room, app)


async def test_a_deposit_is_told_unconfirmed_then_paid_and_credited_once(served: ShkeeperHouse) -> None:
    room, books = served.room, served.stub.books
    txid = books.see("BTC", await room.address(0), "0.001")
    assert await served.tell() == [TAKEN]
    assert await room.states() == ["confirming"]
    books.confirm(txid)
    last = books.due[-1]
    assert await served.tell() == [TAKEN]
    await room.work()
    await room.assert_credited_once()
    for seconds_ago in (100, 200):
        again = books.deliver(last, seconds_ago=seconds_ago)
        assert await served.post(again.url, again.headers, again.raw) == TAKEN
    assert await served.post(again.url, again.headers, again.raw) == 409
    forged = books.deliver(last, api_key="a key of somebody else")
    assert await served.post(forged.url, forged.headers, forged.raw) == 401
    old = books.deliver(last, seconds_ago=400)
    assert await served.post(old.url, old.headers, old.raw) == 401
    await room.work()
    await room.assert_credited_once()


async def test_each_transaction_of_an_invoice_is_credited_once_though_all_are_listed_each_time(
    served: ShkeeperHouse,
) -> None:
    room, books = served.room, served.stub.books
    address = await room.address(0, "ETH")
    room.rates.price = 5_000_000
    for number in range(1, 4):
        books.confirm(books.see("ETH", address, "0.02"))
        assert set(await served.tell()) == {TAKEN}
        await room.work()
        assert await room.states() == ["credited"] * number
    assert await room.house.wallet(0) == PURSE + 300_000
    await room.house.assert_sound()


@pytest.mark.parametrize("fault", [error_with_200(), answer_with(500, b""), hang_up()])
async def test_nothing_is_credited_while_the_record_cannot_be_asked(
    served: ShkeeperHouse, fault: object
) -> None:
    room, books = served.room, served.stub.books
    books.confirm(books.see("BTC", await room.address(0), "0.001"))
    assert set(await served.tell()) == {TAKEN}
    served.stub.always = fault  # type: ignore[assignment]
    await room.work()
    assert await room.states() == ["confirmed unavailable"]
    served.stub.always = None
    await room.work()
    await room.assert_credited_once()


async def test_its_record_shows_what_is_on_its_way_and_only_its_own_message_confirms_it(
    served: ShkeeperHouse,
) -> None:
    """The record, and messages about others, have a transaction before it is deep enough."""
    room, books = served.room, served.stub.books
    address = await room.address(0)
    txid = books.see("BTC", address, "0.001")
    books.due.clear()
    books.confirm(txid)
    (own,) = books.due
    books.due.clear()
    await room.look()
    await room.work()
    assert await room.states() == ["confirming"]
    books.confirm(books.see("BTC", address, "0.002"))
    assert set(await served.tell()) == {TAKEN}
    await room.work()
    assert await room.states() == ["confirming", "credited"]
    books.due.append(own)
    assert await served.tell() == [TAKEN]
    await room.work()
    assert await room.states() == ["credited", "credited"]
    assert await room.house.wallet(0) == PURSE + 450_000
    await room.house.assert_sound()


async def test_a_message_that_was_signed_before_the_record_was_read_counts(served: ShkeeperHouse) -> None:
    room, books = served.room, served.stub.books
    books.confirm(books.see("BTC", await room.address(0), "0.001"))
    await room.look()
    for callback in books.due:
        late = books.deliver(callback, seconds_ago=100)
        assert await served.post(late.url, late.headers, late.raw) == TAKEN
    await room.work()
    await room.assert_credited_once()


async def test_what_the_chain_drops_before_and_after_the_credit(served: ShkeeperHouse) -> None:
    room, books = served.room, served.stub.books
    address = await room.address(0)
    txid = books.see("BTC", address, "0.001")
    books.confirm(txid)
    await served.tell()
    books.forget(txid)
    await room.work()
    assert await room.states() == ["confirmed not_found"]
    books.see("BTC", address, "0.001", txid)
    books.confirm(txid)
    await served.tell()
    await room.work()
    await room.assert_credited_once()
    books.forget(txid)
    await room.look()
    assert (await room.one()).alarm == "deposit_reversed"
    await room.assert_credited_once()


async def test_what_comes_to_an_address_that_was_made_by_hand_is_unmatched(served: ShkeeperHouse) -> None:
    room, books = served.room, served.stub.books
    await room.address(0)
    books.confirm(books.see("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0.001"))
    assert set(await served.tell()) == {404}
    assert await room.states() == ["unmatched"]
    assert len(books.due) == 2, "it is told again until somebody knows whose it is"


async def test_many_tellings_at_once_are_one_credit(served: ShkeeperHouse) -> None:
    room, books = served.room, served.stub.books
    room.rates.price = 1_500
    books.confirm(books.see("ETH-USDC", await room.address(0, "USDC"), "100"))
    callback = books.due[-1]
    deliveries = [books.deliver(callback, seconds_ago=number) for number in range(100)]
    async with trio.open_nursery() as nursery:
        for one in deliveries:
            nursery.start_soon(served.post, one.url, one.headers, one.raw)
        for _ in range(5):
            nursery.start_soon(room.loop.follow_due)
    await room.work()
    await room.assert_credited_once()
