"""Checkpoints: what comes after one is checked from there on, and none can be changed unseen."""

import pytest

from cardroom.service.postgres import PostgresRefused
from tests.wallet_worker.forger import give
from tests.wallet_worker.house import LINK, House, hand_of, hold, leave
from wallet_worker.audit.report import Report
from wallet_worker.audit.verify import CHAIN, CHECKPOINT, Scope, verify
from wallet_worker.store.find_faults import FAULTS
from wallet_worker.store.read_batches import read_batches
from wallet_worker.store.read_chain import read_heads

_BEFORE = "(SELECT min(id) FROM transfer WHERE kind = 'hand')"
_AFTER = "(SELECT max(id) FROM transfer WHERE kind = 'hand')"
_ACCOUNTS = "accounts stay for ever, and whose they are"
_FIRST = "WHERE checkpoint_id = (SELECT min(id) FROM checkpoint)"


async def check(house: House, *, full: bool = False, checkpoint: bool = False) -> Report:
    return await verify(house.database, LINK, Scope(is_full=full, makes_checkpoint=checkpoint))


def faults(report: Report) -> dict[str, str]:
    return {one.name: " ".join(one.faults) for one in report.checks if one.faults}


@pytest.fixture
async def marked(house: House) -> House:
    """Give a house that played, was found sound, and played on."""
    one, two = house.players[:2]
    table = house.tables[0]
    await house.seat(0, 20_000, 20_000)
    first = hand_of(table, [(one, 0, -10_000), (two, 1, 9_500)])
    await house.ask(first)
    report = await check(house, checkpoint=True)
    assert report.checkpoint == 1
    second = hand_of(table, [(one, 0, 4_000), (two, 1, -4_100)], first)
    await house.ask(second)
    await house.ask(hold(one, house.tables[1], 0, 5_000))
    await house.ask(hand_of(table, [(one, 0, 4_000), (two, 1, -4_100)], second))
    await house.ask(leave(one, table, 0, 18_000))
    return house


async def test_what_came_after_a_checkpoint_is_sound_from_there_and_from_the_beginning(marked: House) -> None:
    report = await check(marked)
    assert (faults(report), report.checkpoint) == ({}, None)
    assert report.scope.startswith("from checkpoint 1 of 20")
    whole = await check(marked, full=True)
    assert (faults(whole), whole.scope) == ({}, "from the beginning")
    assert report.as_document()["scope"] == report.scope
    again = await check(marked, checkpoint=True)
    assert again.checkpoint == 2
    assert f"checkpoint {again.checkpoint} made" in again.as_lines()
    assert (await check(marked)).scope.startswith("from checkpoint 2 of 20")


async def test_a_checkpoint_can_follow_a_checkpoint_at_once(marked: House) -> None:
    for number in (2, 3):
        assert (await check(marked, checkpoint=True)).checkpoint == number
    assert faults(await check(marked)) == {}


_UNLINK = """
UPDATE hand SET previous = gen_random_uuid() FROM transfer
WHERE transfer.id = {transfer} AND hand.hand_id = transfer.hand_id AND hand_no > 1
"""
FORGERIES = [
    ("UPDATE entry SET amount = amount + 1 WHERE transfer_id = {transfer} AND amount > 0",
     "transfers sum to zero"),
    ("DELETE FROM entry WHERE transfer_id = {transfer} AND amount > 0", "versions count the entries"),
    ("UPDATE entry SET balance_after = balance_after + 1 WHERE transfer_id = {transfer}",
     "entries carry the running balance"),
    ("UPDATE hand_result SET net = -net WHERE hand_id = (SELECT hand_id FROM transfer WHERE id = {transfer})",
     "hands moved what their results say"),
    ("UPDATE hand SET record = 'x' WHERE hand_id = (SELECT hand_id FROM transfer WHERE id = {transfer})",
     "records are what was settled"),
    ("UPDATE hand SET rake = rake + 1 WHERE hand_id = (SELECT hand_id FROM transfer WHERE id = {transfer})",
     "contributed rake sums to the rake"),
    (_UNLINK, "hands of a table follow each other"),
    ("UPDATE transfer SET reason = 'x' WHERE id = {transfer}", CHAIN),
]  # fmt: skip


@pytest.mark.parametrize(("forgery", "name"), FORGERIES)
async def test_a_forgery_after_the_checkpoint_is_found(marked: House, forgery: str, name: str) -> None:
    await marked.change(forgery.format(transfer=_AFTER))
    assert name in faults(await check(marked))
    assert name in faults(await check(marked, full=True))


@pytest.mark.parametrize(("forgery", "name"), [one for one in FORGERIES if "hand_no" not in one[0]])
async def test_a_forgery_before_the_checkpoint_is_found_by_a_full_run_only(
    marked: House, forgery: str, name: str
) -> None:
    await marked.change(forgery.format(transfer=_BEFORE))
    assert faults(await check(marked)).keys() <= {"results belong to a hand"}
    assert name in faults(await check(marked, full=True))


async def test_a_full_run_is_not_cut_short_by_a_batch_that_looks_old(marked: House) -> None:
    """As if its month had been dropped; then only what a checkpoint does not cover would be looked at."""
    await marked.change(
        "UPDATE transfer SET reason = 'x' WHERE shard = -1",
        "UPDATE batch SET committed_at = '2020-01-01' WHERE shard = -1 AND number = 1",
    )
    report = await check(marked, full=True)
    assert report.scope == "from the beginning"
    assert set(faults(report)) == {CHAIN}


@pytest.mark.parametrize(
    "forgery",
    [
        f"UPDATE checkpoint_head SET batch = batch + 1 {_FIRST}",
        f"UPDATE checkpoint_head SET mac = '\\x00' {_FIRST}",
        f"DELETE FROM checkpoint_head {_FIRST} AND shard < 0",
        f"UPDATE checkpoint_account SET balance = balance + 1 {_FIRST}",
        f"UPDATE checkpoint_account SET version = version + 1 {_FIRST}",
        f"UPDATE checkpoint_account SET owner = 'rounding,0,0,-2' {_FIRST}",
        f"UPDATE checkpoint_table SET hand_no = hand_no + 1 {_FIRST}",
        "INSERT INTO checkpoint_table SELECT 1, 77, 0, NULL",
        "UPDATE checkpoint SET since = since + interval '1 minute'",
        "UPDATE checkpoint SET made_at = made_at + interval '1 minute'",
        "UPDATE checkpoint SET seal = '\\x00'",
    ],
)
async def test_a_changed_checkpoint_is_found_and_not_begun_at(marked: House, forgery: str) -> None:
    await marked.change(forgery)
    report = await check(marked)
    assert faults(report) == {CHECKPOINT: "checkpoint 1 is not what was sealed"}
    assert report.scope == "from the beginning"


async def test_an_older_checkpoint_serves_where_the_newest_was_changed(marked: House) -> None:
    await check(marked, checkpoint=True)
    await marked.change("UPDATE checkpoint_account SET balance = 0 WHERE checkpoint_id = 2")
    report = await check(marked, checkpoint=True)
    assert faults(report) == {CHECKPOINT: "checkpoint 2 is not what was sealed"}
    assert report.scope.startswith("from checkpoint 1 ")
    assert report.checkpoint is None, "only a sound ledger gets a checkpoint"


async def test_no_checkpoint_is_made_of_a_ledger_that_is_not_sound(marked: House) -> None:
    await marked.change(FORGERIES[0][0].format(transfer=_AFTER))
    assert (await check(marked, checkpoint=True)).checkpoint is None
    assert await marked.number("SELECT count(*) FROM checkpoint") == 1


async def test_a_chain_that_was_sealed_anew_does_not_fit_its_checkpoint(marked: House) -> None:
    """Who has the key may seal all batches anew; the checkpoint still names the old seal."""
    await marked.change(f"UPDATE batch SET mac = '\\x00' WHERE shard = {marked.shard} AND number = 2")
    found = faults(await check(marked))
    assert "is not the one of checkpoint 1" in found[CHECKPOINT]


async def test_an_account_that_a_checkpoint_names_may_not_vanish(marked: House) -> None:
    await marked.change(
        "INSERT INTO player (id, nickname, nickname_key, email, password_hash)"
        " OVERRIDING SYSTEM VALUE VALUES (999, 'x', 'x', 'x@x', '')"
    )
    await marked.change("INSERT INTO account (kind, user_id) VALUES ('wallet', 999)")
    await check(marked, checkpoint=True)
    await marked.change("DELETE FROM account WHERE user_id = 999")
    assert "is gone" in faults(await check(marked))[_ACCOUNTS]


async def test_accounts_that_changed_their_owners_are_found_though_nothing_moved_since(marked: House) -> None:
    """Their entries lie before the checkpoint, where nobody looks any more; some day they are dropped."""
    three, four = marked.players[2:]
    await marked.change(
        f"UPDATE account SET user_id = -1 WHERE user_id = {three}",
        f"UPDATE account SET user_id = {three} WHERE user_id = {four}",
        f"UPDATE account SET user_id = {four} WHERE user_id = -1",
    )
    found = faults(await check(marked))
    assert set(found) == {_ACCOUNTS}
    assert found[_ACCOUNTS].count("was another's") == 2


async def test_a_transfer_that_hides_in_a_batch_before_the_checkpoint_is_found(marked: House) -> None:
    """Nobody follows the chain there any more; but what it moved is new."""
    await give(marked, marked.owner, marked.shard, 1)
    assert "belongs to no transfer" in faults(await check(marked))["entries belong to a transfer"]
    assert CHAIN in faults(await check(marked, full=True))


async def test_the_workers_role_can_neither_change_nor_remove_a_checkpoint(marked: House) -> None:
    for sql in (
        "UPDATE checkpoint SET seal = '\\x00'",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint_account SET balance = 0",
        "DELETE FROM checkpoint_head",
    ):
        with pytest.raises(PostgresRefused, match="permission denied"):
            async with marked.database.transaction() as transaction:
                await transaction.execute(sql)


_SHIFT = """
UPDATE {table} SET booked_at = booked_at - interval '40 days'
"""


async def age(house: House) -> None:
    """Let all that was booked so far have been booked, and sealed, 40 days ago; sealed anew with the key."""
    await house.change(
        "SELECT open_months((now() - interval '40 days')::date, 0)",
        *[_SHIFT.format(table=table) for table in ("hand", "hand_result", "transfer", "entry")],
        "UPDATE batch SET committed_at = committed_at - interval '40 days'",
    )
    await seal_anew(house)


async def seal_anew(house: House) -> None:
    async with house.owner.transaction() as transaction:
        await transaction.execute("SET LOCAL session_replication_role = replica")
        for head in await read_heads(transaction):
            mac: bytes | None = None
            for one in await read_batches(transaction, head.shard, 0, 1000):
                assert one.content_digest is not None
                mac = LINK(mac, head.shard, one.number, one.content_digest)
                await transaction.execute(
                    "UPDATE batch SET digest = $3, mac = $4 WHERE shard = $1 AND number = $2",
                    head.shard, one.number, one.content_digest, mac,
                )  # fmt: skip
            await transaction.execute("UPDATE shard SET chain_mac = $2 WHERE id = $1", head.shard, mac)


async def drop_oldest_months(house: House) -> None:
    months = await house.rows(
        "SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = oid"
        " WHERE inhparent = ANY ('{hand,hand_result,transfer,entry}'::regclass[])"
        " AND relname < inhparent::regclass::text || to_char(now(), '_YYYY_MM')"
    )
    assert months
    await house.change(*[f"DROP TABLE {row['relname']}" for row in months])


async def test_dropping_a_month_behind_a_checkpoint_keeps_the_ledger_sound(house: House) -> None:
    """The one test with data in two months: hands before and after the drop, at the same table."""
    one, two = house.players[:2]
    table = house.tables[0]
    await house.seat(0, 20_000, 20_000)
    first = hand_of(table, [(one, 0, -10_000), (two, 1, 9_500)])
    await house.ask(first)
    await age(house)
    assert faults(await check(house, checkpoint=True)) == {}
    second = hand_of(table, [(one, 0, 4_000), (two, 1, -4_100)], first)
    await house.ask(second)
    assert faults(await check(house, full=True)) == {}
    await drop_oldest_months(house)
    assert await house.number("SELECT count(*) FROM hand") == 1
    for full in (False, True):
        report = await check(house, full=full)
        assert faults(report) == {}
        assert report.scope.startswith("from checkpoint 1 of 20")
        assert ("covers the months that were dropped" in report.scope) is full
    await check(house, checkpoint=True)
    await house.ask(hand_of(table, [(one, 0, 100), (two, 1, -100)], second))
    assert (await check(house, full=True)).scope.startswith("from checkpoint 1 of 20"), (
        "the oldest that covers"
    )
    assert faults(await check(house)) == {}
    await house.change(FORGERIES[0][0].format(transfer=_BEFORE))
    assert "transfers sum to zero" in faults(await check(house, full=True))


async def test_a_month_that_was_dropped_without_a_checkpoint_is_missed(house: House) -> None:
    await house.seat(0, 20_000, 20_000)
    await age(house)
    await drop_oldest_months(house)
    assert CHAIN in faults(await check(house))


async def test_every_invariant_is_asked_after_a_checkpoint_too(marked: House) -> None:
    report = await check(marked)
    assert set(FAULTS) <= {one.name for one in report.checks}
