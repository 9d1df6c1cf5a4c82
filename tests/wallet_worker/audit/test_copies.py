"""The database, the file and Redis: whichever was changed, verification says which, and where first."""

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from cardroom.service.redis import Redis
from cardroom.wire import keys
from tests.wallet_worker.audit.scribe import FILE, REDIS, Scribe
from tests.wallet_worker.house import House, hand_of, hold, leave
from wallet_worker.audit.chain_walk import GROUP_BATCHES
from wallet_worker.audit.line import AuditLine, read_line, write_line
from wallet_worker.audit.verify import CHAIN

_LAST = "(SELECT max(id) FROM transfer WHERE shard >= 0)"
_ADDED = f"""
INSERT INTO entry
SELECT {_LAST}, max(id), 5, 5, 9, (SELECT booked_at FROM transfer WHERE id = {_LAST}) FROM account
"""
_SWAP = f"""
UPDATE entry SET amount = other.amount FROM entry AS other
WHERE entry.account_id <> other.account_id AND entry.transfer_id = other.transfer_id
  AND entry.transfer_id = {_LAST}
"""


@pytest.fixture
async def scribe(house: House, redis: Redis, tmp_path: Path) -> Scribe:
    """Give four recorded batches of a shard: a buy-in of two, two hands, and a cash-out."""
    scribe = Scribe(house, redis, tmp_path / "audit")
    one, two = house.players[:2]
    table = house.tables[0]
    await house.seat(0, 20_000, 20_000)
    first = hand_of(table, [(one, 0, -10_000), (two, 1, 9_500)])
    await house.ask(first)
    await house.ask(hand_of(table, [(one, 0, 4_000), (two, 1, -4_000)], first))
    await house.ask(leave(one, table, 0, 14_000))
    await scribe.record()
    assert await scribe.faults() == {}
    return scribe


async def test_chains_that_are_read_in_several_groups_are_compared_to_their_ends(scribe: Scribe) -> None:
    """Groups and pages end at other batches than the chain."""
    house, last = scribe.house, 2 * GROUP_BATCHES + 7
    for _ in range(last - 4):
        await house.ask(hold(house.players[2], house.tables[1], 2, 1))
    await scribe.record()
    report = await scribe.verify()
    assert [check for check in report.checks if check.faults or check.notes] == []
    *lines, one, two = scribe.lines()
    scribe.write_lines([*lines, two, one])
    said = f"batch {last} of shard {house.shard} stands where batch {last - 1} should"
    assert (await scribe.faults())[FILE] == said


@pytest.mark.parametrize(
    ("forgery", "words"),
    [
        (f"UPDATE entry SET amount = amount + 1 WHERE transfer_id = {_LAST} AND amount > 0",
         "entry of account"),
        (f"DELETE FROM entry WHERE transfer_id = {_LAST} AND amount > 0", "in the database"),
        (_ADDED, "nothing in the file"),
        (_SWAP, "entry of account"),
        (f"DELETE FROM transfer WHERE id = {_LAST}", "stands in the file only"),
        (f"UPDATE transfer SET booked_at = booked_at + interval '1 s' WHERE id = {_LAST}", "time: "),
    ],
)  # fmt: skip
async def test_a_forged_row_is_named_by_batch_and_transfer(scribe: Scribe, forgery: str, words: str) -> None:
    shard = scribe.house.shard
    transfer = await scribe.house.number(f"SELECT {_LAST}")
    await scribe.house.change(forgery)
    found = await scribe.faults()
    assert found[CHAIN] == f"batch 4 of shard {shard} is not what was sealed"
    for check, name in ((FILE, "file"), (REDIS, "Redis copy")):
        assert found[check].startswith(f"batch 4 of shard {shard} is whole, and the database's rows say")
        assert f"transfer {transfer}" in found[check]
        assert words.replace("file", name) in found[check]


async def test_the_first_of_two_forged_batches_is_named(scribe: Scribe) -> None:
    await scribe.house.change("UPDATE transfer SET reason = 'forged' WHERE shard >= 0 AND batch >= 2")
    found = await scribe.faults()
    assert all(f"batch 2 of shard {scribe.house.shard}" in found[check] for check in (CHAIN, FILE, REDIS))


def _content(line: AuditLine) -> AuditLine:
    return evolve(line, content=line.content.replace(b"14000", b"14001"))


def _digest_too(line: AuditLine) -> AuditLine:
    changed = _content(line)
    return evolve(changed, digest=changed.content_digest)


def _time(line: AuditLine) -> AuditLine:
    return evolve(line, committed_unix_us=line.committed_unix_us + 1)


def _mac(line: AuditLine) -> AuditLine:
    return evolve(line, mac=bytes(32))


CHANGES = [
    (_content, "does not say what it was sealed with: transfer "),
    (_digest_too, "has another seal than in the database: transfer "),
    (_time, "has another time than in the database"),
    (_mac, "has another seal than in the database"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
async def test_a_changed_line_is_named_and_the_file_is_to_blame(
    scribe: Scribe, change: Callable[[AuditLine], AuditLine], words: str
) -> None:
    *lines, last = scribe.lines()
    changed = write_line(change(read_line(last)))
    assert changed != last
    scribe.write_lines([*lines, changed])
    found = await scribe.faults()
    assert set(found) == {FILE}
    assert found[FILE].startswith(f"batch 4 of shard {scribe.house.shard} {words}")


@pytest.mark.parametrize(("change", "words"), CHANGES)
async def test_an_altered_copy_in_redis_is_named_and_redis_is_to_blame(
    scribe: Scribe, change: Callable[[AuditLine], AuditLine], words: str
) -> None:
    """Entries cannot be changed in Redis, so the whole stream is written anew."""
    key = keys.audit(scribe.house.shard)
    await scribe.redis.delete([key])
    for number, line in enumerate(scribe.lines(), start=1):
        data = write_line(change(read_line(line))) if number == 4 else line
        await scribe.redis.xadd(key, field_values={keys.AUDIT_FIELD: data}, identifier=f"{number}-1")
    found = await scribe.faults()
    assert set(found) == {REDIS}
    assert found[REDIS].startswith(f"batch 4 of shard {scribe.house.shard} {words}")


async def test_two_swapped_lines_are_found(scribe: Scribe) -> None:
    one, two, three, four = scribe.lines()
    scribe.write_lines([one, three, two, four])
    found = await scribe.faults()
    assert set(found) == {FILE}
    assert found[FILE] == f"batch 3 of shard {scribe.house.shard} stands where batch 2 should"


async def test_a_line_that_was_taken_out_or_written_twice_is_found(scribe: Scribe) -> None:
    one, two, three, four = scribe.lines()
    scribe.write_lines([one, three, four])
    assert "batch 3" in (await scribe.faults())[FILE]
    scribe.write_lines([one, two, two, three, four])
    assert "batch 2" in (await scribe.faults())[FILE]


@pytest.mark.parametrize("garbage", [b"", b"x", b'{"v":1,"shard":'])
async def test_what_is_no_line_is_found_unless_a_crash_explains_it(scribe: Scribe, garbage: bytes) -> None:
    one, two, three, four = scribe.lines()
    scribe.write_lines([one, two, garbage, three, four])
    found = await scribe.faults()
    assert (FILE in found) is (garbage == b"x")
    scribe.write_lines([one, two, three, four, garbage])
    assert (FILE in await scribe.faults()) is (garbage != b""), "there is no batch 5 that it could begin"


async def test_lines_of_another_shard_are_found(scribe: Scribe) -> None:
    (house_file,) = scribe.folder.glob("house-*.jsonl")
    house_file.write_bytes(house_file.read_bytes() + scribe.lines()[0] + b"\n")
    assert "is of shard" in (await scribe.faults())[FILE]


async def test_a_tail_that_was_cut_from_the_database_stands_in_the_copies(scribe: Scribe) -> None:
    """Everything that the last two batches did is taken back, so that the database agrees with itself."""
    shard = scribe.house.shard
    gone = f"(SELECT id FROM transfer WHERE shard = {shard} AND batch >= 3)"
    hands = f"(SELECT hand_id FROM transfer WHERE shard = {shard} AND batch >= 3)"
    await scribe.house.change(
        f"UPDATE account SET balance = balance - total, version = version - steps FROM (SELECT account_id,"
        f" sum(amount) AS total, count(*) AS steps FROM entry WHERE transfer_id IN {gone}"
        " GROUP BY account_id) AS taken WHERE account.id = taken.account_id",
        "UPDATE game_table SET last_hand_no = 1, last_hand_id = (SELECT hand_id FROM hand WHERE hand_no = 1)"
        " WHERE last_hand_no = 2",
        f"DELETE FROM entry WHERE transfer_id IN {gone}",
        f"DELETE FROM hand_result WHERE hand_id IN {hands}",
        f"DELETE FROM hand WHERE hand_id IN {hands}",
        f"DELETE FROM transfer WHERE shard = {shard} AND batch >= 3",
        f"DELETE FROM batch WHERE shard = {shard} AND number >= 3",
        f"UPDATE shard SET last_batch = 2, chain_mac = (SELECT mac FROM batch WHERE shard = {shard} AND"
        f" number = 2) WHERE id = {shard}",
    )
    assert (await scribe.house.verify()).is_sound, "without the copies nothing is seen of it"
    found = await scribe.faults()
    assert set(found) == {FILE, REDIS}
    said = f"batch 3 of shard {shard} stands there, and not in the database"
    assert (found[FILE], found[REDIS]) == (said, said)


async def test_a_shard_of_which_nothing_is_left_in_the_database_stands_in_the_copies(scribe: Scribe) -> None:
    await scribe.house.change(
        "DELETE FROM entry", "DELETE FROM hand_result", "DELETE FROM hand", "DELETE FROM transfer",
        "DELETE FROM batch", "DELETE FROM shard", "DELETE FROM game_table", "DELETE FROM account",
    )  # fmt: skip
    assert (await scribe.house.verify()).is_sound, "without the copies nothing is seen of it"
    assert set(await scribe.faults()) == {FILE, REDIS}


async def test_a_lost_redis_copy_is_noted_as_missing_and_is_no_fault(scribe: Scribe) -> None:
    await scribe.redis.delete([keys.audit(scribe.house.shard)])
    report = await scribe.verify()
    assert report.is_sound
    (notes,) = [check.notes for check in report.checks if check.name == REDIS]
    assert notes == (f"Redis copy of shard {scribe.house.shard} lacks batches 1 to 4",)
    await scribe.record()
    assert [check.notes for check in (await scribe.verify()).checks if check.name == REDIS] == [()]


async def test_entries_that_redis_lost_in_the_middle_are_noted(scribe: Scribe) -> None:
    await scribe.redis.xdel(keys.audit(scribe.house.shard), ["2-1", "3-1"])
    report = await scribe.verify()
    assert report.is_sound
    assert [check.notes for check in report.checks if check.name == REDIS] == [
        (f"Redis copy of shard {scribe.house.shard} lacks batches 2 to 3",)
    ]


async def test_a_file_may_lack_only_what_was_committed_just_now(scribe: Scribe) -> None:
    scribe.write_lines(scribe.lines()[:2])
    lacking = f"file of shard {scribe.house.shard} lacks batches 3 to 4"
    report = await scribe.verify(lag_seconds=300.0)
    assert report.is_sound
    assert [check.notes for check in report.checks if check.name == FILE] == [(lacking,)]
    assert (await scribe.faults())[FILE] == lacking


async def test_a_folder_that_is_gone_is_a_fault(scribe: Scribe) -> None:
    scribe.folder = scribe.folder / "elsewhere"
    found = await scribe.faults()
    assert set(found) == {FILE}
    assert "lacks batches 1 to 4" in found[FILE]


async def test_a_file_that_cannot_be_read_is_a_fault(scribe: Scribe) -> None:
    file = scribe.file()
    file.unlink()
    file.mkdir()
    found = await scribe.faults()
    assert set(found) == {FILE}
    assert "cannot be read" in found[FILE]


async def test_other_things_in_the_stream_are_found(scribe: Scribe) -> None:
    await scribe.redis.xadd(
        keys.audit(scribe.house.shard), field_values={keys.AUDIT_FIELD: b"{}"}, identifier="5-1"
    )
    found = await scribe.faults()
    assert found[REDIS] == f"shard {scribe.house.shard}: what stands as batch 5 is no batch"


async def test_what_is_recorded_during_verification_is_no_fault(scribe: Scribe) -> None:
    """The copies are measured before the snapshot: what comes afterwards is not looked at."""
    copies = scribe.copies()
    for copy in (copy for of_shard in copies.of_shards.values() for copy in of_shard):
        await copy.measure()
        await copy.begin(0)
    house = scribe.house
    await house.seat(0, 0, 0)
    await house.ask(leave(house.players[1], house.tables[0], 1, 25_500))
    await scribe.record()
    for copy in copies.of_shards[house.shard]:
        found = [*await copy.up_to(100), *await copy.rest()]
        assert [getattr(one, "number", None) for one in found] == [1, 2, 3, 4], copy.name
