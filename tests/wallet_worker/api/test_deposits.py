"""What players are answered about coins that come in."""

import pytest

from cardroom.service.redis import Redis
from tests.wallet_worker.coin_office import CoinOffice, open_coin_office
from tests.wallet_worker.house import House
from tests.wallet_worker.office import get, log_in
from tests.wallet_worker.outside import tx_hash
from tests.wallet_worker.terms import exclude

ADDRESS, DEPOSITS = "/api/v1/wallet/deposit-address", "/api/v1/wallet/deposits"


@pytest.fixture
def office(house: House, redis: Redis) -> CoinOffice:
    return open_coin_office(house, redis)


async def test_a_player_is_given_an_address(office: CoinOffice, house: House, redis: Redis) -> None:
    token = await log_in(redis, house.players[0])
    status, answer = await get(office.app, f"{ADDRESS}/ETH", token)
    address = await office.room.address(0, "ETH")
    assert (status, answer) == (
        200,
        {
            "coin": "ETH", "address": address, "network": "mainnet", "confirmations": 12,
            "smallest_deposit": "0.00005",
        },
    )  # fmt: skip
    assert (await get(office.app, f"{ADDRESS}/ETH", token))[1] == answer
    status, refused = await get(office.app, f"{ADDRESS}/DOGE", token)
    assert (status, refused["code"]) == (404, "no_such_coin")
    assert (await get(office.app, f"{ADDRESS}/ETH", "nobody"))[0] == 401
    await exclude(house, 0)
    status, refused = await get(office.app, f"{ADDRESS}/ETH", token)
    assert (status, refused["code"]) == (403, "self_excluded")


async def test_without_the_gateway_it_says_when_to_come_again(
    office: CoinOffice, house: House, redis: Redis
) -> None:
    token = await log_in(redis, house.players[0])
    office.room.gateway.is_away = True
    headers = {"Authorization": f"Bearer {token}"}
    answer = await office.app.test_client().get(f"{ADDRESS}/BTC", headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (await answer.get_json())["code"] == "unavailable"


async def test_a_player_sees_how_far_each_deposit_is_and_nobody_elses(
    office: CoinOffice, house: House, redis: Redis
) -> None:
    room, tokens = office.room, [await log_in(redis, user) for user in house.players[:2]]
    await room.hear(room.gateway.has(await room.told(0)))
    await room.work()
    await room.hear(room.gateway.has(await room.told(0, 2, confirmations=1)))
    await room.hear(room.gateway.has(await room.told(1, 3, confirmations=1)))
    status, first = await get(office.app, f"{DEPOSITS}?limit=1", tokens[0])
    assert status == 200
    (newest,) = first["deposits"]
    assert (newest["state"], newest["confirmations"], newest["needed"]) == ("confirming", 1, 3)
    assert (newest["krw_amount"], newest["credited_at"]) == (None, None)
    _, second = await get(office.app, f"{DEPOSITS}?before={first['next_before']}", tokens[0])
    (oldest,) = second["deposits"]
    assert (oldest["state"], oldest["krw_amount"], oldest["coin_amount"], oldest["tx_hash"]) == (
        "credited", 150_000, "0.00100000", tx_hash(1),
    )  # fmt: skip
    assert (oldest["credited_at"] is not None, second["next_before"]) == (True, None)


async def test_what_a_screening_found_is_nothing_for_players(
    office: CoinOffice, house: House, redis: Redis
) -> None:
    room, token = office.room, await log_in(redis, house.players[0])
    room.screening.found[tx_hash(1)] = "a mixer"
    await room.hear(room.gateway.has(await room.told(0)))
    await room.work()
    (shown,) = (await get(office.app, DEPOSITS, token))[1]["deposits"]
    assert (shown["state"], shown["reason"]) == ("review", None)
