"""The names that everything goes by outside: what each shows, what it hides, and who may look."""

import hashlib
import hmac
from datetime import datetime

import pytest

from cardroom.service.logins import draw_token, hash_token
from cardroom.service.postgres import Postgres, PostgresRefused
from tests.wallet_worker.house import LINK, PURSE, House, hand_of, leave
from tests.wallet_worker.outside import deposit, wish
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.hold_for_withdrawal import hold_for_withdrawal

COLUMNS = {
    "users": {"id", "nickname", "email", "created_at", "krw_balance", "pending_withdrawal_krw"},
    "rooms": {"id", "name", "status", "created_at"},
    "tables": {"id", "room_id", "shard", "name", "stake", "seat_count", "created_at"},
    "hands": {"id", "table_id", "hand_no", "started_at", "rake"},
    "hand_events": {"hand_id", "seq_no", "street", "seat", "user_id", "action", "amount", "notation"},
    "sessions": {"user_id", "created_at", "expires_at", "ended_at"},
    "wallet_transactions": {
        "user_id", "kind", "amount", "krw_balance_after", "coin", "coin_amount", "tx_hash", "address", "rate",
        "integrity_hash", "created_at", "completed_at",
    },
}  # fmt: skip
INDEXES = {
    "room": "(status, created_at DESC, id DESC)",
    "hand": "(table_id, started_at DESC)",
    "hand_event": "(hand_id, seq_no, booked_at)",
    "session": "(expires_at)",
    "entry": "(account_id, booked_at, version)",
    "game_table": "(room_id)",
}


async def _see(database: Postgres, sql: str, *values: object) -> list[dict[str, object]]:
    async with database.transaction() as transaction:
        return [dict(row) for row in await transaction.fetch(sql, *values)]


async def _state(database: Postgres, sql: str) -> str:
    with pytest.raises(PostgresRefused) as refused:
        await _see(database, sql)
    return refused.value.state


@pytest.mark.parametrize("view", sorted(COLUMNS))
async def test_every_name_has_its_columns_and_is_readable_only(house: House, view: str) -> None:
    rows = await house.rows("SELECT column_name FROM information_schema.columns WHERE table_name = $1", view)
    assert {row["column_name"] for row in rows} >= COLUMNS[view]
    assert not {row["column_name"] for row in rows} & {"password_hash", "token_hash", "invitation", "record"}
    await _see(house.database, f"SELECT * FROM {view}")
    assert await _state(house.database, f"DELETE FROM {view}") in {"42501", "55000"}


@pytest.mark.parametrize("table", sorted(INDEXES))
async def test_every_index_that_was_planned_is_there(house: House, table: str) -> None:
    rows = await house.rows("SELECT indexdef FROM pg_indexes WHERE tablename = $1", table)
    assert [row for row in rows if row["indexdef"].endswith(INDEXES[table])]


async def test_users_have_their_money(house: House) -> None:
    await house.seat(0, 20_000)
    users = await _see(house.database, "SELECT * FROM users ORDER BY id")
    assert [user["krw_balance"] for user in users] == [PURSE - 20_000, PURSE, PURSE, PURSE]
    assert [user["pending_withdrawal_krw"] for user in users] == [0] * 4


async def test_transactions_are_a_players_postings_with_the_balance_after_each(house: House) -> None:
    await house.seat(0, 20_000, 20_000)
    await house.ask(hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 9)]))
    await house.ask(leave(house.players[0], house.tables[0], 0, 19_990))
    seen = await _see(
        house.database,
        "SELECT * FROM wallet_transactions WHERE user_id = $1 ORDER BY created_at, version",
        house.players[0],
    )
    assert [(row["kind"], row["amount"], row["krw_balance_after"]) for row in seen] == [
        ("promotion", PURSE, PURSE),
        ("buy_in", -20_000, PURSE - 20_000),
        ("cash_out", 19_990, PURSE - 10),
    ]
    assert {row["account"] for row in seen} == {"wallet"}
    assert all(isinstance(row["created_at"], datetime) for row in seen)
    assert all(row["completed_at"] == row["created_at"] for row in seen)
    assert seen[0]["reason"] == "start"


async def test_transactions_of_outside_money_have_what_the_payment_has(house: House) -> None:
    """A deposit is done at once; a withdrawal that is held is not, and no chain knows of it yet."""
    credit = deposit(house.players[0])
    await book_deposit(house.database, credit, LINK)
    await hold_for_withdrawal(house.database, wish(house.players[0], 50_000, "key"), LINK)
    seen = await _see(
        house.database,
        "SELECT * FROM wallet_transactions WHERE user_id = $1 AND kind <> 'promotion' ORDER BY id, account",
        house.players[0],
    )
    assert [(row["kind"], row["account"]) for row in seen] == [
        ("crypto_deposit", "wallet"),
        ("withdrawal_hold", "pending_withdrawal"),
        ("withdrawal_hold", "wallet"),
    ]
    paid, held, taken = seen
    assert (paid["coin"], paid["tx_hash"], paid["address"]) == (credit.coin, credit.tx_hash, credit.address)
    assert (paid["rate"], paid["amount"], str(paid["coin_amount"])[:5]) == (150_000_000, 150_000, "0.001")
    assert str(paid["coin_amount"]) == "0.001"
    assert credit.coin_amount == 100_000
    assert paid["completed_at"] is not None
    assert (held["amount"], taken["amount"]) == (50_000, -50_000)
    assert {held["completed_at"], taken["completed_at"], held["tx_hash"], held["coin_amount"]} == {None}
    (user,) = await _see(house.database, "SELECT * FROM users WHERE id = $1", house.players[0])
    assert user["pending_withdrawal_krw"] == 50_000


async def test_an_entrys_hash_is_made_of_these_bytes(house: House) -> None:
    """MAC of the batch, then transfer, account and version as 8 bytes each, big-endian: as documented."""
    await house.seat(0, 20_000)
    (row,) = await house.rows(
        "SELECT entry.transfer_id, entry.account_id, entry.version, batch.mac, seen.integrity_hash"
        " FROM entry JOIN transfer ON transfer.id = entry.transfer_id"
        " JOIN batch ON batch.shard = transfer.shard AND batch.number = transfer.batch"
        " JOIN wallet_transactions AS seen ON seen.id = entry.transfer_id AND seen.kind = 'buy_in'"
        " JOIN account ON account.id = entry.account_id AND account.kind = 'wallet'"
    )
    numbers = (row["transfer_id"], row["account_id"], row["version"])
    data = row["mac"] + b"".join(number.to_bytes(8, "big") for number in numbers)
    assert len(data) == 56
    assert hmac.compare_digest(row["integrity_hash"], hashlib.sha256(data).hexdigest())
    (nothing,) = await house.rows("SELECT entry_integrity_hash(NULL, 1, 2, 3) AS hash")
    assert nothing["hash"] is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT password_hash FROM player",
        "SELECT * FROM player",
        "SELECT * FROM session",
        "INSERT INTO session (token_hash, user_id, expires_at) VALUES ('', 1, now())",
        "DELETE FROM hand_event",
        "UPDATE hand_event SET amount = 1",
        "UPDATE room SET name = 'Other'",
        "UPDATE game_table SET room_id = 1",
        "UPDATE game_table SET shard = 1",
        "DELETE FROM room",
    ],
)
async def test_the_wallets_role_cannot(house: House, sql: str) -> None:
    assert await _state(house.database, sql) == "42501"


async def test_the_wallets_role_finds_a_session_by_its_token_only(house: House) -> None:
    token = draw_token()
    await house.rows(
        "INSERT INTO session (token_hash, user_id, expires_at) VALUES ($1, $2, now() + interval '9 s')",
        hash_token(token),
        house.players[2],
    )
    find = "SELECT user_id, remaining_ms > 0 AS lasts FROM find_session($1)"
    found = await _see(house.database, find, hash_token(token))
    assert found == [{"user_id": house.players[2], "lasts": True}]
    assert await _see(house.database, find, hash_token(draw_token())) == []
    sessions = await _see(house.database, "SELECT * FROM sessions")
    assert [row["user_id"] for row in sessions] == [house.players[2]]


async def test_every_partitioned_table_gets_its_months(house: House) -> None:
    await house.rows("CREATE TABLE tip (amount bigint, booked_at timestamptz) PARTITION BY RANGE (booked_at)")
    await _see(house.database, "SELECT open_months(5)")
    rows = await house.rows(
        "SELECT inhparent::regclass::text AS family, count(*) AS months FROM pg_inherits"
        " JOIN pg_class ON pg_class.oid = inhrelid WHERE relkind = 'r' GROUP BY 1"
    )
    months = {row["family"]: row["months"] for row in rows}
    assert set(months) == {"hand", "hand_result", "hand_event", "transfer", "entry", "tip"}
    assert months["tip"] == 6
    assert len({count for family, count in months.items() if family != "tip"}) == 1
