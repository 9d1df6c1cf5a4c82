"""Who is frozen brings nothing in and takes nothing out; what lies on a table plays on and comes home."""

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from cardroom.wire.ledger import BuyInHeld, CashedOut, CommandRefused, HandSettled
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import LINK, PURSE, House, hand_of, hold, leave
from tests.wallet_worker.office import get, make_office, post
from tests.wallet_worker.outside import wish
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.store.hold_for_withdrawal import hold_for_withdrawal

WHY = {"reason": "chargeback", "idempotency_key": "f1"}
FROZEN = CommandRefused(Refusal.FROZEN)
PLAY_FROZEN = CommandRefused(Refusal.PLAY_FROZEN)


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


def gift(house: House, player: int, key: str) -> dict[str, object]:
    return {"user_id": house.players[player], "amount": 5, "reason": "r", "idempotency_key": key}


async def test_a_frozen_player_gets_no_seat_and_no_gift_but_plays_his_hands_out(
    app: QuartTrio, house: House
) -> None:
    await house.seat(0, 1000, 1000)
    user, table = house.players[0], house.tables[0]
    answer = await post(app, f"/admin/users/{user}/freeze", WHY)
    assert answer == (200, {"user_id": user, "frozen": True})
    assert await post(app, f"/admin/users/{user}/freeze", WHY) == answer
    replies = await house.ask(hold(user, table, 0, 100), hold(house.players[1], table, 1, 100))
    assert replies[0] == FROZEN
    assert isinstance(replies[1], BuyInHeld)
    status, document = await post(app, "/admin/promotions", gift(house, 0, "g"))
    assert (status, document["code"]) == (409, "frozen")
    assert (await post(app, "/admin/promotions", gift(house, 1, "g")))[0] == 201
    replies = await house.ask(
        hand_of(table, [(user, 0, -10), (house.players[1], 1, 9)]), leave(user, table, 0, 990)
    )
    assert [type(reply) for reply in replies] == [HandSettled, CashedOut]
    assert (await post(app, f"/admin/users/{user}/unfreeze", WHY))[1] == {"user_id": user, "frozen": False}
    assert isinstance((await house.ask(hold(user, table, 0, 990)))[0], BuyInHeld)
    await house.assert_sound()


async def test_while_everything_is_frozen_nobody_does(app: QuartTrio, house: House) -> None:
    await house.seat(0, 1000, 1000)
    adjustment = {"debit": "promotions", "credit": f"wallet:{house.players[0]}", "amount": 1} | WHY
    number = (await post(app, "/admin/adjustments", adjustment))[1]["adjustment"]
    assert (await post(app, "/admin/freeze", WHY, token="other"))[1] == {"everything_frozen": True}
    said = (await get(app, "/admin/ledger/summary"))[1]["everything_frozen"]
    assert (said["frozen_by"], said["reason"]) == ("kim", "chargeback")
    user, table = house.players[2], house.tables[0]
    assert await house.ask(hold(user, table, 2, 100)) == [PLAY_FROZEN]
    for path, body, token in (
        ("/admin/promotions", gift(house, 1, "g"), "right"),
        (f"/admin/adjustments/{number}/approve", WHY, "other"),
    ):
        status, document = await post(app, path, body, token=token)
        assert (status, document["code"]) == (409, "frozen")
    (reply,) = await house.ask(leave(house.players[0], table, 0, 1000))
    assert isinstance(reply, CashedOut)
    assert (await post(app, "/admin/unfreeze", WHY))[1] == {"everything_frozen": False}
    assert (await get(app, "/admin/ledger/summary"))[1]["everything_frozen"] is None
    assert isinstance((await house.ask(hold(user, table, 2, 100)))[0], BuyInHeld)
    assert (await post(app, f"/admin/adjustments/{number}/approve", WHY, token="other"))[0] == 200
    await house.assert_sound()


async def test_play_is_frozen_alone(app: QuartTrio, house: House) -> None:
    await house.seat(0, 1000, 1000)
    (one, two, three, _), table = house.players, house.tables[0]
    answer = await post(app, "/admin/freeze", WHY | {"scope": "play", "told": "Back at ten."})
    assert answer == (200, {"play_frozen": True})
    assert await house.ask(hold(three, table, 2, 100), hold(one, table, 0, 100)) == [PLAY_FROZEN] * 2
    replies = await house.ask(hand_of(table, [(one, 0, -10), (two, 1, 9)]), leave(one, table, 0, 990))
    assert [type(reply) for reply in replies] == [HandSettled, CashedOut]
    await hold_for_withdrawal(house.database, wish(three), LINK)
    assert (await post(app, "/admin/promotions", gift(house, 2, "g")))[0] == 201
    summary = (await get(app, "/admin/ledger/summary"))[1]
    assert (summary["everything_frozen"], summary["withdrawals_frozen"]) == (None, None)
    assert (summary["play_frozen"]["frozen_by"], summary["play_frozen"]["told"]) == ("admin", "Back at ten.")
    assert (await post(app, "/admin/unfreeze", WHY | {"scope": "play"}))[1] == {"play_frozen": False}
    assert isinstance((await house.ask(hold(three, table, 2, 100)))[0], BuyInHeld)
    await house.assert_sound()


async def test_withdrawals_are_frozen_alone(app: QuartTrio, house: House) -> None:
    assert (await post(app, "/admin/freeze", WHY | {"scope": "withdrawals"}))[1] == {
        "withdrawals_frozen": True
    }
    with pytest.raises(Denied) as denied:
        await hold_for_withdrawal(house.database, wish(house.players[0]), LINK)
    assert denied.value.denial is Denial.WITHDRAWALS_FROZEN
    assert isinstance((await house.ask(hold(house.players[0], house.tables[0], 0, 100)))[0], BuyInHeld)
    await post(app, "/admin/unfreeze", WHY | {"scope": "withdrawals"})
    await hold_for_withdrawal(house.database, wish(house.players[0]), LINK)
    await house.assert_sound()


async def test_one_freeze_is_lifted_and_the_other_stays(app: QuartTrio, house: House) -> None:
    for scope in ("everything", "play"):
        await post(app, "/admin/freeze", WHY | {"scope": scope, "idempotency_key": scope})
    await post(app, "/admin/unfreeze", WHY)
    table = house.tables[0]
    assert await house.ask(hold(house.players[0], table, 0, 100)) == [PLAY_FROZEN]
    await hold_for_withdrawal(house.database, wish(house.players[0]), LINK)


@pytest.mark.parametrize("change", [{"scope": "all"}, {"scope": None}, {"told": "x" * 201}, {"told": "a\0b"}])
async def test_a_freeze_that_cannot_be_is_refused(
    app: QuartTrio, house: House, change: dict[str, object]
) -> None:
    status, document = await post(app, "/admin/freeze", WHY | change)
    assert (status, document["code"]) == (400, "malformed")
    assert isinstance((await house.ask(hold(house.players[0], house.tables[0], 0, 100)))[0], BuyInHeld)


async def test_a_second_freeze_keeps_who_froze_first(app: QuartTrio, house: House) -> None:
    await post(app, "/admin/freeze", WHY, token="other")
    await post(app, "/admin/freeze", WHY | {"reason": "later"})
    assert (await get(app, "/admin/ledger/summary"))[1]["everything_frozen"]["frozen_by"] == "kim"


async def test_a_dry_run_freezes_nobody(app: QuartTrio, house: House) -> None:
    user = house.players[0]
    answer = await post(app, f"/admin/users/{user}/freeze", WHY | {"dry_run": True})
    assert answer == (200, {"dry_run": True, "user_id": user, "frozen": True})
    assert (await post(app, "/admin/freeze", WHY | {"dry_run": True}))[1]["dry_run"] is True
    assert isinstance((await house.ask(hold(user, house.tables[0], 0, 100)))[0], BuyInHeld)


async def test_nobody_is_frozen_without_a_reason_or_a_token(app: QuartTrio, house: House) -> None:
    for path in (
        "freeze",
        "unfreeze",
        f"users/{house.players[0]}/freeze",
        f"users/{house.players[0]}/unfreeze",
    ):
        assert (await post(app, f"/admin/{path}", WHY, token="wrong"))[0] == 401
        assert (await post(app, f"/admin/{path}", WHY | {"reason": ""}))[0] == 400
        assert (await post(app, f"/admin/{path}", {"reason": "x"}))[0] == 400
    for nobody in (0, 10**9, 2**63):
        assert (await post(app, f"/admin/users/{nobody}/freeze", WHY))[0] == 404
    assert await house.wallet(0) == PURSE


async def test_orders_are_listed_by_what_they_are_about(app: QuartTrio, house: House) -> None:
    await post(app, "/admin/freeze", WHY)
    for player in (0, 1):
        why = WHY | {"idempotency_key": f"player {player}"}
        await post(app, f"/admin/users/{house.players[player]}/freeze", why, token="other")
    _, listed = await get(app, "/admin/actions")
    assert [(one["admin"], one["action"]) for one in listed["actions"]] == [
        ("kim", "freeze_player"), ("kim", "freeze_player"), ("admin", "freeze")]  # fmt: skip
    _, listed = await get(app, f"/admin/actions?subject=user:{house.players[0]}&limit=1")
    assert [one["subject"] for one in listed["actions"]] == [f"user:{house.players[0]}"]
    assert listed["actions"][0]["answer"] == {"user_id": house.players[0], "frozen": True}


@pytest.mark.parametrize("order", ["freeze", "unfreeze"])
async def test_finance_freezes_withdrawals_and_nothing_else_for_all(app: QuartTrio, order: str) -> None:
    for scope, status in (("withdrawals", 200), ("play", 403), ("everything", 403)):
        body = {"reason": "a test", "idempotency_key": scope, "scope": scope}
        found, document = await post(app, f"/admin/{order}", body, token="finance")
        assert found == status
        assert status == 200 or document["code"] == "role_needed"
    for role in ("viewer", "support"):
        body = {"reason": "a test", "idempotency_key": role, "scope": "withdrawals"}
        assert (await post(app, f"/admin/{order}", body, token=role))[0] == 403
