"""Payouts by SHKeeper: what its tasks and callbacks do to withdrawals; and what is measured."""

import json
import time
from collections.abc import AsyncIterator

import pytest
from attrs import frozen
from prometheus_client import REGISTRY

from cardroom.money import Krw
from tests.fakes.shkeeper import Fault, ShkeeperStub, error_with_200, hang_up, slow
from tests.fakes.shkeeper_books import Payout
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.outside import BTC
from tests.wallet_worker.withdrawals import (
    SHKEEPER,
    SendingRoom,
    age,
    approved,
    hurry,
    open_shkeeper,
    requested,
    row_of,
    sending_room,
    state_of,
)
from wallet_worker.gateways.port import PayoutFound, WebhookReader
from wallet_worker.rules.coins import coins_for, write_coins

NAME = SHKEEPER


@frozen
class Keeper:
    """A room whose coins go out by a SHKeeper, and how its callbacks come in."""

    room: SendingRoom
    stub: ShkeeperStub
    reader: WebhookReader

    async def sent(self) -> tuple[int, Payout]:
        number = await approved(self.room, gateway=NAME)
        await self.room.desk.look(NAME)
        assert await state_of(self.room.house, number) == "sent"
        return number, self.stub.books.payouts[-1]

    async def look(self) -> None:
        await hurry(self.room.house)
        await self.room.watch.look(NAME)

    async def tell(self) -> None:
        """Let SHKeeper tell of a payout, as a page would take it in."""
        callback = self.stub.books.due[-1]
        delivery = self.stub.books.deliver(callback)
        found = self.reader.read_payout(delivery.headers, delivery.raw, time.time())
        assert isinstance(found, PayoutFound)
        await self.room.desk.report(NAME, found)

    async def state(self, number: int) -> str:
        return await state_of(self.room.house, number)


@pytest.fixture
async def keeper(house: House) -> AsyncIterator[Keeper]:
    async with open_shkeeper() as (stub, built, book):
        room = sending_room(house, {NAME: built.gateway}, coins=book)
        yield Keeper(room, stub, built.reader)


async def test_a_task_that_succeeds_is_booked(keeper: Keeper) -> None:
    number, payout = await keeper.sent()
    assert payout.amount == write_coins(coins_for(Krw(30_001), BTC), 8)
    await keeper.look()
    assert await keeper.state(number) == "sent"
    txid = keeper.stub.books.pay(payout, told=False)
    await keeper.look()
    row = await row_of(keeper.room.house, number)
    assert (row["state"], row["tx_hash"]) == ("confirmed", txid)
    await keeper.room.house.assert_sound()


async def test_a_callback_is_booked_once_however_often_it_comes(keeper: Keeper) -> None:
    number, payout = await keeper.sent()
    keeper.stub.books.pay(payout)
    for _ in range(10):
        await keeper.tell()
    await keeper.look()
    assert await keeper.state(number) == "confirmed"
    assert keeper.room.board.states.count("confirmed") == 1
    await keeper.room.house.assert_sound()


@pytest.mark.parametrize("is_task_failed", [True, False])
async def test_a_task_that_fails_later_gives_the_money_back(keeper: Keeper, is_task_failed: bool) -> None:
    number, payout = await keeper.sent()
    keeper.stub.books.fail(payout, is_task_failed=is_task_failed)
    await keeper.look()
    assert await keeper.state(number) == "failed"
    assert await keeper.room.house.wallet(0) == PURSE
    await keeper.room.house.assert_sound()


async def test_a_failure_with_a_transaction_is_a_persons(keeper: Keeper) -> None:
    number, payout = await keeper.sent()
    keeper.stub.books.fail(payout)
    assert payout.outcome is not None
    payout.outcome["result"][0]["txids"] = ["ab" * 32]
    await age(keeper.room.house, 1000)
    await keeper.look()
    assert await keeper.state(number) == "doubtful"
    assert await keeper.room.house.wallet(0) == PURSE - 30_001


async def test_coins_that_went_elsewhere_are_not_booked_as_this_payout(keeper: Keeper) -> None:
    number, payout = await keeper.sent()
    keeper.stub.books.pay(payout, told=False)
    assert payout.outcome is not None
    payout.outcome["result"][0]["dest"] = "bc1qx8td9nw3j6kduu0kn8zkys36fvechnedf5t4mv"
    await keeper.look()
    row = await row_of(keeper.room.house, number)
    assert (row["state"], row["reason"]) == ("doubtful", "payout_differs")
    await keeper.room.house.assert_sound()


async def test_several_results_of_one_task_are_a_persons(keeper: Keeper) -> None:
    number, payout = await keeper.sent()
    keeper.stub.books.pay(payout, told=False)
    assert payout.outcome is not None
    payout.outcome["result"].append(dict(payout.outcome["result"][0], status="error"))
    await age(keeper.room.house, 1000)
    await keeper.look()
    assert await keeper.state(number) == "doubtful"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (hang_up(), "doubtful"),
        (hang_up(is_done=False), "doubtful"),
        (slow(3.0), "doubtful"),
        (Fault(status=500), "doubtful"),
        (Fault(body=b"nonsense"), "doubtful"),
        (error_with_200(), "doubtful"),
        (Fault(is_done=False, status=400, body=b'{"status":"error","message":"x"}'), "failed"),
        (Fault(is_done=False, status=401, body=b"{}"), "approved"),
    ],
)
async def test_an_answer_that_is_not_sure_is_never_sent_again(
    keeper: Keeper, fault: Fault, expected: str
) -> None:
    keeper.stub.script("payout", fault)
    number = await approved(keeper.room, gateway=NAME)
    await keeper.room.desk.look(NAME)
    assert await keeper.state(number) == expected
    for _ in range(3):
        await age(keeper.room.house, 1000)
        await keeper.room.go_on(rounds=1)
    assert len(keeper.stub.calls("payout")) == (2 if expected == "approved" else 1)
    assert await keeper.state(number) == ("sent" if expected == "approved" else expected)


async def test_a_callback_decides_what_is_doubtful(keeper: Keeper) -> None:
    keeper.stub.script("payout", hang_up())
    number = await approved(keeper.room, gateway=NAME)
    await keeper.room.desk.look(NAME)
    (payout,) = keeper.stub.books.payouts
    keeper.stub.books.pay(payout)
    await keeper.tell()
    assert await keeper.state(number) == "confirmed"
    await keeper.room.house.assert_sound()


async def test_a_task_that_is_under_way_for_too_long_is_a_persons(keeper: Keeper) -> None:
    number, payout = await keeper.sent()
    await age(keeper.room.house, 90_000)
    for _ in range(2):
        await keeper.look()
        assert await keeper.state(number) == "doubtful"
    assert keeper.room.board.states.count("doubtful") == 1
    keeper.stub.books.pay(payout, told=False)
    await keeper.look()
    assert await keeper.state(number) == "confirmed"


async def test_a_gateway_that_is_away_when_it_is_asked_is_asked_again(keeper: Keeper) -> None:
    number, payout = await keeper.sent()
    keeper.stub.books.pay(payout, told=False)
    for fault in (hang_up(), Fault(status=502), error_with_200(), Fault(body=json.dumps([]).encode())):
        keeper.stub.script("task", fault)
        await keeper.look()
        assert await keeper.state(number) == "sent"
    await keeper.look()
    assert await keeper.state(number) == "confirmed"


async def test_what_is_under_way_is_measured(keeper: Keeper) -> None:
    await keeper.sent()
    await requested(keeper.room.house, flags=["x"], gateway=NAME)
    await keeper.room.approvals.look()
    await age(keeper.room.house, 50)
    await keeper.room.watch.measure()
    found = {
        (name, state): REGISTRY.get_sample_value(name, {"state": state})
        for name in ("holdem_withdrawals", "holdem_withdrawals_krw", "holdem_withdrawals_oldest_seconds")
        for state in ("sent", "review", "doubtful")
    }
    assert (found["holdem_withdrawals", "sent"], found["holdem_withdrawals", "doubtful"]) == (1, 0)
    assert found["holdem_withdrawals_krw", "review"] == 30_001
    assert (found["holdem_withdrawals_oldest_seconds", "sent"] or 0) >= 50
    sent = REGISTRY.get_sample_value("holdem_payouts_sent_today_krw", {"coin": "BTC"})
    assert sent in (30_001, 0)  # 50 seconds ago may have been yesterday
