"""The schema goes up, down and up again, also with money in it."""

import trio

from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import ShardOpened
from tests.wallet_worker.house import House, hand_of, open_by
from wallet_worker.store.create_table import NewTable, create_table
from wallet_worker.store.migrate import migrate, unmigrate


async def _tables(settings: PostgresSettings) -> set[str]:
    async with open_postgres(settings) as pool, pool.transaction() as transaction:
        rows = await transaction.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def test_up_down_and_up_with_money_in_it(house: House, owner_settings: PostgresSettings) -> None:
    await house.seat(0, 1000, 1000)
    await house.ask(hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 9)]))
    before = await _tables(owner_settings)
    await trio.to_thread.run_sync(migrate, owner_settings)
    await house.assert_sound()
    await trio.to_thread.run_sync(unmigrate, owner_settings)
    assert await _tables(owner_settings) == {"alembic_version"}
    await trio.to_thread.run_sync(migrate, owner_settings)
    assert await _tables(owner_settings) == before
    assert await house.number("SELECT count(*) FROM entry") == 0
    await house.assert_sound()


async def test_tables_that_stood_before_codes_came_are_public(
    house: House, owner_settings: PostgresSettings, database: Postgres
) -> None:
    await house.seat(0, 1000, 1000)
    await trio.to_thread.run_sync(unmigrate, owner_settings, "0001")
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'invitation'"
    assert await house.number(columns) == 0
    await trio.to_thread.run_sync(migrate, owner_settings)
    await house.assert_sound()
    assert [row["invitation"] for row in await house.rows("SELECT invitation FROM game_table")] == [None] * 2
    made = await create_table(database, NewTable(house.shard, "Three", "50/100", 6, is_private=True))
    (opened,) = await house.ask(open_by(1))
    assert isinstance(opened, ShardOpened)
    assert [table.invitation for table in opened.tables] == ["", "", made.invitation]
    assert [escrow.amount for escrow in opened.tables[0].escrow] == [1000, 1000]


_HIDE = (
    """
CREATE FUNCTION pg_temp.take_over() RETURNS name LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE public.taken AS SELECT current_user::text AS owner;
    RETURN 'hand';
END
$$
""",
    """
CREATE TEMP VIEW pg_class AS
SELECT pg_temp.take_over() AS relname, 'p'::"char" AS relkind, 'public'::regnamespace::oid AS relnamespace
""",
    "GRANT SELECT ON pg_temp.pg_class TO PUBLIC",
)


async def test_nobody_runs_code_of_their_own_with_the_owners_rights(house: House) -> None:
    """A temporary table or view stands in front of all others, unless the function's path names it last."""
    async with house.database.transaction() as transaction:
        for statement in (*_HIDE, "SELECT open_months(1)"):
            await transaction.execute(statement)
    assert await house.rows("SELECT FROM pg_tables WHERE tablename = 'taken'") == []
    paths = await house.rows(
        "SELECT proname, proconfig[1] AS path FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert {row["proname"] for row in paths} >= {"open_months", "find_session", "forget_commands"}
    assert {row["path"] for row in paths} == {"search_path=pg_catalog, public, pg_temp"}
