"""Orders of administrators: reason, key, who; recorded once, rehearsed without a trace."""

import pytest
import trio
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.office import make_office, post


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


def gift(house: House, **changes: object) -> dict[str, object]:
    body = {"user_id": house.players[0], "amount": 5_000, "reason": "welcome", "idempotency_key": "k1"}
    return body | changes


async def actions(house: House) -> list[tuple[str, str, str, str]]:
    rows = await house.rows("SELECT admin, action, subject, reason FROM admin_action ORDER BY id")
    return [(row["admin"], row["action"], row["subject"], row["reason"]) for row in rows]


async def test_who_orders_what_and_why_is_recorded_once(app: QuartTrio, house: House) -> None:
    for _ in range(2):
        await post(app, "/admin/promotions", gift(house), token="other")
    assert await actions(house) == [("kim", "promotion", f"user:{house.players[0]}", "welcome")]


async def test_a_refused_order_is_not_recorded(app: QuartTrio, house: House) -> None:
    assert (await post(app, "/admin/promotions", gift(house, user_id=99)))[0] == 404
    assert await actions(house) == []


async def test_a_dry_run_says_what_would_happen_and_leaves_no_trace(app: QuartTrio, house: House) -> None:
    before = await house.rows(
        "SELECT (SELECT count(*) FROM entry), (SELECT last_batch FROM shard WHERE id = -1)"
    )
    status, said = await post(app, "/admin/promotions", gift(house, dry_run=True))
    assert (status, said["dry_run"], said["amount"]) == (201, True, 5_000)
    after = await house.rows(
        "SELECT (SELECT count(*) FROM entry), (SELECT last_batch FROM shard WHERE id = -1)"
    )
    assert (before, await actions(house), await house.wallet(0)) == (after, [], PURSE)
    assert (await post(app, "/admin/promotions", gift(house, user_id=99, dry_run=True)))[0] == 404
    status, given = await post(app, "/admin/promotions", gift(house))
    assert (status, "dry_run" in given, await house.wallet(0)) == (201, False, PURSE + 5_000)
    assert (await post(app, "/admin/promotions", gift(house, dry_run=True)))[1] == given | {"dry_run": True}
    await house.assert_sound()


async def test_another_order_under_the_same_key_is_refused(app: QuartTrio, house: House) -> None:
    await post(app, "/admin/promotions", gift(house))
    status, document = await post(app, "/admin/promotions", gift(house, reason="again"))
    assert (status, document["code"]) == (409, "command_reused")


async def test_the_same_order_many_times_at_once_is_carried_out_once(app: QuartTrio, house: House) -> None:
    answers = []

    async def order() -> None:
        answers.append(await post(app, "/admin/promotions", gift(house)))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(order)
    assert answers == [answers[0]] * 5
    assert (answers[0][0], await house.wallet(0), len(await actions(house))) == (201, PURSE + 5_000, 1)
    await house.assert_sound()
