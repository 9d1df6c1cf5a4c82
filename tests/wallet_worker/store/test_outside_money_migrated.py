"""The step of outside money goes down and up again with money in it; what was credited once stays so."""

import pytest
import trio

from cardroom.service.postgres import PostgresRefused, open_postgres
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import deposit, held, payout
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.book_payout import book_payout
from wallet_worker.store.migrate import migrate, unmigrate

NEW = ("outside_payment", "payment_transfer", "admin_action", "adjustment", "house_freeze", "player_standing")
ROUTERS_TOO = ("admin_action",)


COINS = "SELECT count(coin_amount) FROM wallet_transactions"


async def test_down_and_up_with_outside_money_in_it(house: House, owner_settings: PostgresSettings) -> None:
    first = await book_deposit(house.database, deposit(house.players[0]), LINK)
    await book_payout(house.database, await held(house), payout(), LINK)
    assert await house.number(COINS) == 5
    await trio.to_thread.run_sync(unmigrate, owner_settings, "0004")
    assert await house.number(COINS) == 0
    for name in NEW:
        assert await house.number("SELECT count(*) FROM pg_class WHERE relname = $1", name) == 0
    await trio.to_thread.run_sync(migrate, owner_settings)
    assert await house.wallet(0) == PURSE + 150_000 - 30_001
    assert await book_deposit(house.database, deposit(house.players[0]), LINK) == first
    assert await house.wallet(0) == PURSE + 150_000 - 30_001
    await book_deposit(house.database, deposit(house.players[0], number=2), LINK)
    broken, cleared = [check for check in (await house.verify()).checks if check.faults]
    assert cleared.name == "clearing accounts hold what their payments say"
    assert broken.name == "payments and adjustments are what was sealed"
    assert len(broken.faults) == 3, "whose they were is sealed, and does not stand beside them any more"


@pytest.mark.parametrize("name", [name for name in NEW if name not in ROUTERS_TOO])
async def test_the_routers_role_sees_nothing_of_it(wallet_settings: PostgresSettings, name: str) -> None:
    dsn = wallet_settings.dsn.replace("//holdem_wallet@", "//holdem_router@")
    async with open_postgres(PostgresSettings(dsn=dsn, connections=1)) as router:
        with pytest.raises(PostgresRefused) as refusal:
            async with router.transaction() as transaction:
                await transaction.execute(f"SELECT FROM {name}")
    assert refusal.value.state == "42501"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM adjustment",
        "UPDATE adjustment SET amount = 1",
        "UPDATE adjustment SET proposed_by = 'x'",
        "UPDATE adjustment SET expires_at = now()",
        "DELETE FROM house_freeze",
        "INSERT INTO house_freeze (scope) VALUES ('play')",
        "TRUNCATE admin_action",
        "TRUNCATE outside_payment CASCADE",
        "ALTER TABLE outside_payment DISABLE TRIGGER ALL",
        "UPDATE keyed_request SET body_hash = ''",
    ],
)
async def test_the_workers_role_cannot_rewrite_what_was_ordered(house: House, statement: str) -> None:
    with pytest.raises(PostgresRefused) as refusal:
        async with house.database.transaction() as transaction:
            await transaction.execute(statement)
    assert refusal.value.state == "42501"


@pytest.mark.parametrize(
    "change",
    ["state = 'approved'", "state = 'approved', decided_by = 'b', decided_at = now(), decision_reason = 'r'"],
)
async def test_no_adjustment_is_approved_without_its_transfer(house: House, change: str) -> None:
    async with house.database.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO adjustment (debit, credit, amount, reason, proposed_by, expires_at)"
            " VALUES ('promotions', 'rounding', 1, 'r', 'a', now() + interval '1 d')"
        )
    with pytest.raises(PostgresRefused) as refusal:
        async with house.database.transaction() as transaction:
            await transaction.execute(f"UPDATE adjustment SET {change}")
    assert refusal.value.constraint == "adjustment_is_decided_whole"


@pytest.mark.parametrize("name", ["admin_action", "payment_transfer", "outside_payment", "adjustment"])
async def test_the_owner_of_the_tables_deletes_nothing_either(house: House, name: str) -> None:
    for statement in (f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE"):
        with pytest.raises(PostgresRefused) as refusal:
            async with house.owner.transaction() as transaction:
                await transaction.execute(statement)
        assert refusal.value.constraint == "append_only"
