"""The record of what administrators have ordered is only added to."""

import pytest
from attrs import evolve

from cardroom.service.admin_actions import (
    ActionFilter,
    KeyOfAnotherOrder,
    Order,
    carry_out,
    hash_facts,
    list_actions,
)
from cardroom.service.postgres import PostgresRefused, open_postgres
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import House


def order(key: str, **changes: object) -> Order:
    facts = {"amount": 1} | changes
    return Order("kim", "nothing", "user:1", "because", key, hash_facts("user:1", facts))


async def nothing(_: object) -> dict[str, object]:
    return {"done": True}


async def test_a_key_is_of_one_administrator_and_one_action(house: House) -> None:
    assert await carry_out(house.database, order("k"), nothing) == {"done": True}
    with pytest.raises(KeyOfAnotherOrder):
        await carry_out(house.database, order("k", amount=2), nothing)
    for number in range(3):
        await carry_out(house.database, order(f"other {number}"), nothing)
    rows = await list_actions(house.database, 2**62, 2, ActionFilter("user:1"))
    assert [row["key"] for row in rows] == ["other 2", "other 1"]
    assert [row["key"] for row in await list_actions(house.database, rows[-1]["id"], 9)] == ["other 0", "k"]
    assert list(await list_actions(house.database, 2**62, 2, ActionFilter("user:2"))) == []


@pytest.mark.parametrize("change", ["UPDATE admin_action SET reason = 'x'", "DELETE FROM admin_action"])
@pytest.mark.parametrize("role", ["holdem_wallet", "holdem_router"])
async def test_who_adds_to_the_record_cannot_change_it(
    wallet_settings: PostgresSettings, role: str, change: str
) -> None:
    dsn = wallet_settings.dsn.replace("//holdem_wallet@", f"//{role}@")
    async with open_postgres(evolve(wallet_settings, dsn=dsn, connections=1)) as database:
        assert await database.fetch("SELECT FROM admin_action") == []
        with pytest.raises(PostgresRefused) as refusal:
            async with database.transaction() as transaction:
                await transaction.execute(change)
    assert refusal.value.state == "42501"


async def test_work_that_fails_leaves_no_record(house: House) -> None:
    async def fail(_: object) -> dict[str, object]:
        raise KeyError("broken")

    with pytest.raises(KeyError):
        await carry_out(house.database, order("k"), fail)
    assert await house.number("SELECT count(*) FROM admin_action") == 0
