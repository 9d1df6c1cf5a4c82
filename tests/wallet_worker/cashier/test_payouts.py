"""What is sent, how much of it, when not, and what messages about it do."""

from collections.abc import Iterator

import pytest
import trio

from cardroom.money import Krw
from cardroom.service.postgres import Transaction
from cardroom.wire.notices import WithdrawalNotice
from cardroom.wire.refusals import Refusal
from tests.fakes.payout_gateway import NAME, Fault, HttpGateway, PayoutServer, payout_server
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.outside import ADDRESS, BTC, balances, tx_hash
from tests.wallet_worker.terms import block
from tests.wallet_worker.withdrawals import (
    SendingRoom,
    approved,
    coin_book,
    hurry,
    requested,
    row_of,
    sending_room,
    state_of,
)
from wallet_worker.gateways.port import (
    PayoutFound,
    PayoutStage,
    WebhookRefused,
)
from wallet_worker.rates.port import RateNow, RateStopped, RateUnavailable
from wallet_worker.rules.coins import coins_for
from wallet_worker.screening.port import ScreeningAway

AMOUNT = 30_001


@pytest.fixture(params=[True, False], ids=["finds", "finds nothing"])
def server(request: pytest.FixtureRequest) -> Iterator[PayoutServer]:
    with payout_server(finds=request.param) as server:
        yield server


@pytest.fixture
def room(house: House, server: PayoutServer) -> SendingRoom:
    return sending_room(house, {NAME: HttpGateway(server.url, server.finds)})


def paid(number: int, attempt: int = 1, tx: int = 1, amount: int | None = None) -> PayoutFound:
    return PayoutFound(f"w{number}-{attempt}", PayoutStage.PAID, tx_hash(tx), amount)


async def test_a_withdrawal_goes_all_the_way(room: SendingRoom, server: PayoutServer) -> None:
    number = await requested(room.house)
    await room.go_on()
    row = await row_of(room.house, number)
    assert (row["state"], row["attempt"], row["rate"]) == ("confirmed", 1, BTC.krw_per_coin)
    (one,) = server.taken
    assert one.amount == coins_for(Krw(AMOUNT), BTC) == row["coin_amount"]
    assert (one.external_id, row["tx_hash"]) == (f"w{number}-1", one.tx_hash)
    assert room.board.states == ["approved", "sending", "sent", "confirmed"]
    assert (await balances(room.house))["withdrawal_clearing"] == AMOUNT - 1
    assert await room.house.wallet(0) == PURSE - AMOUNT
    await room.house.assert_sound()


async def test_what_the_gateway_cannot_do_comes_back(room: SendingRoom, server: PayoutServer) -> None:
    number = await approved(room)
    server.pays_at_once = False
    await room.desk.look(NAME)
    server.taken[0].stage = "failed"
    await hurry(room.house)
    await room.watch.look(NAME)
    assert await state_of(room.house, number) == "failed"
    assert await room.house.wallet(0) == PURSE
    told = room.board.told[-1][1]
    assert isinstance(told, WithdrawalNotice)
    assert (told.krw_balance, told.reason) == (PURSE, "payout_failed")
    await room.house.assert_sound()


@pytest.mark.parametrize("status", [409, 400])
async def test_what_was_refused_is_sent_anew_or_never(
    room: SendingRoom, server: PayoutServer, status: int
) -> None:
    server.faults.append(Fault(is_done=False, status=status))
    number = await approved(room)
    await room.desk.look(NAME)
    row = await row_of(room.house, number)
    if status == 400:
        assert (row["state"], row["reason"]) == ("failed", "payout_refused")
        assert await room.house.wallet(0) == PURSE
        return
    assert (row["state"], row["reason"], row["coin_amount"]) == ("approved", "gateway_away", None)
    await hurry(room.house)
    await room.go_on()
    assert [one.external_id for one in server.taken] == [f"w{number}-2"]
    assert await state_of(room.house, number) == "confirmed"


async def test_a_gateway_that_is_away_is_asked_later(house: House) -> None:
    room = sending_room(house, {NAME: HttpGateway("http://127.0.0.1:1", looks_up_payouts=False)})
    number = await approved(room)
    await room.desk.look(NAME)
    assert (await row_of(house, number))["reason"] == "gateway_away"


async def test_no_two_workers_send_one(room: SendingRoom, server: PayoutServer) -> None:
    another = sending_room(room.house, room.tools.gateways, name="worker-2")
    number = await approved(room)
    async with trio.open_nursery() as nursery:
        for desk in (room.desk, another.desk) * 3:
            nursery.start_soon(desk.try_to_send, number)
    assert len(server.taken) == 1


@pytest.mark.parametrize("when", ["frozen", "withdrawals", "blocked"])
async def test_nothing_is_sent_of_who_was_frozen_after_the_approval(
    room: SendingRoom, server: PayoutServer, when: str
) -> None:
    number = await approved(room)
    if when == "blocked":
        await block(room.house, 0)
    elif when == "frozen":
        await room.house.change("UPDATE player SET frozen_at = now()")
    else:
        await room.house.change(
            "UPDATE house_freeze SET frozen_at = now(), frozen_by = 'k', reason = 'x'"
            " WHERE scope = 'withdrawals'"
        )
    await room.desk.look(NAME)
    row = await row_of(room.house, number)
    expected = {"frozen": "frozen", "withdrawals": "withdrawals_frozen", "blocked": "user_blocked"}[when]
    assert (row["state"], row["reason"], server.taken) == ("approved", expected, [])
    assert room.rates.asked == 0


async def test_without_a_rate_or_a_screening_it_waits(room: SendingRoom, server: PayoutServer) -> None:
    number = await approved(room)
    for trouble, reason in ((RateStopped(), "rate_stopped"), (RateUnavailable(), "rate_unavailable")):
        room.rates.trouble = trouble
        await room.desk.try_to_send(number)
        assert (await row_of(room.house, number))["reason"] == reason
    room.rates.trouble, room.screener.trouble = None, ScreeningAway()
    await room.desk.try_to_send(number)
    assert (await row_of(room.house, number))["reason"] == "screening_away"
    room.screener.trouble = None
    await room.desk.try_to_send(number)
    assert len(server.taken) == 1


async def test_the_price_is_written_down_with_the_claim(room: SendingRoom) -> None:
    used: list[RateNow] = []

    async def note(transaction: Transaction, rate: RateNow) -> None:
        used.append(rate)

    another = sending_room(room.house, room.tools.gateways, note_used=note)
    number = await approved(another)
    await another.desk.try_to_send(number)
    assert [one.rate for one in used] == [BTC]


async def test_what_the_screening_knows_goes_to_people_and_is_sent_after_them(
    room: SendingRoom, server: PayoutServer
) -> None:
    number = await approved(room)
    room.screener.known[ADDRESS] = "on a list"
    await room.desk.look(NAME)
    row = await row_of(room.house, number)
    assert (row["state"], row["flags"], row["approved_by"]) == ("review", ["screening"], None)
    assert row["reason"] == "screening: on a list"
    assert server.taken == []
    await room.house.change(
        "UPDATE withdrawal SET state = 'approved', approved_at = now(), approved_by = 'administrators'"
    )
    await hurry(room.house)
    await room.desk.look(NAME)
    assert len(server.taken) == 1


async def test_the_days_cap_of_a_coin_is_for_all_players(house: House, server: PayoutServer) -> None:
    gateways = {NAME: HttpGateway(server.url, server.finds)}
    room = sending_room(house, gateways, coins=coin_book(hot_wallet_daily=Krw(60_000)))
    first, second = await approved(room, 30_000), await approved(room, 30_001, player=1)
    fits = await approved(room, 30_000, player=2)
    async with trio.open_nursery() as nursery:
        for number in (first, second, fits):
            nursery.start_soon(room.desk.try_to_send, number)
    sent = [one for one in (first, second, fits) if await state_of(house, one) == "sent"]
    assert len(sent) == len(server.taken) == (2 if second not in sent else 1)
    (waits, *_) = [one for one in (first, second, fits) if one not in sent]
    assert (await row_of(house, waits))["reason"] == "hot_wallet_cap"
    await house.change(
        "UPDATE withdrawal SET sending_at = sending_at - interval '1 day',"
        " ready_at = ready_at - interval '1 day'"
    )
    await hurry(house)
    await room.desk.look(NAME)
    assert await state_of(house, waits) == "sent"


async def test_a_coin_that_is_closed_is_not_sent(house: House, server: PayoutServer) -> None:
    gateways = {NAME: HttpGateway(server.url, server.finds)}
    room = sending_room(house, gateways, coins=coin_book(withdrawals_open=False))
    number = await approved(room)
    await room.desk.look(NAME)
    assert (await row_of(house, number))["reason"] == "coin_closed"


async def test_what_the_ledger_does_not_hold_is_not_sent(room: SendingRoom, server: PayoutServer) -> None:
    number = await approved(room)
    await room.house.change(f"UPDATE outside_payment SET krw_amount = 20000 WHERE id = {number}")
    await room.desk.look(NAME)
    assert (await row_of(room.house, number))["reason"] == "not_held"
    assert server.taken == []


async def test_a_message_may_come_before_the_answer(room: SendingRoom, server: PayoutServer) -> None:
    """The gateway tells of the payment while its own answer is still on the way."""
    number = await approved(room)
    server.faults.append(Fault(seconds=0.5))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.desk.look, NAME)
        await trio.to_thread.run_sync(server.came.wait, 5.0)
        await room.desk.report(NAME, server.pay(server.taken[0]))
        assert await state_of(room.house, number) == "confirmed"
    row = await row_of(room.house, number)
    assert (row["state"], row["task_id"]) == ("confirmed", "task 1")
    await room.house.assert_sound()


async def test_a_message_may_come_late_and_often(room: SendingRoom, server: PayoutServer) -> None:
    number = await approved(room)
    server.faults.append(Fault(is_cut=True))
    await room.desk.look(NAME)
    assert await state_of(room.house, number) == "doubtful"
    message = server.pay(server.taken[0])
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(room.desk.report, NAME, message)
    assert await state_of(room.house, number) == "confirmed"
    assert room.board.states.count("confirmed") == 1
    await room.house.assert_sound()


async def test_messages_against_what_is_known_change_nothing(room: SendingRoom) -> None:
    number = await approved(room)
    await room.desk.look(NAME)
    before = await row_of(room.house, number)
    amount = int(before["coin_amount"])
    await room.desk.report(NAME, paid(number, amount=amount + 1))
    await room.desk.report(NAME, paid(number, attempt=2))
    assert await row_of(room.house, number) == before
    await room.desk.report(NAME, paid(number, amount=amount))
    booked = await row_of(room.house, number)
    assert booked["state"] == "confirmed"
    for other in (paid(number, tx=2), paid(number, amount=1)):
        await room.desk.report(NAME, other)
    assert await row_of(room.house, number) == booked
    await room.house.assert_sound()


async def test_what_is_no_payout_of_the_gateway_is_refused(room: SendingRoom) -> None:
    number = await approved(room)
    await room.desk.look(NAME)
    before = await row_of(room.house, number)
    for gateway, name in ((NAME, "w0-1"), (NAME, f"w{number + 99}-1"), ("other", f"w{number}-1")):
        with pytest.raises(WebhookRefused) as refused:
            await room.desk.report(gateway, PayoutFound(name, PayoutStage.PAID, tx_hash(1)))
        assert refused.value.code is Refusal.WEBHOOK_UNKNOWN
    assert await row_of(room.house, number) == before


async def test_one_transaction_pays_one_withdrawal(room: SendingRoom) -> None:
    first, second = await approved(room), await approved(room, player=1)
    await room.desk.look(NAME)
    await room.desk.report(NAME, paid(first))
    await room.desk.report(NAME, paid(second))
    assert await state_of(room.house, first) == "confirmed"
    assert (await row_of(room.house, second))["reason"] == "not_booked"
    await room.house.assert_sound()


async def test_what_was_paid_after_all_is_not_sent(room: SendingRoom, server: PayoutServer) -> None:
    """Two administrators said that the first attempt was not paid, wrongly; it is seen in time."""
    number = await approved(room)
    server.faults.append(Fault(status=500, is_done=False))
    await room.desk.look(NAME)
    await room.house.change(
        "UPDATE withdrawal SET state = 'approved', coin_amount = NULL, coin_scale = NULL, rate = NULL"
    )
    await room.desk.report(NAME, paid(number))
    row = await row_of(room.house, number)
    assert (row["state"], row["flags"]) == ("review", ["paid_before"])
    await hurry(room.house)
    await room.go_on()
    assert server.taken == []


async def test_a_payment_of_what_was_given_back_alarms(room: SendingRoom, server: PayoutServer) -> None:
    number = await approved(room)
    server.pays_at_once = False
    await room.desk.look(NAME)
    server.taken[0].stage = "failed"
    await hurry(room.house)
    await room.watch.look(NAME)
    before = await row_of(room.house, number)
    await room.desk.report(NAME, paid(number))
    assert await row_of(room.house, number) == before
    assert await room.house.wallet(0) == PURSE
