"""Players' pages of withdrawals: asked for, taken back, listed; each refusal by its code."""

import time
from hashlib import sha256
from typing import Any

import pytest
import trio
from attrs import evolve
from quart_trio import QuartTrio

from cardroom.ids import UserId
from cardroom.service.entry import EntrySettings, GuardSettings, add_entry, make_entry
from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.rate_limits import LimitSettings
from cardroom.service.redis import Redis
from cardroom.wire import keys
from tests.fakes.conformity import watch_answers
from tests.wallet_worker.house import LOG, PURSE, House
from tests.wallet_worker.office import get, guarded_app, log_in, post
from tests.wallet_worker.outside import ADDRESS
from tests.wallet_worker.withdrawing import FixedQuotes, FixedRates, become, listed, open_desk
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.payout_addresses import payout_address_pages
from wallet_worker.api.withdrawals import statuses, withdrawal_pages
from wallet_worker.cashier.withdrawal_desk import Prices, WithdrawalDesk
from wallet_worker.rates.port import RateStopped, RateUnavailable
from wallet_worker.rules.withdrawal_request import WithdrawalDenial

WITHDRAW = "/api/v1/wallet/withdraw"
LIST = "/api/v1/wallet/withdrawals"


def make_pages(house: House, redis: Redis, desk: WithdrawalDesk) -> QuartTrio:
    app = guarded_app()
    add_away_answers(app, LOG)
    logins = LoginLookup(redis, house.database, LookupSettings())
    app.register_blueprint(withdrawal_pages(desk, logins))
    app.register_blueprint(payout_address_pages(desk, logins))
    watch_answers(app)
    return app


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_pages(house, redis, open_desk(house, step_up_above=50_000))


@pytest.fixture
async def token(house: House, redis: Redis) -> str:
    await listed(house)
    return await log_in(redis, house.players[0])


async def step_up(redis: Redis, token: str, seconds: int) -> None:
    """Let a login have a second factor, shown so that it counts for so many seconds."""
    until = time.time_ns() // 1_000_000 + seconds * 1000
    fields = {"has_second_factor": "1", "stepped_up_until": str(until), "session_id": "0" * 32}
    await redis.hset(keys.login(sha256(token.encode()).hexdigest()), fields)


def body(**changes: Any) -> dict[str, Any]:
    plain = {"coin": "BTC", "address": ADDRESS, "krw_amount": 30_001, "idempotency_key": "w1"}
    return {name: value for name, value in (plain | changes).items() if value is not ...}


async def test_a_withdrawal_is_asked_for_seen_and_taken_back(
    app: QuartTrio, house: House, token: str
) -> None:
    status, taken = await post(app, WITHDRAW, body(), token)
    assert status == 201
    number = taken["withdrawal"]
    assert taken == {
        "withdrawal": number, "state": "waiting", "krw_amount": 30_001, "ready_at": taken["ready_at"],
        "krw_balance": PURSE - 30_001, "pending_withdrawal_krw": 30_001,
    }  # fmt: skip
    assert await post(app, WITHDRAW, body(quote=None), token) == (201, taken)
    status, shown = await get(app, f"{LIST}/{number}", token)
    assert (status, shown["state"], shown["ready_at"]) == (200, "waiting", taken["ready_at"])
    assert (shown["address"], shown["krw_amount"], shown["coin_amount"]) == (ADDRESS, 30_001, None)
    status, cancelled = await post(app, f"{LIST}/{number}/cancel", {}, token)
    assert (status, cancelled["state"], cancelled["krw_balance"]) == (200, "cancelled", PURSE)
    assert await post(app, f"{LIST}/{number}/cancel", {}, token) == (200, cancelled)
    assert await post(app, WITHDRAW, body(), token) == (201, taken)
    assert (await get(app, f"{LIST}/{number}", token))[1]["state"] == "cancelled"
    await house.assert_sound()


async def test_what_is_fixed_is_shown_and_why_people_look_is_not(
    app: QuartTrio, house: House, token: str
) -> None:
    number = (await post(app, WITHDRAW, body(), token))[1]["withdrawal"]
    await house.change("UPDATE withdrawal SET flags = '{opponent_win}', reason = 'flagged'")
    _, shown = await get(app, f"{LIST}/{number}", token)
    assert "opponent_win" not in str(shown)
    assert shown["reason"] is None
    assert "flags" not in shown
    await house.change("UPDATE withdrawal SET reason = 'withdrawals_frozen'")
    assert (await get(app, f"{LIST}/{number}", token))[1]["reason"] == "withdrawals_frozen"
    await become(house, number, "sent")
    await house.change(f"UPDATE withdrawal SET coin_amount = 20000, rate = 150000000, tx_hash = '{'a' * 64}'")
    _, shown = await get(app, f"{LIST}/{number}", token)
    assert (shown["coin_amount"], shown["rate"], shown["tx_hash"]) == ("0.00020000", 150_000_000, "a" * 64)
    assert (await post(app, f"{LIST}/{number}/cancel", {}, token))[1]["code"] == "withdrawal_ended"


async def test_the_list_goes_by_pages_and_is_each_players_own(
    app: QuartTrio, house: House, redis: Redis, token: str
) -> None:
    numbers = [
        (await post(app, WITHDRAW, body(krw_amount=10_000, idempotency_key=f"w{one}"), token))[1][
            "withdrawal"
        ]
        for one in range(3)
    ]
    _, page = await get(app, f"{LIST}?limit=2", token)
    assert [one["id"] for one in page["withdrawals"]] == numbers[:0:-1]
    _, rest = await get(app, f"{LIST}?limit=2&before={page['next_before']}", token)
    assert [one["id"] for one in rest["withdrawals"]] == numbers[:1]
    assert rest["next_before"] is None
    other = await log_in(redis, house.players[1])
    assert (await get(app, LIST, other))[1] == {"withdrawals": [], "next_before": None}
    for path in (f"{LIST}/{numbers[0]}", f"{LIST}/{2**63}"):
        assert (await get(app, path, other))[0] == 404
    for number in (numbers[0], 2**63):
        assert (await post(app, f"{LIST}/{number}/cancel", {}, other))[0] == 404


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"coin": "DOGE"}, 404, "no_such_coin"),
        ({"krw_amount": 9_999}, 400, "amount_too_small"),
        ({"krw_amount": 10**8 + 1}, 400, "amount_too_large"),
        ({"address": ADDRESS[:-1]}, 400, "wrong_address"),
        ({"address": "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"}, 409, "address_not_listed"),
        ({"krw_amount": 50_001}, 403, "second_factor_off"),
        ({"address": ""}, 400, "malformed"),
        ({"address": "a" * 129}, 400, "malformed"),
        ({"idempotency_key": ""}, 400, "malformed"),
        ({"idempotency_key": "k" * 101}, 400, "malformed"),
        ({"idempotency_key": ...}, 400, "malformed"),
        ({"quote": ""}, 400, "malformed"),
        ({"quote": 7}, 400, "malformed"),
        ({"krw_amount": 30_001.5}, 400, "malformed"),
        ({"krw_amount": "30001"}, 400, "malformed"),
        ({"travel_rule": {}}, 400, "malformed"),
    ],
)
async def test_refusals_have_their_codes_and_move_nothing(
    app: QuartTrio, house: House, token: str, changes: dict[str, Any], status: int, code: str
) -> None:
    answered, problem = await post(app, WITHDRAW, body(**changes), token)
    assert (answered, problem["code"]) == (status, code)
    assert await house.wallet(0) == PURSE


async def test_a_large_amount_wants_a_code_of_the_second_factor(
    app: QuartTrio, house: House, redis: Redis, token: str
) -> None:
    await step_up(redis, token, -1)
    assert (await post(app, WITHDRAW, body(krw_amount=50_000), token))[0] == 201
    more = body(krw_amount=10_000, idempotency_key="w2")
    status, problem = await post(app, WITHDRAW, more, token)
    assert (status, problem["code"]) == (403, "step_up_needed"), "many small ones are a large one"
    await step_up(redis, token, 60)
    assert (await post(app, WITHDRAW, more, token))[0] == 201


async def test_what_the_books_and_the_key_refuse(
    app: QuartTrio, house: House, redis: Redis, token: str
) -> None:
    await step_up(redis, token, 60)
    status, problem = await post(app, WITHDRAW, body(krw_amount=PURSE + 1), token)
    assert (status, problem["code"]) == (409, "insufficient_funds")
    assert (await post(app, WITHDRAW, body(), token))[0] == 201
    status, problem = await post(app, WITHDRAW, body(krw_amount=30_002), token)
    assert (status, problem["code"]) == (409, "command_reused")
    await house.change(f"UPDATE player SET frozen_at = now() WHERE id = {house.players[0]}")
    status, problem = await post(app, WITHDRAW, body(idempotency_key="w2"), token)
    assert (status, problem["code"]) == (409, "frozen")
    await house.change(
        f"INSERT INTO block (user_id, reason, blocked_by) VALUES ({house.players[0]}, 'why', 'kim')"
    )
    status, problem = await post(app, WITHDRAW, body(idempotency_key="w2"), token)
    assert (status, problem["code"]) == (403, "user_blocked")


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [(RateStopped(), 409, "rate_stopped"), (RateUnavailable(), 503, "rate_unavailable")],
)
async def test_without_a_rate_nothing_is_taken(
    house: House, redis: Redis, token: str, trouble: Exception, status: int, code: str
) -> None:
    prices = Prices(FixedRates(trouble), FixedQuotes())
    app = make_pages(house, redis, evolve(open_desk(house), prices=prices))
    answered, problem = await post(app, WITHDRAW, body(), token)
    assert (answered, problem["code"]) == (status, code)
    assert await house.wallet(0) == PURSE


async def test_a_quote_that_is_not_good_is_refused(app: QuartTrio, house: House, token: str) -> None:
    status, problem = await post(app, WITHDRAW, body(quote="unknown"), token)
    assert (status, problem["code"]) == (409, "quote_expired")
    assert await house.wallet(0) == PURSE


async def test_who_shows_no_login_is_told_so(app: QuartTrio, house: House) -> None:
    for path in (WITHDRAW, f"{LIST}/1/cancel"):
        assert (await post(app, path, body(), "nobody's"))[0] == 401
    for path in (LIST, f"{LIST}/1"):
        assert (await get(app, path, "nobody's"))[0] == 401


async def test_ten_requests_an_hour_repeats_too_and_looking_is_free_of_it(
    house: House, redis: Redis, token: str, nursery: trio.Nursery
) -> None:
    app = make_pages(house, redis, open_desk(house))
    entry = make_entry(EntrySettings((), LimitSettings(), GuardSettings()), house.database, redis, LOG)
    await nursery.start(entry.run)
    add_entry(app, entry)
    answers = [await post(app, WITHDRAW, body(), token) for _ in range(11)]
    assert [status for status, _ in answers] == [201] * 10 + [429]
    assert (await get(app, LIST, token))[0] == 200


def test_every_denial_has_its_answer() -> None:
    said = statuses(frozenset(WithdrawalDenial))
    assert set(said) == {400, 403, 404, 409}
    assert {code.value for codes in said.values() for code in codes} == {
        one.value for one in WithdrawalDenial
    }


async def test_a_login_of_nobody_is_no_login(app: QuartTrio, house: House, redis: Redis) -> None:
    stranger = await log_in(redis, UserId(2**40))
    assert (await post(app, WITHDRAW, body(), stranger))[1]["code"] == "address_not_listed"
