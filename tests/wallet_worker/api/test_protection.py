"""What a player's limits leave, by the wallet's page; and held deposits, which administrators release."""

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.office import get, log_in, make_office, post
from tests.wallet_worker.outside import deposit, tx_hash
from tests.wallet_worker.terms import HERE, limit
from wallet_worker.store.book_deposit import book_deposit

WHY = {"reason": "asked by telephone", "idempotency_key": "r1"}
HELD = "/admin/deposits/held"


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


async def test_a_player_sees_what_the_limits_leave(app: QuartTrio, house: House, redis: Redis) -> None:
    tokens = [await log_in(redis, user) for user in house.players[:2]]
    for kind, value in (("loss_day", 1_000), ("loss_week", 900), ("deposit_day", 10), ("session_minutes", 9)):
        await limit(house, 0, kind, value)
    await house.seat(0, 400)
    await book_deposit(house.database, deposit(house.players[0]), LINK, HERE)
    status, shown = await get(app, "/api/v1/wallet/protection", token=tokens[0])
    assert status == 200
    (held,) = shown.pop("held_deposits")
    assert (held["krw_amount"], held["reason"], held["tx_hash"]) == (150_000, "deposit_limit", tx_hash(1))
    assert 0 < shown.pop("session_seconds_left") <= 540
    assert shown == {"deposit_room": 10, "buy_in_room": 500, "at_risk": {"day": 400, "week": 400}}
    assert await get(app, "/api/v1/wallet/protection", token=tokens[1]) == (
        200,
        {
            "deposit_room": None, "buy_in_room": None, "at_risk": {}, "session_seconds_left": None,
            "held_deposits": [],
        },
    )  # fmt: skip
    await limit(house, 1, "session_minutes", 0)
    await limit(house, 0, "loss_day", 1)
    shown = [(await get(app, "/api/v1/wallet/protection", token=token))[1] for token in tokens]
    assert (shown[0]["buy_in_room"], shown[1]["session_seconds_left"]) == (0, 0)
    status, refused = await get(app, "/api/v1/wallet/protection", token="nobody")
    assert (status, refused["code"]) == (401, "not_authenticated")


async def test_an_administrator_lists_and_releases_held_deposits(app: QuartTrio, house: House) -> None:
    await limit(house, 0, "deposit_day", 10)
    for number in (1, 2):
        await book_deposit(house.database, deposit(house.players[0], number=number), LINK, HERE)
    first = (await get(app, f"{HELD}?limit=1"))[1]
    second = (await get(app, f"{HELD}?limit=1&before={first['next_before']}"))[1]
    assert [one["deposits"][0]["tx_hash"] for one in (first, second)] == [tx_hash(2), tx_hash(1)]
    assert second["next_before"] is None
    page = f"{HELD}/{first['deposits'][0]['id']}/release"
    await post(app, page, WHY | {"dry_run": True})
    assert await house.wallet(0) == PURSE
    status, answer = await post(app, page, WHY)
    assert (status, answer["krw_amount"]) == (200, 150_000)
    assert await post(app, page, WHY) == (status, answer)
    assert await house.wallet(0) == PURSE + 150_000
    assert len((await get(app, HELD))[1]["deposits"]) == 1
    (row,) = await house.rows("SELECT admin, action, subject FROM admin_action")
    assert tuple(row) == ("admin", "deposit_release", f"held_deposit:{first['deposits'][0]['id']}")
    for missing in (999, 2**63):
        status, refused = await post(app, f"{HELD}/{missing}/release", WHY | {"idempotency_key": "r2"})
        assert (status, refused["code"]) == (404, "not_found")
