"""Who is frozen brings nothing in and takes nothing out; what lies on a table plays on and comes home."""

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from cardroom.wire.ledger import BuyInHeld, CashedOut, CommandRefused, HandSettled
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import PURSE, House, hand_of, hold, leave
from tests.wallet_worker.office import get, make_office, post

WHY = {"reason": "chargeback", "idempotency_key": "f1"}
FROZEN = CommandRefused(Refusal.FROZEN)


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
    assert await house.ask(hold(user, table, 2, 100)) == [FROZEN]
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
