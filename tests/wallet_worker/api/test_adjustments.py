"""Corrections want two administrators, once, in time, and never a table's money."""

from typing import Any

import pytest
import trio
from quart_trio import QuartTrio

from cardroom.service.postgres import PostgresRefused
from cardroom.service.redis import Redis
from tests.wallet_worker.house import LINK, PURSE, House, hand_of
from tests.wallet_worker.office import get, make_office, post
from tests.wallet_worker.outside import held, payout
from wallet_worker.store.book_payout import book_payout

WHY = {"reason": "checked", "idempotency_key": "decision"}


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


def body(house: House, **changes: object) -> dict[str, object]:
    names = {"debit": f"wallet:{house.players[0]}", "credit": f"wallet:{house.players[1]}"}
    return names | {"amount": 700, "reason": "lost hand", "idempotency_key": "p1"} | changes


async def proposed(app: QuartTrio, house: House, **changes: object) -> int:
    status, answer = await post(app, "/admin/adjustments", body(house, **changes))
    assert (status, answer["state"]) == (201, "proposed")
    return int(answer["adjustment"])


async def decide(app: QuartTrio, number: int, how: str, token: str, **changes: object) -> tuple[int, Any]:
    return await post(app, f"/admin/adjustments/{number}/{how}", WHY | changes, token=token)


async def test_one_proposes_and_another_approves(app: QuartTrio, house: House) -> None:
    number = await proposed(app, house)
    assert await proposed(app, house) == number
    assert await house.wallet(1) == PURSE
    status, answer = await decide(app, number, "approve", "other")
    assert (status, answer["state"]) == (200, "approved")
    assert (await house.wallet(0), await house.wallet(1)) == (PURSE - 700, PURSE + 700)
    assert await decide(app, number, "approve", "other") == (status, answer)
    assert await decide(app, number, "approve", "other", idempotency_key="again") == (status, answer)
    assert await house.wallet(1) == PURSE + 700
    (row,) = await house.rows("SELECT kind, reason FROM transfer WHERE id = $1", answer["transfer"])
    assert tuple(row) == ("adjustment", f"adjustment {number} by admin and kim: lost hand")
    (listed,) = (await get(app, "/admin/adjustments"))[1]["adjustments"]
    assert (listed["proposed_by"], listed["decided_by"], listed["decision_reason"]) == (
        "admin",
        "kim",
        "checked",
    )
    await house.assert_sound()


async def test_the_maker_never_approves_also_past_the_program(app: QuartTrio, house: House) -> None:
    number = await proposed(app, house)
    status, document = await decide(app, number, "approve", "right")
    assert (status, document["code"]) == (403, "another_must_approve")
    with pytest.raises(PostgresRefused) as refusal:
        async with house.owner.transaction() as transaction:
            await transaction.execute(
                "UPDATE adjustment SET state = 'approved', decided_by = 'admin', decided_at = now(),"
                " decision_reason = 'x', transfer_id = 1"
            )
    assert refusal.value.constraint == "adjustment_has_four_eyes"
    assert await house.wallet(1) == PURSE


async def test_what_is_rejected_or_approved_stays_so(app: QuartTrio, house: House) -> None:
    first, second = await proposed(app, house), await proposed(app, house, idempotency_key="p2")
    assert (await decide(app, first, "reject", "right"))[1]["state"] == "rejected"
    assert (await decide(app, first, "reject", "right", idempotency_key="again"))[0] == 200
    await decide(app, second, "approve", "other")
    for number, how, token in ((first, "approve", "other"), (second, "reject", "right")):
        status, document = await decide(app, number, how, token, idempotency_key="late")
        assert (status, document["code"]) == (409, "already_decided")
    assert await house.wallet(1) == PURSE + 700
    for change in ("state = 'rejected'", "decided_by = 'lee'", "state = 'proposed', decided_by = NULL"):
        with pytest.raises(PostgresRefused) as refusal:
            async with house.database.transaction() as transaction:
                await transaction.execute(f"UPDATE adjustment SET {change}")
        assert refusal.value.constraint == "adjustment_step"


async def test_a_proposal_that_nobody_decides_ends(app: QuartTrio, house: House) -> None:
    number = await proposed(app, house)
    await house.change(
        "UPDATE adjustment SET proposed_at = now() - interval '8 d', expires_at = now() - interval '1 s'"
    )
    for how, token in (("approve", "other"), ("reject", "right")):
        status, document = await decide(app, number, how, token)
        assert (status, document["code"], document["detail"]) == (409, "already_decided", "expired")
    assert (await get(app, "/admin/adjustments"))[1]["adjustments"][0]["state"] == "expired"
    assert (await get(app, "/admin/adjustments?state=proposed"))[1]["adjustments"] == []
    assert await house.wallet(1) == PURSE


async def test_what_is_not_there_cannot_be_taken_and_the_proposal_stands(
    app: QuartTrio, house: House
) -> None:
    number = await proposed(app, house, amount=PURSE + 1)
    status, document = await decide(app, number, "approve", "other")
    assert (status, document["code"]) == (409, "insufficient_funds")
    await post(app, "/admin/promotions", {
        "user_id": house.players[0], "amount": 1, "reason": "r", "idempotency_key": "g"})  # fmt: skip
    assert (await decide(app, number, "approve", "other"))[0] == 200
    assert (await house.wallet(0), await house.wallet(1)) == (0, 2 * PURSE + 1)
    await house.assert_sound()


async def test_two_approvals_at_once_move_the_money_once(house: House, app: QuartTrio) -> None:
    number = await proposed(app, house)
    answers = []

    async def approve(key: str) -> None:
        answers.append(await decide(app, number, "approve", "other", idempotency_key=key))

    async with trio.open_nursery() as nursery:
        for key in ("a", "b", "c"):
            nursery.start_soon(approve, key)
    assert answers == [answers[0]] * 3
    assert await house.wallet(1) == PURSE + 700
    await house.assert_sound()


async def test_an_approval_and_a_rejection_at_once_do_one_of_both(house: House, app: QuartTrio) -> None:
    number = await proposed(app, house)
    statuses = {}

    async def run(how: str, token: str) -> None:
        statuses[how] = (await decide(app, number, how, token))[0]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, "approve", "other")
        nursery.start_soon(run, "reject", "right")
    assert sorted(statuses.values()) == [200, 409]
    assert await house.wallet(1) == PURSE + (700 if statuses["approve"] == 200 else 0)
    await house.assert_sound()


async def test_every_account_but_those_of_tables_can_be_named(app: QuartTrio, house: House) -> None:
    await house.seat(0, 1000, 1000)
    await house.ask(hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 9)]))
    user = house.players[0]
    others = ["promotions", "rakeback", "rounding", "deposit_clearing:BTC", "withdrawal_clearing:USDT"]
    for place, name in enumerate([f"pending_withdrawal:{user}", f"rake:{house.shard}", *others]):
        number = await proposed(app, house, credit=name, amount=100 + place, idempotency_key=name)
        assert (await decide(app, number, "approve", "other", idempotency_key=name))[0] == 200
    assert await house.wallet(0) == PURSE - 1000 - sum(range(100, 107))
    await house.assert_sound()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"debit": "escrow:1:1"}, 400, "malformed"),
        ({"debit": "escrow"}, 400, "malformed"),
        ({"debit": "wallet"}, 400, "malformed"),
        ({"debit": "wallet:0"}, 400, "malformed"),
        ({"debit": "wallet:01"}, 400, "malformed"),
        ({"debit": "deposit_clearing:DOGE"}, 400, "malformed"),
        ({"credit": "promotions:1"}, 400, "malformed"),
        ({"debit": "promotions", "credit": "promotions"}, 400, "malformed"),
        ({"debit": "wallet:999999"}, 404, "not_found"),
        ({"debit": "rake:77"}, 404, "not_found"),
        ({"amount": 0}, 400, "amount_too_small"),
        ({"amount": 10**15 + 1}, 400, "amount_too_large"),
        ({"reason": ""}, 400, "malformed"),
        ({"idempotency_key": ""}, 400, "malformed"),
        ({"dry_run": 1}, 400, "malformed"),
    ],
)
async def test_a_proposal_is_refused_with_a_code(
    app: QuartTrio, house: House, change: dict[str, object], status: int, code: str
) -> None:
    found, document = await post(app, "/admin/adjustments", body(house, **change))
    assert (found, document["code"]) == (status, code)
    assert await house.number("SELECT count(*) FROM adjustment") == 0


async def test_decisions_about_nothing_and_without_reason_are_refused(app: QuartTrio, house: House) -> None:
    number = await proposed(app, house)
    for how in ("approve", "reject"):
        assert (await decide(app, number + 1, how, "other"))[0] == 404
        assert (await decide(app, 2**63, how, "other"))[0] == 404
        assert (await decide(app, number, how, "other", reason=""))[0] == 400


async def test_a_dry_run_of_an_approval_moves_nothing(app: QuartTrio, house: House) -> None:
    number = await proposed(app, house)
    status, answer = await decide(app, number, "approve", "other", dry_run=True)
    assert (status, answer["state"], answer["dry_run"]) == (200, "approved", True)
    assert (await get(app, "/admin/adjustments"))[1]["adjustments"][0]["state"] == "proposed"
    assert await house.wallet(1) == PURSE


async def test_the_list_goes_by_pages(app: QuartTrio, house: House) -> None:
    numbers = [await proposed(app, house, idempotency_key=str(key)) for key in range(5)]
    _, first = await get(app, "/admin/adjustments?limit=2")
    await proposed(app, house, idempotency_key="meanwhile")
    _, second = await get(app, f"/admin/adjustments?limit=3&before={first['next_before']}")
    found = [one["id"] for one in first["adjustments"] + second["adjustments"]]
    assert (found, second["next_before"]) == (numbers[::-1], None)
    for wrong in (
        "limit=0",
        "limit=201",
        "limit=x",
        "before=0",
        "state=approved",
        "other=1",
        "limit=1&limit=2",
    ):
        status, document = await get(app, f"/admin/adjustments?{wrong}")
        assert (status, document["detail"].split(":")[0]) == (400, wrong.split("=")[0])


async def test_what_is_held_for_a_withdrawal_can_still_be_paid(app: QuartTrio, house: House) -> None:
    """Its coins may be on the way: who corrects what is pending takes no more than what nobody withdraws."""
    number = await held(house)
    pending, wallet = (f"{kind}:{house.players[0]}" for kind in ("pending_withdrawal", "wallet"))
    taken = await proposed(app, house, debit=pending, credit=wallet, amount=1)
    status, answer = await decide(app, taken, "approve", "other")
    assert (status, answer["code"]) == (409, "insufficient_funds")
    added = await proposed(app, house, debit=wallet, credit=pending, amount=1, idempotency_key="p2")
    assert (await decide(app, added, "approve", "other", idempotency_key="d2"))[0] == 200
    assert (await decide(app, taken, "approve", "other"))[0] == 200
    await book_payout(house.database, number, payout(), LINK)
    await house.assert_sound()
