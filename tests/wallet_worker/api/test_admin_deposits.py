"""What administrators see of deposits, and what they decide."""

from typing import Any

import pytest
from attrs import evolve

from cardroom.service.redis import Redis
from tests.fakes.gateways import made_up_address
from tests.wallet_worker.coin_office import CoinOffice, open_coin_office
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.office import get, ordered, post
from tests.wallet_worker.outside import tx_hash
from tests.wallet_worker.terms import limit
from wallet_worker.gateways.port import DepositTold

DEPOSITS = "/admin/deposits"


@pytest.fixture
def office(house: House, redis: Redis) -> CoinOffice:
    return open_coin_office(house, redis)


async def order(office: CoinOffice, number: int, what: str, **body: Any) -> tuple[int, Any]:
    return await post(office.app, f"{DEPOSITS}/{number}/{what}", ordered(body))


async def simple(office: CoinOffice, number: int, what: str, key: str = "k") -> tuple[int, Any]:
    body = {"reason": "for a test", "idempotency_key": f"{number} {what} {key}"}
    return await post(office.app, f"{DEPOSITS}/{number}/{what}", body)


async def unmatched(office: CoinOffice, confirmations: int = 3) -> DepositTold:
    address = made_up_address("BTC", "somebody")
    told = office.room.gateway.has(DepositTold("BTC", tx_hash(1), 0, address, 100_000, confirmations))
    assert await office.tell(told) == (404, "unknown_address")
    return told


async def test_nobodys_deposit_is_assigned_by_an_administrator_and_credited(
    office: CoinOffice, house: House
) -> None:
    told = await unmatched(office)
    (shown,) = (await get(office.app, f"{DEPOSITS}?state=unmatched"))[1]["deposits"]
    assert (shown["user_id"], shown["address"], shown["state"]) == (None, told.address, "unmatched")
    number = shown["id"]
    status, refused = await simple(office, number, "credit")
    assert (status, refused["code"]) == (409, "unknown_address")
    for user in (10**9, 0):
        assert (await order(office, number, "assign", user_id=user))[0] == 404
    body = ordered({"user_id": house.players[0]})
    assert (await post(office.app, f"{DEPOSITS}/{number}/assign", body | {"dry_run": True}))[1]["dry_run"]
    for _ in range(2):
        status, answer = await post(office.app, f"{DEPOSITS}/{number}/assign", body)
        assert (status, answer) == (
            200,
            {"deposit": number, "state": "confirmed", "user_id": house.players[0]},
        )
    assert await office.tell(told, ago=-1) == (202, "accepted")
    await office.room.work()
    await office.room.assert_credited_once()
    assert office.room.board.states(house.players[0]) == ["confirmed 3/3", "credited 3/3"]
    status, refused = await order(office, number, "assign", user_id=house.players[1])
    assert (status, refused["code"]) == (409, "deposit_ended")
    actions = (await get(office.app, "/admin/actions"))[1]["actions"]
    assert [one["action"] for one in actions] == ["deposit_assigned"]


async def test_what_is_assigned_with_too_few_confirmations_waits_for_them(
    office: CoinOffice, house: House
) -> None:
    told = await unmatched(office, confirmations=1)
    status, answer = await order(office, 1, "assign", user_id=house.players[0])
    assert (status, answer["state"]) == (200, "confirming")
    await office.room.work()
    office.room.gateway.confirms(told, 3)
    await office.room.work()
    await office.room.work()
    await office.room.assert_credited_once()


async def test_what_is_found_is_credited_or_refused_by_a_person(office: CoinOffice, house: House) -> None:
    room = office.room
    for number in (1, 2):
        room.screening.found[tx_hash(number)] = "a mixer"
        await room.hear(room.gateway.has(await room.told(0, number)))
    await room.work()
    (second, first) = (await get(office.app, f"{DEPOSITS}?state=review"))[1]["deposits"]
    assert first["reason"] == "screening_hit: a mixer"
    assert (await simple(office, first["id"], "credit"))[1]["state"] == "confirmed"
    assert (await simple(office, second["id"], "refuse"))[1]["state"] == "refused"
    await room.work()
    assert await room.states() == ["credited", "refused administrator"]
    for number, what in ((first["id"], "credit"), (first["id"], "refuse"), (second["id"], "refuse")):
        status, refused = await simple(office, number, what, key="another")
        assert (status, refused["code"]) == (409, "deposit_ended")
    assert (await simple(office, second["id"], "credit"))[0] == 200
    await room.work()
    assert await house.wallet(0) == PURSE + 300_000
    await house.assert_sound()
    actions = (await get(office.app, "/admin/actions"))[1]["actions"]
    assert [(one["action"], one["subject"]) for one in reversed(actions)] == [
        ("deposit_cleared", f"deposit:{first['id']}"),
        ("deposit_refused", f"deposit:{second['id']}"),
        ("deposit_cleared", f"deposit:{second['id']}"),
    ]


async def test_who_has_sent_it_is_written_down_and_told_to_the_screening(office: CoinOffice) -> None:
    room = office.room
    await room.hear(room.gateway.has(await room.told(0)))
    status, _ = await order(office, 1, "originator", name="Lee", address="1Lee", exchange="")
    assert status == 200
    assert (await order(office, 1, "originator", name="", address="1Lee"))[0] == 400
    await room.work()
    assert room.screening.asked[0].originator == "1Lee"
    (shown,) = (await get(office.app, DEPOSITS))[1]["deposits"]
    assert shown["originator"] == {"name": "Lee", "address": "1Lee"}
    actions = (await get(office.app, "/admin/actions"))[1]["actions"]
    assert [one["action"] for one in actions] == ["deposit_originator"]


async def test_alarms_are_listed(office: CoinOffice) -> None:
    told = await office.room.told(0)
    await office.room.hear(office.room.gateway.has(told))
    await office.room.work()
    assert await office.tell(evolve(told, coin_amount=1)) == (409, "deposit_changed")
    (shown,) = (await get(office.app, f"{DEPOSITS}?state=alarm"))[1]["deposits"]
    assert (shown["state"], shown["alarm"], shown["payment"]) == ("credited", "deposit_changed", 1)
    first = (await get(office.app, f"{DEPOSITS}?limit=1"))[1]
    assert first["next_before"] is None
    assert (await get(office.app, f"{DEPOSITS}?state=unknown"))[0] == 400


async def test_a_release_by_an_administrator_is_told_to_the_player(office: CoinOffice, house: House) -> None:
    await limit(house, 0, "deposit_day", 10)
    await office.room.hear(office.room.gateway.has(await office.room.told(0)))
    await office.room.work()
    (held,) = (await get(office.app, f"{DEPOSITS}?state=held"))[1]["deposits"]
    page = f"{DEPOSITS}/held/{held['held_deposit']}/release"
    assert (await post(office.app, page, ordered({})))[0] == 200
    assert office.room.board.states(house.players[0])[-1] == "credited 3/3"
    await office.room.assert_credited_once()


async def test_what_is_not_there_cannot_be_decided(office: CoinOffice) -> None:
    for number in (77, 2**63):
        status, refused = await simple(office, number, "refuse")
        assert (status, refused["code"]) == (404, "not_found")
