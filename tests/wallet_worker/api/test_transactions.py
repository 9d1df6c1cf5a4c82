"""Lists of transactions: every posting once, whatever is booked meanwhile; filters; CSV of any length."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx
import pytest
import trio
from quart_trio import QuartTrio

from cardroom.local.servers import free_port
from cardroom.service.http import serve_http
from cardroom.service.redis import Redis
from cardroom.service.settings import Bind
from tests.wallet_worker.house import LINK, PURSE, House, hand_of, hold, leave
from tests.wallet_worker.office import get, log_in, make_office
from tests.wallet_worker.outside import ADDRESS, deposit, held, payout, tx_hash
from wallet_worker.rules.coins import Rate
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.book_payout import book_payout

LIST = "/api/v1/wallet/transactions"


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


async def pages(app: QuartTrio, token: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before = ""
    for _ in range(100):
        status, page = await get(app, f"{LIST}?{query}{before}", token=token)
        assert status == 200, page
        found += page["transactions"]
        if page["next_before"] is None:
            return found
        before = f"&before={page['next_before']}"
    raise AssertionError("the pages have no end")


async def come_and_go(house: House, times: int, table: int = 0) -> None:
    for _ in range(times):
        user, at = house.players[0], house.tables[table]
        await house.ask(hold(user, at, 0, 100), leave(user, at, 0, 100))


async def many_gifts(house: House, how_many: int) -> None:
    """Write many postings of the first player's wallet at once, as the owner; not sealed, one month."""
    async with house.owner.transaction() as transaction:
        await transaction.execute(
            """WITH new AS (
                INSERT INTO transfer (id, kind, command_id, shard, batch, reason, booked_at)
                SELECT 1000000 + step, 'promotion', gen_random_uuid(), -1, 100000 + step, 'many',
                       now() + step * interval '1 ms' FROM generate_series(1, $2::int) AS step
                RETURNING id, booked_at)
            INSERT INTO entry (transfer_id, account_id, amount, balance_after, version, booked_at)
            SELECT new.id, account.id, CASE kind WHEN 'wallet' THEN 1 ELSE -1 END, 1000 + new.id, new.id,
                   booked_at
            FROM new, account WHERE kind = 'promotions' OR kind = 'wallet' AND user_id = $1""",
            house.players[0], how_many,
        )  # fmt: skip


async def test_a_player_sees_what_moved_and_what_was_there_after(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await come_and_go(house, 1)
    token = await log_in(redis, house.players[0])
    found = await pages(app, token)
    assert [(one["kind"], one["amount"], one["krw_balance_after"]) for one in found] == [
        ("cash_out", 100, PURSE), ("buy_in", -100, PURSE - 100), ("promotion", PURSE, PURSE)]  # fmt: skip
    assert {one["account"] for one in found} == {"wallet"}
    assert all(one["created_at"] == one["completed_at"] for one in found)
    mac, account, transfer = (await house.rows(
        "SELECT batch.mac, account.id, transfer.id FROM transfer JOIN batch ON batch.shard = transfer.shard"
        " AND number = batch JOIN account ON user_id = $1 AND account.kind = 'wallet'"
        " WHERE transfer.kind = 'cash_out'", house.players[0]))[0]  # fmt: skip
    numbers = b"".join(number.to_bytes(8, "big") for number in (transfer, account, 3))
    assert found[0]["integrity_hash"] == sha256(mac + numbers).hexdigest()


async def test_hands_are_told_on_the_tables_and_other_players_are_not(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await house.seat(0, 1000, 1000)
    await house.seat(1, 500)
    hand = hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 9)])
    await house.ask(hand)
    found = await pages(app, await log_in(redis, house.players[0]), "account=tables&limit=1")
    told = [(one["kind"], one["amount"], one["table_id"], one["krw_balance_after"]) for one in found]
    assert told == [
        ("hand", -10, house.tables[0], 990), ("buy_in", 500, house.tables[1], 500),
        ("buy_in", 1000, house.tables[0], 1000)]  # fmt: skip
    assert found[0]["hand_id"] == str(hand.hand_id)
    assert await pages(app, await log_in(redis, house.players[3]), "account=tables") == []


async def test_outside_money_has_its_facts(app: QuartTrio, house: House, redis: Redis) -> None:
    wei = 1_234_567_890_123_456_789
    eth = deposit(house.players[0], wei, coin="ETH", rate=Rate(5_000_001, 18), address="=2+5")
    await book_deposit(house.database, eth, LINK)
    await book_payout(house.database, await held(house), payout(), LINK)
    token = await log_in(redis, house.players[0])
    kinds = "kind=crypto_deposit,withdrawal_hold,crypto_withdrawal,rounding"
    hold_, credit = await pages(app, token, kinds)
    assert (credit["coin"], credit["coin_amount"], credit["rate"]) == (
        "ETH",
        "1.234567890123456789",
        5_000_001,
    )
    assert (credit["tx_hash"], credit["address"]) == (tx_hash(1), "=2+5")
    assert (hold_["kind"], hold_["coin_amount"], hold_["address"]) == (
        "withdrawal_hold",
        "0.00020000",
        ADDRESS,
    )
    assert hold_["completed_at"] > hold_["created_at"]
    left = await pages(app, token, f"account=pending_withdrawal&{kinds}")
    assert [(one["kind"], one["amount"]) for one in left] == [
        ("rounding", -1), ("crypto_withdrawal", -30_000), ("withdrawal_hold", 30_001)]  # fmt: skip
    answer = await app.test_client().get(f"{LIST}.csv", headers={"Authorization": f"Bearer {token}"})
    rows = list(csv.DictReader(io.StringIO(await answer.get_data(as_text=True), newline="")))
    assert {row["address"] for row in rows} == {"", ADDRESS, "'=2+5"}
    assert rows[0]["amount"] == "-30001"


async def test_pages_hold_each_posting_once_while_others_are_booked(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await come_and_go(house, 6)
    token = await log_in(redis, house.players[0])
    before = [one["id"] for one in await pages(app, token, "limit=200")]
    found: list[str] = []
    cursor = ""
    while True:
        page = (await get(app, f"{LIST}?limit=3{cursor}", token=token))[1]
        found += [one["id"] for one in page["transactions"]]
        if page["next_before"] is None:
            break
        cursor = f"&before={page['next_before']}"
        await come_and_go(house, 2)
    assert found == before
    assert len(await pages(app, token, "limit=200")) > len(before)


async def test_times_bound_the_list_from_inclusive_to_exclusive(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await come_and_go(house, 3)
    token = await log_in(redis, house.players[0])
    found = await pages(app, token)
    newest, oldest = found[1]["created_at"], found[4]["created_at"]
    bounded = await pages(app, token, f"limit=1&from={oldest}&to={newest}")
    assert [one["id"] for one in bounded] == [
        one["id"] for one in found if oldest <= one["created_at"] < newest]  # fmt: skip
    shifted = oldest.replace("Z", "%2B00:00")
    assert await pages(app, token, f"from={shifted}&to={newest}") == bounded
    assert await pages(app, token, "to=2026-01-01T00:00:00%2B09:00") == []


async def test_a_rare_kind_among_many_is_found_on_later_pages(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await come_and_go(house, 1)
    await many_gifts(house, 4_500)
    token = await log_in(redis, house.players[0])
    status, page = await get(app, f"{LIST}?kind=buy_in", token=token)
    assert (status, page["transactions"]) == (200, [])
    assert page["next_before"] is not None
    assert [one["kind"] for one in await pages(app, token, "kind=buy_in")] == ["buy_in"]
    assert len(await pages(app, token, "kind=promotion&limit=200")) == 4_501


@asynccontextmanager
async def served(app: QuartTrio, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Serve on a real port, because the test client keeps no stream apart from its reader."""
    port, stopping = free_port(), trio.Event()
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, app, Bind("127.0.0.1", port), stopping)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"},
            trust_env=False, timeout=20,
        ) as client:  # fmt: skip
            yield client
        stopping.set()


async def test_ten_thousand_rows_are_exported_each_once(app: QuartTrio, house: House, redis: Redis) -> None:
    await many_gifts(house, 10_000)
    async with served(app, await log_in(redis, house.players[0])) as client:
        with trio.fail_after(30):
            answer = await client.get(f"{LIST}.csv")
        few = await client.get(f"{LIST}.csv?kind=buy_in")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.text.count("\r\n") == answer.text.count("\n") == 10_002
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len({row["id"] for row in rows}) == len(rows) == 10_001
    times = [row["created_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert few.text.count("\r\n") == 1


async def test_an_export_with_a_slow_reader_holds_no_transaction_of_the_database(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await many_gifts(house, 10_000)
    async with served(app, await log_in(redis, house.players[0])) as client:
        async with client.stream("GET", f"{LIST}.csv") as answer:
            assert answer.status_code == 200
            await trio.sleep(1.0)
            is_open = "pid <> pg_backend_pid() AND datname = current_database() AND xact_start IS NOT NULL"
            assert await house.number(f"SELECT count(*) FROM pg_stat_activity WHERE {is_open}") == 0
        assert (await client.get(f"{LIST}?limit=1")).status_code == 200


async def test_an_export_that_is_cut_off_does_not_look_whole(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    """The database goes away in the middle: the reader is told by the transfer that has no end."""
    await many_gifts(house, 10_000)
    async with served(app, await log_in(redis, house.players[0])) as client:
        async with client.stream("GET", f"{LIST}.csv") as answer:
            await trio.sleep(0.5)
            async with house.owner.transaction() as transaction:
                await transaction.execute("ALTER TABLE payment_transfer RENAME TO away")
            with pytest.raises(httpx.RemoteProtocolError):
                await answer.aread()
        assert (await client.get("/api/v1/wallet/balance")).status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"), ("limit=201", "limit"), ("limit=1.5", "limit"), ("limit=", "limit"),
        ("limit=%D9%A1", "limit"), ("limit=1&limit=1", "limit"), ("kind=gift", "kind"), ("kind=", "kind"),
        ("kind=hand,", "kind"), ("from=yesterday", "from"), ("from=2026-11-25T00:00:00", "from"),
        ("from=2026-11-25", "from"), ("to=2026-13-01T00:00:00Z", "to"),
        ("to=0001-01-01T00:00:00%2B23:00", "to"),
        ("from=2026-11-25T00:00:00Z&to=2026-11-25T00:00:00Z", "to"), ("account=rake", "account"),
        ("before=x", "before"), ("before=MS4x", "before"), ("before=MS4xLjE%3D", "before"),
        ("before=LTEuMS4x", "before"), ("before=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OS4xLjE", "before"),
        ("offset=1", "offset"), ("before=%00", "before"),
    ],
)  # fmt: skip
async def test_a_bad_parameter_is_refused_and_named(
    app: QuartTrio, house: House, redis: Redis, query: str, parameter: str
) -> None:
    token = await log_in(redis, house.players[0])
    status, document = await get(app, f"{LIST}?{query}", token=token)
    assert (status, document["code"], document["detail"].split(":")[0]) == (400, "malformed", parameter)


async def test_nobody_reads_without_a_login(app: QuartTrio) -> None:
    for path in (LIST, f"{LIST}.csv"):
        assert (await get(app, path, token="right"))[0] == 401
