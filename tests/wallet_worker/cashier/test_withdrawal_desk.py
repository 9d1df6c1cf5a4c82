"""The desk refuses in its order, keeps what the player was told, flags for people, tells what it did."""

from typing import Any

import pytest
from attrs import evolve
from prometheus_client import REGISTRY

from cardroom.money import Krw
from cardroom.service.http import RefusedRequest
from cardroom.wire.notices import WithdrawalNotice, WithdrawalState
from tests.wallet_worker.house import PURSE, House, hand_of
from tests.wallet_worker.outside import ADDRESS
from tests.wallet_worker.withdrawing import (
    BOOK,
    COIN,
    ETH_ADDRESS,
    NOBODYS,
    OWN,
    Board,
    FixedQuotes,
    FixedRates,
    GivenQuote,
    assert_untouched,
    listed,
    open_desk,
    policy,
    wish,
    withdrawals,
)
from wallet_worker.cashier.withdrawal_desk import Prices
from wallet_worker.payment_settings import CoinBook, Network
from wallet_worker.rates.port import RateStopped, RateUnavailable
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.denials import Denied
from wallet_worker.rules.withdrawal_request import CannotCancel, StepUp, WithdrawalDenial, WithdrawalDenied
from wallet_worker.store.payout_addresses import NewPayoutAddress

LARGE = 50_001
RULES = {"step_up_above": 50_000, "travel_rule_above": 60_000}


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_request_is_taken_told_and_counted(house: House) -> None:
    await listed(house)
    board = Board()
    desk = open_desk(house, board)
    moved = sample("holdem_cashier_moves_total", kind="withdrawal_hold")
    answer = await desk.request(wish(house.players[0]))
    assert await desk.request(wish(house.players[0])) == answer
    notice = WithdrawalNotice(
        answer["withdrawal"], "BTC", WithdrawalState.WAITING, Krw(30_001), krw_balance=Krw(PURSE - 30_001)
    )
    assert board.told == [(house.players[0], notice)]
    assert sample("holdem_cashier_moves_total", kind="withdrawal_hold") == moved + 1


async def test_a_cancel_is_told_once_and_a_repeated_request_stays_what_it_was(house: House) -> None:
    await listed(house)
    board = Board()
    desk = open_desk(house, board)
    answer = await desk.request(wish(house.players[0]))
    cancelled = await desk.cancel(house.players[0], answer["withdrawal"])
    assert await desk.cancel(house.players[0], answer["withdrawal"]) == cancelled
    assert [notice.state for _, notice in board.told] == [WithdrawalState.WAITING, WithdrawalState.CANCELLED]
    assert board.told[1][1].krw_balance == PURSE
    assert await desk.request(wish(house.players[0])) == answer
    assert len(board.told) == 2


@pytest.mark.parametrize(
    ("changes", "denial"),
    [
        ({"coin": "DOGE"}, WithdrawalDenial.NO_SUCH_COIN),
        ({"coin": "ETH"}, WithdrawalDenial.COIN_CLOSED),
        ({"amount": 9_999}, WithdrawalDenial.AMOUNT_TOO_SMALL),
        ({"amount": 10**8 + 1}, WithdrawalDenial.AMOUNT_TOO_LARGE),
        ({"address": "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"}, WithdrawalDenial.WRONG_ADDRESS),
        ({"address": ETH_ADDRESS}, WithdrawalDenial.WRONG_ADDRESS),
        ({"address": "no address", "coin": "DOGE", "amount": 1}, WithdrawalDenial.NO_SUCH_COIN),
        ({"address": "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"}, WithdrawalDenial.ADDRESS_NOT_LISTED),
        ({"coin": "USDT", "address": ETH_ADDRESS}, WithdrawalDenial.OWN_ADDRESS),
        ({"coin": "USDC", "address": ETH_ADDRESS.lower()}, WithdrawalDenial.OWN_ADDRESS),
        ({"amount": LARGE, "step_up": StepUp.NEEDED}, WithdrawalDenial.STEP_UP_NEEDED),
        ({"amount": LARGE, "step_up": StepUp.NO_SECOND_FACTOR}, WithdrawalDenial.SECOND_FACTOR_OFF),
        ({"amount": 60_001}, WithdrawalDenial.TRAVEL_RULE_NEEDED),
    ],
)
async def test_what_is_refused_moves_nothing_says_why_and_is_counted(
    house: House, changes: dict[str, Any], denial: WithdrawalDenial
) -> None:
    await listed(house, owner=NOBODYS)
    await house.change(
        "INSERT INTO deposit_address (user_id, coin, gateway, external_id, address, given_at)"
        f" VALUES ({house.players[2]}, 'ETH', 'house', 'u', '{ETH_ADDRESS}', now())"
    )
    book = evolve(BOOK, coins={**BOOK.coins, "ETH": evolve(COIN, withdrawals_open=False)})
    desk = evolve(open_desk(house), policy=policy(book, **RULES))
    refused = sample("holdem_cashier_refused_withdrawals_total", code=denial.value)
    with pytest.raises(WithdrawalDenied) as denied:
        await desk.request(wish(house.players[0], **changes))
    assert denied.value.denial is denial
    assert sample("holdem_cashier_refused_withdrawals_total", code=denial.value) == refused + 1
    await assert_untouched(house)


async def test_an_address_that_was_just_listed_waits(house: House) -> None:
    desk = open_desk(house, address_wait_seconds=3600.0)
    await desk.add_address(NewPayoutAddress(house.players[0], "BTC", ADDRESS, "", OWN), StepUp.DONE)
    with pytest.raises(WithdrawalDenied) as denied:
        await desk.request(wish(house.players[0]))
    assert denied.value.denial is WithdrawalDenial.ADDRESS_WAITS
    await house.change("UPDATE payout_address SET usable_at = now()")
    await desk.request(wish(house.players[0]))


async def test_what_the_books_refuse_is_counted_too(house: House) -> None:
    await listed(house)
    refused = sample("holdem_cashier_refused_withdrawals_total", code="insufficient_funds")
    with pytest.raises(Denied):
        await open_desk(house).request(wish(house.players[0], PURSE + 1))
    assert sample("holdem_cashier_refused_withdrawals_total", code="insufficient_funds") == refused + 1
    await assert_untouched(house)


@pytest.mark.parametrize(
    ("trouble", "code"), [(RateStopped(), "rate_stopped"), (RateUnavailable(), "rate_unavailable")]
)
async def test_without_a_rate_nothing_new_is_taken_and_repeats_are_answered(
    house: House, trouble: Exception, code: str
) -> None:
    await listed(house)
    desk = open_desk(house)
    answer = await desk.request(wish(house.players[0]))
    stopped = evolve(desk, prices=Prices(FixedRates(trouble), FixedQuotes()))
    assert await stopped.request(wish(house.players[0])) == answer
    refused = sample("holdem_cashier_refused_withdrawals_total", code=code)
    with pytest.raises(type(trouble)):
        await stopped.request(wish(house.players[0], key="w2"))
    assert sample("holdem_cashier_refused_withdrawals_total", code=code) == refused + 1
    assert len(await withdrawals(house)) == 1


async def test_a_quote_is_kept_with_the_request_and_no_part_of_its_key(house: House) -> None:
    await listed(house)
    quotes = FixedQuotes({"q1": GivenQuote(20_000, Rate(150_000_000, 8))})
    desk = evolve(open_desk(house), prices=Prices(FixedRates(), quotes))
    refused = sample("holdem_cashier_refused_withdrawals_total", code="quote_expired")
    with pytest.raises(RefusedRequest):
        await desk.request(wish(house.players[0], quote_id="q2"))
    assert sample("holdem_cashier_refused_withdrawals_total", code="quote_expired") == refused + 1
    answer = await desk.request(wish(house.players[0], quote_id="q1"))
    (row,) = await withdrawals(house)
    assert (row["quoted_coin_amount"], row["quoted_rate"]) == (20_000, 150_000_000)
    assert await desk.request(wish(house.players[0], quote_id="another")) == answer
    assert await desk.request(wish(house.players[0])) == answer


async def test_much_won_from_one_opponent_is_flagged(house: House) -> None:
    await listed(house)
    await listed(house, 1)
    await house.seat(0, 20_000, 20_000)
    seats = [(house.players[0], 0, 5_001), (house.players[1], 1, -5_001)]
    await house.ask(hand_of(house.tables[0], seats))
    desk = open_desk(house, opponent_win=5_000)
    flagged = sample("holdem_cashier_flagged_withdrawals_total", flag="opponent_win")
    await desk.request(wish(house.players[0]))
    await desk.request(wish(house.players[1]))
    assert [row["flags"] for row in await withdrawals(house)] == [["opponent_win"], []]
    assert sample("holdem_cashier_flagged_withdrawals_total", flag="opponent_win") == flagged + 1


async def test_the_same_address_written_in_another_way_is_the_same_request(house: House) -> None:
    await listed(house, coin="ETH", address=ETH_ADDRESS)
    desk = open_desk(house)
    answer = await desk.request(wish(house.players[0], coin="ETH", address=ETH_ADDRESS))
    assert await desk.request(wish(house.players[0], coin="ETH", address=ETH_ADDRESS.lower())) == answer


@pytest.mark.parametrize(
    ("coin", "address", "step_up", "denial"),
    [
        ("BTC", ADDRESS, StepUp.NEEDED, WithdrawalDenial.STEP_UP_NEEDED),
        ("DOGE", ADDRESS, StepUp.DONE, WithdrawalDenial.NO_SUCH_COIN),
        ("ETH", ADDRESS, StepUp.DONE, WithdrawalDenial.WRONG_ADDRESS),
        ("BTC", ADDRESS[:-1], StepUp.DONE, WithdrawalDenial.WRONG_ADDRESS),
    ],
)
async def test_addresses_that_are_not_listed(
    house: House, coin: str, address: str, step_up: StepUp, denial: WithdrawalDenial
) -> None:
    new = NewPayoutAddress(house.players[0], coin, address, "", OWN)
    with pytest.raises(WithdrawalDenied) as denied:
        await open_desk(house).add_address(new, step_up)
    assert denied.value.denial is denial
    assert await house.number("SELECT count(*) FROM payout_address") == 0


async def test_an_account_without_a_second_factor_lists_and_the_address_is_written_in_one_way(
    house: House,
) -> None:
    new = NewPayoutAddress(house.players[0], "ETH", ETH_ADDRESS.lower(), "", OWN)
    added = await open_desk(house).add_address(new, StepUp.NO_SECOND_FACTOR)
    assert added.address == ETH_ADDRESS


async def test_an_address_of_another_network_is_refused_on_this_one(house: House) -> None:
    regtest = evolve(open_desk(house), policy=policy(CoinBook(Network.REGTEST, BOOK.coins)))
    new = NewPayoutAddress(house.players[0], "BTC", ADDRESS, "", OWN)
    with pytest.raises(WithdrawalDenied):
        await regtest.add_address(new, StepUp.DONE)


async def test_what_has_ended_otherwise_is_not_cancelled_and_nothing_is_told(house: House) -> None:
    await listed(house)
    board = Board()
    desk = open_desk(house, board)
    answer = await desk.request(wish(house.players[0]))
    await house.change("UPDATE withdrawal SET state = 'rejected', ended_at = now()")
    with pytest.raises(CannotCancel):
        await desk.cancel(house.players[0], answer["withdrawal"])
    assert len(board.told) == 1
