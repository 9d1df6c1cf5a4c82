"""What the database itself refuses, whatever a program asks; and shards whose players cross."""

import pytest
import trio

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres, PostgresRefused, open_postgres
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import House, hand_of, hold, leave, open_house

DENIED = "42501"


async def _refused(database: Postgres, *statements: str) -> PostgresRefused:
    with pytest.raises(PostgresRefused) as refusal:
        await _execute(database, *statements)
    return refusal.value


async def _execute(database: Postgres, *statements: str) -> None:
    async with database.transaction() as transaction:
        for statement in statements:
            await transaction.execute(statement)


async def test_an_unbalanced_transfer_is_refused(house: House, database: Postgres) -> None:
    transfer = f"""INSERT INTO transfer (id, kind, command_id, shard, batch, booked_at)
        VALUES (10000, 'adjustment', gen_random_uuid(), {house.shard}, 1000, now())"""
    entries = """INSERT INTO entry (transfer_id, account_id, amount, balance_after, version, booked_at)
        SELECT 10000, id, 1, balance + 1, version + 1, now() FROM account WHERE kind = 'wallet' LIMIT 2"""
    assert (await _refused(database, transfer, entries)).constraint == "transfer_sums_to_zero"


@pytest.mark.parametrize("kind", ["wallet", "escrow"])
async def test_players_never_go_below_zero(house: House, database: Postgres, kind: str) -> None:
    await house.seat(0, 1000)
    refusal = await _refused(database, f"UPDATE account SET balance = -1 WHERE kind = '{kind}'")
    assert refusal.constraint == "account_never_negative"


async def test_a_seat_never_holds_two_players_money(house: House, database: Postgres) -> None:
    await house.seat(0, 1000, 1000)
    refusal = await _refused(database, "UPDATE account SET seat = 0 WHERE kind = 'escrow'")
    assert refusal.constraint == "account_seat_key"


@pytest.mark.parametrize(
    "statement",
    [
        *(f"DELETE FROM {name}" for name in ("entry", "transfer", "command", "hand", "batch", "account")),
        "UPDATE entry SET amount = 1",
        "UPDATE transfer SET reason = ''",
        "UPDATE command SET reply = ''",
        "UPDATE hand SET rake = 0",
        "UPDATE hand_result SET net = 0",
        "UPDATE batch SET digest = ''",
        "UPDATE keyed_request SET answer = '{}'",
        "UPDATE account SET user_id = 1",
        "UPDATE game_table SET invitation = 'ANOTHER222'",
        "TRUNCATE entry",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
async def test_the_workers_role_can_change_no_history(database: Postgres, statement: str) -> None:
    assert (await _refused(database, statement)).state == DENIED


@pytest.mark.parametrize(
    "name",
    [
        "account",
        "entry",
        "transfer",
        "command",
        "hand",
        "hand_result",
        "shard",
        "keyed_request",
        "game_table",
    ],
)
async def test_the_routers_role_sees_no_money(wallet_settings: PostgresSettings, name: str) -> None:
    dsn = wallet_settings.dsn.replace("//holdem_wallet@", "//holdem_router@")
    async with open_postgres(PostgresSettings(dsn=dsn, connections=1)) as router:
        assert (await _refused(router, f"SELECT * FROM {name}")).state == DENIED


async def test_shards_whose_players_cross_wait_for_nobody_and_lose_nothing(house: House) -> None:
    """The same players at tables of two shards, in opposite order, in batches at the same time."""
    other = await open_house(
        house.database, house.owner, ShardId(house.shard + 1), list(reversed(house.players))
    )
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_play, house)
            nursery.start_soon(_play, other)
    wallets = await house.number("SELECT sum(balance) FROM account WHERE kind IN ('wallet', 'rake')")
    assert wallets == 400_000
    await house.assert_sound()


async def _play(house: House) -> None:
    table, last = house.tables[0], None
    for _ in range(20):
        hand = hand_of(table, [(house.players[0], 0, -10), (house.players[1], 1, 9)], last)
        bodies = [hold(user, table, seat, 100) for seat, user in enumerate(house.players)]
        stacks = [90, 109, 100, 100]
        leaving = [leave(user, table, seat, stacks[seat]) for seat, user in enumerate(house.players)]
        await house.ask(*bodies, hand, *leaving)
        last = hand
