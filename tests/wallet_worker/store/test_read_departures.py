"""Who has left a table within the hour, and with how much: what a node that starts again learns (rule 35)."""

import re
import time
from collections.abc import Mapping

import pytest

from cardroom.ids import ShardId, TableId, UserId
from cardroom.service.postgres import Postgres
from cardroom.wire.ledger import MAX_DEPARTURES, MAX_TABLE_DEPARTURES, Departure, LedgerTable, ShardOpened
from tests.wallet_worker.house import House, hand_of, hold, leave, open_by
from wallet_worker.store.read_departures import READ_DEPARTURES, read_departures

Stacks = dict[UserId, int]


async def opened(house: House) -> tuple[LedgerTable, ...]:
    """Open the shard anew, as a node does that starts."""
    (reply,) = await house.ask(open_by(house.epoch))
    assert isinstance(reply, ShardOpened)
    house.epoch = reply.epoch
    return reply.tables


def stacks(table: LedgerTable) -> Stacks:
    return {one.user_id: one.stack for one in table.departures}


async def departures_when(house: House, age: str) -> Mapping[TableId, tuple[Departure, ...]]:
    """Let all cash-outs be so old to the microsecond, and look: time stands still within a transaction."""
    async with house.owner.transaction() as transaction:
        await transaction.execute("SET LOCAL session_replication_role = replica")
        moment = f"booked_at = now() - interval '{age}'"
        cash_outs = "SELECT id FROM transfer WHERE kind = 'cash_out'"
        await transaction.execute(f"UPDATE entry SET {moment} WHERE transfer_id IN ({cash_outs})")
        await transaction.execute(f"UPDATE transfer SET {moment} WHERE kind = 'cash_out'")
        return await read_departures(transaction, house.shard)


async def test_who_left_with_a_stack_is_told_with_its_time(house: House) -> None:
    one, two, three = house.players[:3]
    table = house.tables[0]
    await house.seat(0, 1_000, 2_000, 3_000)
    before = time.time_ns() // 1_000_000
    await house.ask(leave(two, table, 1, 2_000))
    await house.ask(leave(three, table, 2, 3_000))
    first, second = await opened(house)
    assert [(one.user_id, one.stack) for one in first.departures] == [(three, 3_000), (two, 2_000)]
    assert [escrow.user_id for escrow in first.escrow] == [one]
    assert second.departures == ()
    for departure in first.departures:
        assert before - 1_000 <= departure.left_unix_ms <= time.time_ns() // 1_000_000 + 1_000


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        ("0 minutes", True),
        ("60 minutes -1 microseconds", True),
        ("60 minutes", False),
        ("60 minutes 1 microseconds", False),
        ("1 day", False),
    ],
)
async def test_a_departure_counts_for_less_than_an_hour(house: House, age: str, counts: bool) -> None:
    await house.seat(0, 1_000)
    await house.ask(leave(house.players[0], house.tables[0], 0, 1_000))
    found = await departures_when(house, age)
    assert set(found) == ({house.tables[0]} if counts else set())


async def test_of_several_departures_the_newest_counts(house: House) -> None:
    user, table = house.players[0], house.tables[0]
    for stack in (1_000, 5_000, 3_000):
        await house.ask(hold(user, table, 4, stack), leave(user, table, 4, stack))
    assert stacks((await opened(house))[0]) == {user: 3_000}


async def test_who_has_come_back_is_not_told_until_leaving_again(house: House) -> None:
    one, two = house.players[:2]
    table = house.tables[0]
    await house.seat(0, 1_000, 1_000)
    await house.ask(leave(one, table, 0, 1_000), hold(one, table, 3, 1_500))
    assert stacks((await opened(house))[0]) == {}
    await house.ask(hand_of(table, [(one, 3, -400), (two, 1, 399)]))
    await house.ask(leave(one, table, 3, 1_100))
    assert stacks((await opened(house))[0]) == {one: 1_100}


async def test_who_has_come_back_and_lost_everything_brings_nothing(house: House) -> None:
    one, two = house.players[:2]
    table = house.tables[0]
    await house.seat(0, 1_000, 1_000)
    await house.ask(leave(one, table, 0, 1_000), hold(one, table, 0, 1_000))
    await house.ask(hand_of(table, [(one, 0, -1_000), (two, 1, 999)]))
    await house.ask(leave(one, table, 0, 0), leave(two, table, 1, 1_999))
    assert stacks((await opened(house))[0]) == {two: 1_999}


async def test_a_refused_cash_out_is_no_departure(house: House) -> None:
    await house.seat(0, 1_000)
    await house.ask(leave(house.players[0], house.tables[0], 0, 999))
    assert stacks((await opened(house))[0]) == {}


async def test_tables_and_shards_are_told_apart(house: House) -> None:
    one, two = house.players[:2]
    await house.seat(0, 1_000, 2_000)
    await house.seat(1, 3_000)
    await house.ask(leave(one, house.tables[0], 0, 1_000), leave(one, house.tables[1], 0, 3_000))
    await house.ask(leave(two, house.tables[0], 1, 2_000))
    first, second = await opened(house)
    assert stacks(first) == {one: 1_000, two: 2_000}
    assert stacks(second) == {one: 3_000}
    async with house.database.transaction() as transaction:
        assert await read_departures(transaction, ShardId(house.shard + 1)) == {}


LEAVERS = """
WITH leaver AS MATERIALIZED (
    SELECT number, game_table.id AS table_id FROM game_table, generate_series(1, {per_table}) AS number
    WHERE game_table.name LIKE 'crowd%'
), seat AS (
    INSERT INTO account (kind, user_id, table_id, seat, version)
    SELECT 'escrow', 1000 + number, table_id, 0, 2 FROM leaver RETURNING id, user_id
), numbered AS MATERIALIZED (
    SELECT id, user_id, 1000000 + row_number() OVER () AS transfer_id FROM seat
), paid AS (
    INSERT INTO transfer (id, kind, command_id, shard, batch, booked_at)
    SELECT transfer_id, 'cash_out', gen_random_uuid(), {shard}, 1000000, now() - user_id * interval '1 second'
    FROM numbered
)
INSERT INTO entry (transfer_id, account_id, amount, balance_after, version, booked_at)
SELECT transfer_id, id, -user_id, 0, 2, now() - user_id * interval '1 second' FROM numbered
"""
"""At each table player N has left N seconds ago with N won."""


async def _crowd(house: House, tables: int, per_table: int) -> None:
    await house.change(
        f"""INSERT INTO game_table (shard, name, stake, seat_count)
            SELECT {house.shard}, 'crowd' || number, 'low', 6 FROM generate_series(1, {tables}) AS number""",
        LEAVERS.format(per_table=per_table, shard=house.shard),
    )


async def test_of_a_crowd_the_newest_are_told_and_the_answer_stays_within_its_limit(house: House) -> None:
    tables = MAX_DEPARTURES // MAX_TABLE_DEPARTURES + 5
    await _crowd(house, tables, MAX_TABLE_DEPARTURES + 3)
    told = [table for table in await opened(house) if table.departures]
    assert sum(len(table.departures) for table in told) == MAX_DEPARTURES
    assert max(len(table.departures) for table in told) <= MAX_TABLE_DEPARTURES
    newest = 1_000 + MAX_DEPARTURES // tables
    assert all({1_001, newest} <= set(stacks(table).values()) for table in told), "the oldest are left out"


async def test_one_table_tells_so_many_and_no_more(house: House) -> None:
    await _crowd(house, 1, MAX_TABLE_DEPARTURES + 1)
    (crowded,) = [table for table in await opened(house) if table.departures]
    assert [one.stack for one in crowded.departures] == list(range(1_001, 1_001 + MAX_TABLE_DEPARTURES))


HANDS = """
WITH hand AS MATERIALIZED (
    SELECT number, account.id, account.version + number AS version FROM generate_series(1, 60000) AS number,
           (SELECT id, version FROM account WHERE kind = 'wallet' ORDER BY id LIMIT 1) AS account
), booked AS (
    INSERT INTO transfer (id, kind, command_id, shard, batch, hand_id, booked_at)
    SELECT 2000000 + number, 'hand', gen_random_uuid(), {shard}, 1000000, gen_random_uuid(),
           now() - number * interval '1 second'
    FROM hand
)
INSERT INTO entry (transfer_id, account_id, amount, balance_after, version, booked_at)
SELECT 2000000 + number, id, 1, 1, version, now() - number * interval '1 second' FROM hand
"""


async def test_it_costs_the_same_however_old_the_ledger_is(house: House, owner: Postgres) -> None:
    """Among many hands the database finds the cash-outs by their index, and reads nothing from end to end."""
    await _crowd(house, 10, 200)
    await house.change(HANDS.format(shard=house.shard))
    async with owner.transaction() as transaction:
        for name in ("transfer", "entry", "account"):
            await transaction.execute(f"ANALYZE {name}")
    async with house.database.transaction() as transaction:
        rows = await transaction.fetch(f"EXPLAIN {READ_DEPARTURES}", house.shard)
    plan = "\n".join(row[0] for row in rows)
    assert re.search(r"using transfer_\w+_shard_booked_at_idx", plan), plan
    for month in await house.rows(
        "SELECT to_char(generate_series(-1, 0) * interval '1 month' + now(), '_YYYY_MM')"
    ):
        assert f"Seq Scan on transfer{month[0]}" not in plan, plan
        assert f"Seq Scan on entry{month[0]}" not in plan, plan
