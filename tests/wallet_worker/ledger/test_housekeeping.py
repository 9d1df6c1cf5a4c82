"""Old outcomes go, young ones cannot; months stand ahead; a failure is told and harms nothing."""

import trio
from attrs import evolve

from cardroom.service.postgres import Postgres, PostgresRefused
from tests.wallet_worker.house import LOG, House, hold
from tests.wallet_worker.post import SETTINGS
from wallet_worker.ledger import metrics
from wallet_worker.ledger.housekeeping import Housekeeping

import pytest  # isort: skip


_DELIVERIES = "SELECT count(*) FROM webhook_delivery"


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


async def test_messages_of_gateways_that_are_too_old_to_come_again_go(house: House) -> None:
    for seconds, how_many in ((601, 25), (599, 3)):
        await house.change(
            "INSERT INTO webhook_delivery (digest, gateway, taken_at)"
            f" SELECT sha256(('{seconds}' || number)::bytea), 'vault', now() - interval '{seconds} s'"
            f" FROM generate_series(1, {how_many}) AS number"
        )
    await _of(house, forget_commands=10).keep_house()
    assert await house.number(_DELIVERIES) == 28, "without gateways nobody looks"
    await evolve(_of(house, forget_commands=10, forget_steps=2), delivery_seconds=600.0).keep_house()
    assert await house.number(_DELIVERIES) == 8
    await evolve(_of(house, forget_commands=10), delivery_seconds=600.0).keep_house()
    assert await house.number(_DELIVERIES) == 3


async def test_a_failure_is_counted_and_the_other_task_goes_on(house: House) -> None:
    kept = await _count(house)
    await _age(house, 36, 3)
    await house.change("REVOKE EXECUTE ON FUNCTION open_months(integer) FROM holdem_wallet")
    failures = metrics.HOUSEKEEPING_FAILURES.labels(task="open_months")
    before = failures._value.get()
    await _of(house).keep_house()
    assert failures._value.get() == before + 1
    assert await _count(house) == kept


async def test_a_month_is_made_while_somebody_reads_the_tables_and_bookings_go_on(house: House) -> None:
    """A verification reads for minutes; neither it nor who books may wait for the new month."""
    parts = "SELECT relacl::text FROM pg_class WHERE relname LIKE 'entry\\_20%' AND relkind = 'r'"
    before = await house.rows(parts)
    async with house.owner.transaction() as reader:
        for table in ("entry", "transfer", "hand", "hand_result", "hand_event"):
            await reader.fetch(f"SELECT FROM {table}")
        async with house.database.transaction() as making:
            await making.execute("SET LOCAL lock_timeout = '500ms'")
            await making.execute("SELECT open_months(4)")
            with trio.fail_after(2):
                await house.seat(0, 1000)
    assert len(await house.rows(parts)) == len(before) + 1
    assert {row["relacl"] for row in await house.rows(parts)} == {None}
    await house.assert_sound()


async def test_a_month_has_all_that_the_others_have(house: House) -> None:
    """Indexes, constraints and defaults: only what is parted is inherited by itself."""
    await _of(house).keep_house()
    await house.rows("SELECT open_months(4)")
    for table in ("entry", "transfer", "hand", "hand_result", "hand_event"):
        shapes = await house.rows(
            "SELECT relname, (SELECT count(*) FROM pg_index WHERE indrelid = part.oid) AS indexes,"
            " (SELECT count(*) FROM pg_constraint WHERE conrelid = part.oid) AS constraints,"
            " (SELECT count(*) FROM pg_attrdef WHERE adrelid = part.oid) AS defaults,"
            " (SELECT count(*) FROM pg_index WHERE indrelid = inhparent) AS indexes_above"
            " FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid"
            " WHERE inhparent = to_regclass($1)",
            table,
        )
        assert len({tuple(row.values())[1:] for row in shapes}) == 1, shapes
        assert shapes[0]["indexes"] == shapes[0]["indexes_above"] > 0
