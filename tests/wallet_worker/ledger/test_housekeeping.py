"""Old outcomes go, young ones cannot; months stand ahead; a failure is told and harms nothing."""

from attrs import evolve

from cardroom.service.postgres import Postgres, PostgresRefused
from tests.wallet_worker.house import LOG, House, hold
from tests.wallet_worker.post import SETTINGS
from wallet_worker.ledger import metrics
from wallet_worker.ledger.housekeeping import Housekeeping

import pytest  # isort: skip


def _of(house: House, **changes: int) -> Housekeeping:
    return Housekeeping(house.database, evolve(SETTINGS, **changes), LOG)


async def _age(house: House, days: int, how_many: int) -> None:
    """Add outcomes that look so many days old."""
    await house.change(
        "INSERT INTO command (id, shard, kind, body_hash, reply, received_at)"
        f" SELECT gen_random_uuid(), {house.shard}, 'hold_buy_in', '', '', now() - interval '{days} days'"
        f" FROM generate_series(1, {how_many})"
    )


async def _count(house: House) -> int:
    return await house.number("SELECT count(*) FROM command")


async def test_outcomes_older_than_35_days_go_and_younger_stay(house: House) -> None:
    await house.ask(hold(house.players[0], house.tables[0], 0, 10))
    kept = await _count(house)
    await _age(house, 36, 25)
    await _age(house, 34, 3)
    await _of(house, forget_commands=10).keep_house()
    assert await _count(house) == kept + 3


async def test_a_round_deletes_no_more_than_its_steps_allow(house: House) -> None:
    kept = await _count(house)
    await _age(house, 36, 25)
    house_keeping = _of(house, forget_commands=10, forget_steps=2)
    await house_keeping.keep_house()
    assert await _count(house) == kept + 5
    await house_keeping.keep_house()
    assert await _count(house) == kept


async def test_the_worker_can_delete_outcomes_in_no_other_way(house: House, database: Postgres) -> None:
    with pytest.raises(PostgresRefused, match="permission denied"):
        async with database.transaction() as transaction:
            await transaction.execute("DELETE FROM command")


async def test_months_that_lack_are_made(house: House) -> None:
    last = "SELECT max(relname) AS name FROM pg_class WHERE relname LIKE 'entry\\_20%' AND relkind = 'r'"
    (before,) = await house.rows(last)
    await house.change(f"DROP TABLE {before['name']}")
    (lacking,) = await house.rows(last)
    assert lacking["name"] < before["name"]
    await _of(house).keep_house()
    assert await house.rows(last) == [before]


async def test_a_failure_is_counted_and_the_other_task_goes_on(house: House) -> None:
    kept = await _count(house)
    await _age(house, 36, 3)
    await house.change("REVOKE EXECUTE ON FUNCTION open_months(integer) FROM holdem_wallet")
    failures = metrics.HOUSEKEEPING_FAILURES.labels(task="open_months")
    before = failures._value.get()
    await _of(house).keep_house()
    assert failures._value.get() == before + 1
    assert await _count(house) == kept
