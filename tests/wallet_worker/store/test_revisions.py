"""A ledger with data goes up and down through every revision that there is, and loses nothing of the ledger.

The data was written by the code of schema 0002, hands of four months: it stands in ``tests/data``. Rooms,
sessions and events of hands are of a later schema and go with it; the ledger is what it was, to the byte.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import pytest
import trio
from alembic.config import Config
from alembic.script import ScriptDirectory

import wallet_worker.store.migrate
from cardroom.ids import Epoch, SeatIndex, ShardId, TableId, UserId
from cardroom.local.servers import EmbeddedPostgres
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Transaction, open_postgres
from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import BuyInHeld, HoldBuyIn
from tests.wallet_worker.conftest import _run, settings_of
from tests.wallet_worker.house import LOG, House, open_by
from wallet_worker.ledger.unpacker import Unpacker
from wallet_worker.settings import HandEventSettings
from wallet_worker.store.migrate import migrate, unmigrate
from wallet_worker.store.terms import take_term

OLD = "0002"
_NUMBERS = count(1)
_SCRIPTS = Path(wallet_worker.store.migrate.__file__).parent / "migrations"


def _revisions() -> list[str]:
    """Give all revisions, the oldest first; there is one line of them."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


REVISIONS = _revisions()

FACTS = {
    "player": "id, nickname, email, password_hash, created_at, frozen_at, self_excluded_until",
    "shard": "id, epoch, owner_node, owner_boot, opened_at, last_batch, chain_mac",
    "game_table": (
        "id, shard, name, stake, seat_count, created_at, closed_at, halted_at, last_hand_id, last_hand_no"
    ),
    "account": "id, kind, user_id, table_id, seat, shard, coin, balance, version",
    "entry": "transfer_id, account_id, amount, balance_after, version",
    "transfer": "id, kind, command_id, shard, batch, hand_id, reason, booked_at",
    "hand": (
        "hand_id, table_id, hand_no, previous, started_at, booked_at, rake, money_hash, record, record_sha256"
    ),
    "hand_result": "hand_id, user_id, seat, net, contributed_rake",
    "batch": "shard, number, digest, mac, committed_at",
    "command": "id, shard, kind, body_hash, reply, received_at",
    "dead_letter": "id, shard, stream_id, command_id, table_id, payload, reason, buried_at, resolved_at",
    "keyed_request": "scope, key, body_hash, transfer_id, answer, received_at",
}
"""The columns that every schema has: all of the first one but the invitation and the terms."""


@pytest.fixture
async def owner_settings(postgres: EmbeddedPostgres) -> PostgresSettings:
    """Make a database at the old schema, with the old ledger in it."""
    name = f"revisions_{next(_NUMBERS)}"
    await trio.to_thread.run_sync(lambda: asyncio.run(_run(postgres.dsn, f"CREATE DATABASE {name}")))
    settings = settings_of(postgres, name, "postgres")
    await trio.to_thread.run_sync(migrate, settings, OLD)
    text = (Path(__file__).parents[2] / "data" / "ledger_at_0002.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    script = "\n".join(["SET session_replication_role = replica;", "DELETE FROM shard;", *lines])
    await trio.to_thread.run_sync(lambda: asyncio.run(_run(settings.dsn, script)))
    return settings


@pytest.fixture
async def owner(owner_settings: PostgresSettings) -> AsyncIterator[Postgres]:
    async with open_postgres(owner_settings) as pool:
        yield pool


async def _facts(settings: PostgresSettings) -> Mapping[str, Sequence[str]]:
    """Read all facts as texts, over a new connection: what was prepared for another schema is void."""
    async with open_postgres(settings) as pool, pool.transaction() as transaction:
        found = {}
        for table, columns in FACTS.items():
            sql = f"SELECT concat_ws('|', {columns}) AS fact FROM {table} ORDER BY 1"
            found[table] = [row["fact"] for row in await transaction.fetch(sql)]
    return found


async def _assert_sound(owner_settings: PostgresSettings) -> None:
    dsn = owner_settings.dsn.replace("//postgres@", "//holdem_wallet@")
    async with open_postgres(PostgresSettings(dsn=dsn)) as wallet:
        house = House(wallet, wallet, ShardId(1), [], [])
        await house.assert_sound()


async def test_the_old_ledger_goes_up_step_by_step_and_nothing_is_lost(
    owner_settings: PostgresSettings,
) -> None:
    before = await _facts(owner_settings)
    assert (len(before["hand"]), len(before["dead_letter"])) == (16, 3)
    for revision in REVISIONS[REVISIONS.index(OLD) + 1 :]:
        await trio.to_thread.run_sync(migrate, owner_settings, revision)
        assert await _facts(owner_settings) == before, revision
    await _assert_sound(owner_settings)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_from_the_newest_down_to_each_and_up_again(
    owner_settings: PostgresSettings, revision: str
) -> None:
    before = await _facts(owner_settings)
    await trio.to_thread.run_sync(migrate, owner_settings)
    await _write_what_is_new(owner_settings)
    await trio.to_thread.run_sync(unmigrate, owner_settings, revision)
    assert await _facts(owner_settings) == before
    await trio.to_thread.run_sync(migrate, owner_settings)
    assert await _facts(owner_settings) == before
    await _assert_sound(owner_settings)


async def _write_what_is_new(owner_settings: PostgresSettings) -> None:
    """Give the newer tables rows, so that going down has something to leave behind."""
    async with open_postgres(owner_settings) as owner:
        async with owner.transaction() as transaction:
            await transaction.execute("INSERT INTO room (name) VALUES ('Seoul')")
            await transaction.execute("UPDATE game_table SET room_id = 2 WHERE id = 1")
            await transaction.execute(
                "INSERT INTO session (token_hash, user_id, expires_at) VALUES (sha256('x'), 1, now())"
            )
        await _unpack(owner)


async def _unpack(database: Postgres) -> int:
    unpacker = Unpacker(database, [ShardId(1), ShardId(2)], HandEventSettings(), LOG)
    return await unpacker.catch_up(ShardId(1)) + await unpacker.catch_up(ShardId(2))


async def test_the_house_goes_on_where_the_old_code_stopped(
    owner_settings: PostgresSettings, owner: Postgres
) -> None:
    await trio.to_thread.run_sync(migrate, owner_settings)
    dsn = owner_settings.dsn.replace("//postgres@", "//holdem_wallet@")
    async with open_postgres(PostgresSettings(dsn=dsn)) as wallet:
        house = House(wallet, owner, ShardId(1), [TableId(1)], [UserId(4)])
        term = await take_term(wallet, house.shard, "new", 60.0)
        assert term is not None
        house.term, house.epoch = term, Epoch(1)
        await house.ask(open_by(1))
        house.epoch = Epoch(2)
        (held,) = await house.ask(HoldBuyIn(UserId(4), TableId(1), SeatIndex(4), Krw(1_000)))
        assert isinstance(held, BuyInHeld)
        assert await _unpack(wallet) == 16
        assert await house.number("SELECT count(DISTINCT hand_id) FROM hand_event") == 8, "half can be read"
        rooms = await house.rows("SELECT DISTINCT room.name FROM game_table JOIN room ON room.id = room_id")
        assert [row["name"] for row in rooms] == ["Main"]
        await house.assert_sound()


async def test_a_month_is_dropped_as_a_whole_as_the_schemas_page_says(
    owner_settings: PostgresSettings, owner: Postgres
) -> None:
    await trio.to_thread.run_sync(migrate, owner_settings)
    await _unpack(owner)
    families = ("hand", "hand_result", "hand_event", "transfer", "entry")
    async with owner.transaction() as transaction:
        before = await _months(transaction, families)
        batches = await transaction.fetch("SELECT * FROM batch")
        first = min(month for _, month in before)
        parts = [f"{family}_{first}" for family in families]
        await transaction.execute(f"DROP TABLE {', '.join(parts)}")
    async with owner.transaction() as transaction:
        left = await _months(transaction, families)
        assert left == {key: rows for key, rows in before.items() if key[1] != first}
        assert len({month for _, month in left}) == 3
        assert await transaction.fetch("SELECT * FROM batch") == batches


async def _months(transaction: Transaction, families: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count the rows of each table by month."""
    found: dict[tuple[str, str], int] = {}
    for family in families:
        sql = f"SELECT to_char(booked_at, 'YYYY_MM') AS month, count(*) AS rows FROM {family} GROUP BY 1"
        found |= {(family, row["month"]): row["rows"] for row in await transaction.fetch(sql)}
    return found
