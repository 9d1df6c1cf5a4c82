"""The recorder keeps up, goes on where it stopped, and stands in nobody's way."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from attrs import evolve
from prometheus_client import REGISTRY

from cardroom.ids import ShardId
from cardroom.service.logs import open_log
from cardroom.service.postgres import PostgresAway, open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import LogSettings, PostgresSettings, RedisSettings
from cardroom.wire import keys
from tests.wallet_worker.audit.scribe import FILE, Scribe, until
from tests.wallet_worker.house import LINK, House, hold
from tests.wallet_worker.store.test_checkpoints import age, drop_oldest_months
from wallet_worker.audit.files import AuditFiles, FolderTaken
from wallet_worker.audit.line import read_line
from wallet_worker.audit.recorder import Recorder, recording
from wallet_worker.audit.verify import Scope, verify
from wallet_worker.ledger.batch import apply_batch

GAUGES = ("holdem_audit_recorded_batch", "holdem_audit_lag_batches")


@pytest.fixture
def scribe(house: House, redis: Redis, tmp_path: Path) -> Scribe:
    return Scribe(house, redis, tmp_path / "audit")


async def commit(scribe: Scribe, amount: int = 100) -> None:
    """Move money in a batch of its own, and hand it over as a worker does."""
    house = scribe.house
    entry = house.entry(house.command(hold(house.players[0], house.tables[0], 0, amount)))
    await apply_batch(scribe.tools, house.shard, house.term, [entry])


async def commit_unseen(scribe: Scribe) -> None:
    """Move money, and tell nobody: the database knows."""
    house = scribe.house
    await house.ask(hold(house.players[0], house.tables[0], 0, 100))


def says_well(recorder: Recorder, expected: bool) -> Callable[[], Awaitable[bool]]:
    """Ask again and again: a line can be read before its follower has heard that it is written."""

    async def look() -> bool:
        return recorder.is_well is expected

    return look


def gauge(name: str, scribe: Scribe, place: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"shard": str(scribe.house.shard), "place": place})


async def test_batches_of_streams_and_of_the_house_are_recorded_in_order(scribe: Scribe) -> None:
    async with scribe.recording() as recorder:
        for _ in range(5):
            await commit(scribe)
        await scribe.wait_until_recorded(5)
        assert recorder.is_well
    assert [read_line(line).number for line in scribe.lines()] == [1, 2, 3, 4, 5]
    assert (await scribe.verify()).is_sound
    (house_file,) = scribe.folder.glob("house-*.jsonl")
    assert len(house_file.read_bytes().splitlines()) == len(scribe.house.players)
    assert [gauge(GAUGES[0], scribe, place) for place in ("file", "redis")] == [5, 5]


async def test_metrics_tell_how_far_a_copy_is_behind(scribe: Scribe) -> None:
    for _ in range(3):
        await commit_unseen(scribe)
    await scribe.record()
    async with scribe.recording():
        await trio.sleep(0.3)
        assert [gauge(GAUGES[1], scribe, place) for place in ("file", "redis")] == [0, 0]
    (scribe.folder / f"shard-{scribe.house.shard}.lock").unlink()
    (scribe.folder / f"shard-{scribe.house.shard}.lock").mkdir()
    await commit_unseen(scribe)
    recorder, stopping = scribe.recorder(), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run, stopping)
        await until(scribe.has_recorded(3, 4))
        await trio.sleep(0.2)
        assert gauge(GAUGES[1], scribe, "redis") == 0
        assert (gauge(GAUGES[1], scribe, "file") or 0) >= 1
        nursery.cancel_scope.cancel()


async def test_what_was_not_handed_over_is_read_from_the_database(scribe: Scribe) -> None:
    scribe.settings = evolve(scribe.settings, group_batches=2)
    for _ in range(7):
        await commit_unseen(scribe)
    async with scribe.recording():
        await scribe.wait_until_recorded(7)
        await commit_unseen(scribe)
        await scribe.wait_until_recorded(8)
        await commit(scribe)
        await scribe.wait_until_recorded(9)
    assert (await scribe.verify()).is_sound


async def test_it_goes_on_behind_the_last_line_after_a_restart(scribe: Scribe) -> None:
    await commit(scribe)
    await scribe.record()
    before = scribe.file().read_bytes()
    await commit(scribe)
    await commit_unseen(scribe)
    await scribe.record()
    assert scribe.file().read_bytes().startswith(before)
    assert [read_line(line).number for line in scribe.lines()] == [1, 2, 3]
    assert (await scribe.verify()).is_sound


@pytest.mark.parametrize("lines_kept", [1, 2])
async def test_a_crash_in_the_middle_of_a_line_is_healed(scribe: Scribe, lines_kept: int) -> None:
    for _ in range(3):
        await commit(scribe)
    await scribe.record()
    lines = scribe.lines()
    torn = b"".join(line + b"\n" for line in lines[:lines_kept]) + lines[lines_kept][:99]
    scribe.file().write_bytes(torn)
    assert await scribe.faults(lag_seconds=300.0) == {}, "the torn line is the beginning of what comes next"
    await scribe.record()
    assert scribe.lines() == [*lines[:lines_kept], lines[lines_kept][:99], *lines[lines_kept:]]
    assert (await scribe.verify()).is_sound


async def test_two_recorders_in_one_folder_write_each_line_once(scribe: Scribe) -> None:
    async with scribe.recording() as first, scribe.recording() as second:
        for _ in range(4):
            await commit(scribe)
        await scribe.wait_until_recorded(4)
        assert first.is_well
        assert second.is_well, "it only waits for the other one's end"
    assert [read_line(line).number for line in scribe.lines()] == [1, 2, 3, 4]
    assert (await scribe.verify()).is_sound


async def test_who_waits_says_so_once(scribe: Scribe, capsys: pytest.CaptureFixture[str]) -> None:
    other = AuditFiles(scribe.folder, scribe.house.shard)
    other.open()
    loud = open_log(LogSettings(), "tests")
    recorder = scribe.recorder(loud)
    async with recording(recorder, 5.0):
        await trio.sleep(0.6)
        assert recorder.is_well
    said = [line for line in capsys.readouterr().err.splitlines() if "audit.place_taken" in line]
    assert len(said) == 1


async def test_the_second_recorder_goes_on_when_the_first_has_ended(scribe: Scribe) -> None:
    other = AuditFiles(scribe.folder, scribe.house.shard)
    other.open()
    async with scribe.recording():
        await commit(scribe)
        await trio.sleep(0.2)
        assert scribe.lines() == []
        other.close()
        await scribe.wait_until_recorded(1)
        with pytest.raises(FolderTaken):
            other.open()
    assert other.open() == 1


async def test_a_database_that_is_away_is_waited_for(
    scribe: Scribe, owner_settings: PostgresSettings
) -> None:
    """The recorder's own connections are cut; the ledger's are not, and what it hands over is recorded."""
    short = evolve(owner_settings, connect_seconds=0.5, call_seconds=0.5)
    nowhere = evolve(short, dsn="postgresql://nobody@127.0.0.1:1/x")
    await commit_unseen(scribe)
    async with open_postgres(nowhere, must_answer=False) as away:
        scribe.postgres = away
        with pytest.raises(PostgresAway):
            async with away.transaction():
                pass
        recorder, stopping = scribe.recorder(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(recorder.run, stopping)
            await commit(scribe)
            await trio.sleep(0.3)
            assert not recorder.is_well
            assert await scribe.recorded() == (0, 0)
            nursery.cancel_scope.cancel()
    scribe.postgres = None
    await scribe.record()
    assert await scribe.recorded() == (2, 2)
    assert (await scribe.verify()).is_sound


async def test_with_redis_away_the_file_goes_on_and_the_copy_is_filled_up_later(scribe: Scribe) -> None:
    nowhere = RedisSettings(host="127.0.0.1", port=1, connect_seconds=0.2, call_seconds=0.2)
    real = scribe.redis
    async with open_redis(nowhere) as away:
        scribe.redis = away
        recorder, stopping = scribe.recorder(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(recorder.run, stopping)
            for _ in range(5):
                await commit(scribe)
            await until(scribe.has_recorded_lines(5))
            assert not recorder.is_well
            nursery.cancel_scope.cancel()
    scribe.redis = real
    await scribe.record()
    assert await scribe.recorded() == (5, 5)
    assert (await scribe.verify()).is_sound


async def test_a_lost_copy_in_redis_is_filled_up_as_far_as_it_is_kept(scribe: Scribe) -> None:
    scribe.settings = evolve(scribe.settings, redis_batches=3)
    async with scribe.recording():
        for _ in range(6):
            await commit_unseen(scribe)
        await scribe.wait_until_recorded(6)
        await scribe.redis.delete([keys.audit(scribe.house.shard)])
        await commit(scribe)
        await scribe.wait_until_recorded(7)
    copy = scribe.copy_of(scribe.house.shard)
    assert [number for number, _ in await copy.read(0, 100)] == [5, 6, 7]
    assert (await scribe.verify()).is_sound


async def test_a_full_disk_stops_the_file_only_and_heals(scribe: Scribe) -> None:
    scribe.folder.mkdir()
    (scribe.folder / f"shard-{scribe.house.shard}.lock").mkdir()
    async with scribe.recording() as recorder:
        await commit(scribe)
        await until(scribe.has_recorded(0, 1))
        await until(says_well(recorder, False))
        (scribe.folder / f"shard-{scribe.house.shard}.lock").rmdir()
        await scribe.wait_until_recorded(1)
        await until(says_well(recorder, True))


async def test_a_ledger_that_has_lost_its_end_is_not_followed_silently(scribe: Scribe) -> None:
    for _ in range(3):
        await commit(scribe)
    await scribe.record()
    shard = scribe.house.shard
    await scribe.house.change(
        f"DELETE FROM batch WHERE shard = {shard} AND number = 3",
        f"UPDATE shard SET last_batch = 2, chain_mac ="
        f" (SELECT mac FROM batch WHERE shard = {shard} AND number = 2) WHERE id = {shard}",
    )
    again = Scribe(scribe.house, scribe.redis, scribe.folder)
    recorder, stopping = again.recorder(), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run, stopping)
        await trio.sleep(0.3)
        assert not recorder.is_well
        nursery.cancel_scope.cancel()


async def test_a_batch_that_cannot_be_read_stops_its_shard_and_no_other(scribe: Scribe) -> None:
    for _ in range(3):
        await commit_unseen(scribe)
    await scribe.house.change(f"DELETE FROM batch WHERE shard = {scribe.house.shard} AND number = 2")
    recorder, stopping = scribe.recorder(), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run, stopping)
        await until(scribe.has_recorded(1, 1))
        await trio.sleep(0.2)
        assert not recorder.is_well
        nursery.cancel_scope.cancel()
    assert list(scribe.folder.glob("house-*.jsonl"))


async def test_rows_that_were_changed_before_they_were_recorded_are_found(scribe: Scribe) -> None:
    await commit_unseen(scribe)
    await scribe.house.change(
        "UPDATE entry SET balance_after = balance_after WHERE false",
        f"UPDATE transfer SET reason = 'forged' WHERE shard = {scribe.house.shard}",
    )
    await scribe.record()
    found = await scribe.faults()
    assert "does not say what it was sealed with" in found[FILE]


async def test_a_new_folder_begins_behind_months_that_were_dropped(scribe: Scribe) -> None:
    """What is gone cannot be recorded; the checkpoint covers it, and the file begins where rows begin."""
    house = scribe.house
    await commit_unseen(scribe)
    await age(house)
    assert (await house.verify()).is_sound
    await verify(house.database, LINK, Scope(makes_checkpoint=True))
    await commit_unseen(scribe)
    await commit_unseen(scribe)
    await drop_oldest_months(house)
    await scribe.record()
    assert [read_line(line).number for line in scribe.lines()] == [2, 3]
    assert await scribe.recorded() == (3, 3)
    assert (await scribe.verify()).is_sound
    assert (await scribe.verify(full=True)).is_sound


async def test_shards_of_others_are_left(scribe: Scribe) -> None:
    assert scribe.recorder().is_well
    assert ShardId(scribe.house.shard + 1) not in scribe.handover.shards
