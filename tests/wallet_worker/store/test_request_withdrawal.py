"""A request holds its money and begins to wait in one step, once per key, within the day's limits."""

import json
from collections.abc import Callable

import pytest
import trio

from cardroom.service.player_freeze import freeze_player
from cardroom.service.postgres import PostgresAway
from tests.wallet_worker.crashing import Crash, DeafPostgres
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import ADDRESS, balances
from tests.wallet_worker.terms import HERE, exclude
from tests.wallet_worker.withdrawing import (
    CrashingPostgres,
    asked,
    assert_untouched,
    become,
    listed,
    terms,
    withdrawals,
)
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.withdrawal_request import Owner, WithdrawalDenial, WithdrawalDenied
from wallet_worker.store.cancel_withdrawal import cancel_withdrawal
from wallet_worker.store.freezes import HouseFreeze, Scope, freeze_house
from wallet_worker.store.house_transfer import KeyReused
from wallet_worker.store.payout_addresses import remove_address
from wallet_worker.store.request_withdrawal import (
    Quoted,
    RequestTerms,
    find_first_answer,
    request_withdrawal,
)
from wallet_worker.store.withdrawn_today import withdrawn_today

DAY = 86_400.0


async def take(
    house: House, amount: int = 30_001, key: str = "w1", player: int = 0, on: RequestTerms | None = None
) -> int:
    request = asked(house.players[player], amount, key)
    taken = await request_withdrawal(house.database, request, on or terms(), LINK)
    return int(taken.answer["withdrawal"])


async def denial_of(
    house: House, on: RequestTerms, key: str = "more", amount: int = 10_000
) -> WithdrawalDenial:
    with pytest.raises(WithdrawalDenied) as denied:
        await take(house, amount, key, on=on)
    return denied.value.denial


async def test_a_request_holds_its_money_and_waits(house: House) -> None:
    number = await listed(house, owner=Owner(is_own=False, beneficiary="Kim Minji", exchange="Upbit"))
    request = asked(house.players[0], quoted=Quoted(20_000, 150_000_000))
    taken = await request_withdrawal(house.database, request, terms(), LINK)
    (row,) = await withdrawals(house)
    assert taken.flags == ()
    assert taken.answer == {
        "withdrawal": row["payment_id"], "state": "waiting", "krw_amount": 30_001,
        "ready_at": row["ready_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "krw_balance": PURSE - 30_001,
        "pending_withdrawal_krw": 30_001,
    }  # fmt: skip
    assert (row["ready_at"] - row["requested_at"]).total_seconds() == DAY
    assert row["next_try_at"] == row["ready_at"]
    assert (row["user_id"], row["coin"], row["gateway"]) == (house.players[0], "BTC", "house")
    assert (row["payout_address_id"], row["krw_amount"], row["flags"]) == (number, 30_001, [])
    assert (row["quoted_coin_amount"], row["quoted_rate"]) == (20_000, 150_000_000)
    assert json.loads(row["travel_rule"])["beneficiary"] == "Kim Minji"
    assert await house.wallet(0) == PURSE - 30_001
    assert (await balances(house))["pending_withdrawal"] == 30_001
    await house.assert_sound()


@pytest.mark.parametrize("state", ["waiting", "review", "approved", "sending", "sent"])
async def test_a_repeat_gets_the_first_answer_whatever_became_of_it(house: House, state: str) -> None:
    address = await listed(house)
    request = asked(house.players[0])
    first = await request_withdrawal(house.database, request, terms(), LINK)
    await become(house, first.answer["withdrawal"], state)
    await remove_address(house.database, house.players[0], address)
    again = await request_withdrawal(house.database, request, terms(daily_count=1), LINK)
    assert (again.answer, again.flags) == (first.answer, None)
    assert await find_first_answer(house.database, request.request) == first.answer
    assert len(await withdrawals(house)) == 1


async def test_another_request_under_a_key_is_refused_and_keys_are_each_players_own(house: House) -> None:
    await listed(house)
    await listed(house, 1)
    await take(house)
    with pytest.raises(KeyReused):
        await take(house, 30_002)
    with pytest.raises(KeyReused):
        await find_first_answer(house.database, asked(house.players[0], 30_002).request)
    assert await find_first_answer(house.database, asked(house.players[0], key="w2").request) is None
    await take(house, player=1)


async def test_a_cancelled_request_stays_cancelled_when_its_key_comes_again(house: House) -> None:
    await listed(house)
    number = await take(house)
    await cancel_withdrawal(house.database, house.players[0], number, LINK)
    assert await take(house) == number
    assert await house.wallet(0) == PURSE


async def test_of_many_requests_for_everything_at_once_one_is_taken(house: House) -> None:
    await listed(house)
    outcomes: list[str] = []

    async def ask(number: int) -> None:
        try:
            await take(house, PURSE, f"key {number}")
            outcomes.append("taken")
        except Denied as denied:
            outcomes.append(denied.denial.name)

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(ask, number)
    assert sorted(outcomes) == ["INSUFFICIENT_FUNDS"] * 19 + ["taken"]
    assert await house.wallet(0) == 0
    assert len(await withdrawals(house)) == 1
    await house.assert_sound()


async def test_the_same_request_many_times_at_once_is_one(house: House) -> None:
    await listed(house)
    numbers: list[int] = []

    async def ask() -> None:
        numbers.append(await take(house))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(ask)
    assert len(numbers) == 10
    assert len(set(numbers)) == 1
    assert await house.wallet(0) == PURSE - 30_001


async def test_two_at_once_do_not_pass_a_days_limit_together(house: House) -> None:
    await listed(house)
    outcomes: list[str] = []

    async def ask(key: str) -> None:
        try:
            await take(house, 30_000, key, on=terms(daily_amount=50_000))
            outcomes.append("taken")
        except WithdrawalDenied as denied:
            outcomes.append(denied.denial.value)

    async with trio.open_nursery() as nursery:
        for key in ("a", "b", "c"):
            nursery.start_soon(ask, key)
    assert sorted(outcomes) == ["taken", "withdrawal_limit", "withdrawal_limit"]
    assert await house.wallet(0) == PURSE - 30_000


async def test_what_was_given_back_does_not_count_against_the_day(house: House) -> None:
    await listed(house)
    on = terms(daily_amount=50_000, daily_count=2)
    first = await take(house, 40_000, "a", on=on)
    assert await denial_of(house, on, amount=10_001) is WithdrawalDenial.WITHDRAWAL_LIMIT
    await cancel_withdrawal(house.database, house.players[0], first, LINK)
    await take(house, 10_000, "b", on=on)
    await take(house, 10_000, "c", on=on)
    assert await denial_of(house, on) is WithdrawalDenial.WITHDRAWAL_LIMIT
    await house.change("UPDATE withdrawal SET requested_at = now() - interval '2 days'")
    await take(house, 10_000, "d", on=on)
    await house.assert_sound()


@pytest.mark.parametrize("state", ["failed", "rejected"])
async def test_what_failed_or_was_rejected_does_not_count(house: House, state: str) -> None:
    await listed(house)
    await become(house, await take(house), state)
    today = await withdrawn_today(house.database, house.players[0], HERE.time_zone)
    assert (today.amount, today.count, today.of_all) == (0, 0, 0)


async def test_a_day_begins_in_the_houses_time_zone(house: House) -> None:
    await listed(house)
    await take(house)
    zone = HERE.time_zone
    begin = f"date_trunc('day', now() AT TIME ZONE '{zone}') AT TIME ZONE '{zone}'"
    for when, counted in ((begin, 1), (f"{begin} - interval '1 microsecond'", 0)):
        await house.change(f"UPDATE withdrawal SET requested_at = {when}")
        assert (await withdrawn_today(house.database, house.players[0], zone)).count == counted
        other = await withdrawn_today(house.database, house.players[1], zone)
        assert (other.amount, other.count, other.of_all) == (0, 0, 30_001 * counted)


async def test_many_small_requests_want_a_second_factor_as_a_large_one_does(house: House) -> None:
    await listed(house, owner=Owner(is_own=False, beneficiary=None, exchange=None))
    on = terms(travel_rule_above=40_000)
    await take(house, 30_000, "a", on=on)
    assert await denial_of(house, on, amount=10_001) is WithdrawalDenial.TRAVEL_RULE_NEEDED
    await take(house, 10_000, "b", on=on)


async def test_more_than_the_house_sends_unseen_in_a_day_is_flagged(house: House) -> None:
    await listed(house)
    await listed(house, 1)
    on = terms(house_daily=50_000)
    await take(house, 30_000, "a", on=on)
    await take(house, 20_000, "b", player=1, on=on)
    await take(house, 10_000, "c", player=1, on=on)
    request = asked(house.players[0], 10_000, "d", won_from_one=10**9)
    taken = await request_withdrawal(house.database, request, on, LINK)
    assert taken.flags == ("house_velocity", "opponent_win")
    flags = [row["flags"] for row in await withdrawals(house)]
    assert flags == [[], [], ["house_velocity"], ["house_velocity", "opponent_win"]]
    assert "flags" not in taken.answer


async def _freeze_player(house: House) -> None:
    async with house.database.transaction() as transaction:
        await freeze_player(transaction, house.players[0], is_frozen=True)


async def _freeze_withdrawals(house: House) -> None:
    async with house.database.transaction() as transaction:
        await freeze_house(transaction, HouseFreeze(Scope.WITHDRAWALS, "kim", "breach"), LINK)


@pytest.mark.parametrize(
    ("freeze", "denial"),
    [(_freeze_player, Denial.FROZEN), (_freeze_withdrawals, Denial.WITHDRAWALS_FROZEN)],
)
async def test_who_is_frozen_takes_nothing_out(
    house: House, freeze: Callable[[House], "object"], denial: Denial
) -> None:
    await listed(house)
    await freeze(house)  # type: ignore[misc]
    with pytest.raises(Denied) as denied:
        await take(house)
    assert denied.value.denial is denial
    await assert_untouched(house)


async def test_who_is_blocked_takes_nothing_out_unless_blocks_do_not_count(house: House) -> None:
    await listed(house)
    await house.change(
        f"INSERT INTO block (user_id, reason, blocked_by) VALUES ({house.players[0]}, 'why', 'kim')"
    )
    on = terms()
    assert await denial_of(house, on) is WithdrawalDenial.USER_BLOCKED
    await assert_untouched(house)
    open_to_all = RequestTerms(on.limits, on.wait_seconds, on.time_zone, blocked_users=False)
    await take(house, on=open_to_all)


async def test_who_is_self_excluded_takes_money_out(house: House) -> None:
    await listed(house)
    await exclude(house, 0)
    await take(house, PURSE)
    assert await house.wallet(0) == 0


async def test_an_address_that_came_off_the_list_is_not_paid(house: House) -> None:
    number = await listed(house)
    await remove_address(house.database, house.players[0], number)
    assert await denial_of(house, terms()) is WithdrawalDenial.ADDRESS_NOT_LISTED
    await listed(house, 1)
    assert await denial_of(house, terms()) is WithdrawalDenial.ADDRESS_NOT_LISTED
    await assert_untouched(house)


async def test_an_address_that_became_the_houses_is_not_paid(house: House) -> None:
    await listed(house)
    await house.change(
        "INSERT INTO deposit_address (user_id, coin, gateway, external_id, address, given_at)"
        f" VALUES ({house.players[2]}, 'BTC', 'house', 'u', '{ADDRESS}', now())"
    )
    assert await denial_of(house, terms()) is WithdrawalDenial.OWN_ADDRESS
    await assert_untouched(house)


async def test_a_crash_before_any_statement_leaves_nothing(house: House) -> None:
    await listed(house)
    request = asked(house.players[0])
    for statements in range(60):
        crashing = CrashingPostgres(house.database, statements)
        try:
            taken = await request_withdrawal(crashing, request, terms(), LINK)  # type: ignore[arg-type]
        except Crash:
            await assert_untouched(house)
        else:
            break
    else:
        pytest.fail("it never came to its end")
    assert statements > 15, "the crash was in front of each of them"
    assert await house.wallet(0) == PURSE - 30_001
    assert taken.flags == ()
    await house.assert_sound()


async def test_a_commit_that_nobody_heard_of_is_answered_when_asked_again(house: House) -> None:
    await listed(house)
    deaf = DeafPostgres(house.database)
    deaf.is_deaf = True
    request = asked(house.players[0])
    with pytest.raises(PostgresAway):
        await request_withdrawal(deaf, request, terms(), LINK)  # type: ignore[arg-type]
    taken = await request_withdrawal(house.database, request, terms(), LINK)
    assert taken.flags is None
    assert await house.wallet(0) == PURSE - 30_001
    await house.assert_sound()
