"""The schema goes up, down and up again, also with money in it."""

import trio

from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import House, hand_of
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
