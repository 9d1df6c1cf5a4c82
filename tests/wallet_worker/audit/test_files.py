"""The files on a real disk: appended, torn, found again, and never written by two."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from cardroom.ids import ShardId
from tests.wallet_worker.audit.test_line import LINE
from wallet_worker.audit.files import (
    AuditFiles,
    FolderTaken,
    find_files,
    last_batch,
    measure,
    pieces_after,
)
from wallet_worker.audit.line import AuditLine, read_line, write_line

SHARD = LINE.shard


def day(month: int, number: int, content: bytes = LINE.content) -> AuditLine:
    """Give a batch of a month's first day."""
    moment = datetime(2026, month, 1, tzinfo=UTC)
    return evolve(
        LINE, number=number, content=content, committed_unix_us=int(moment.timestamp()) * 1_000_000 + number
    )


def numbers(folder: Path, after: int) -> list[int]:
    return [read_line(piece).number for _, piece in pieces_after(measure(folder, SHARD), after)]


def filled(folder: Path, *lines: AuditLine) -> AuditFiles:
    files = AuditFiles(folder, SHARD)
    files.open()
    files.append(lines)
    return files


def test_batches_go_to_the_file_of_their_month_and_are_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    files = filled(folder, day(1, 1), day(1, 2), day(2, 3))
    assert [file.name for file in find_files(folder, SHARD)] == [
        "shard-3-2026-01.jsonl",
        "shard-3-2026-02.jsonl",
    ]
    files.append([day(2, 4)])
    files.close()
    assert AuditFiles(folder, SHARD).open() == 4
    assert (numbers(folder, 0), numbers(folder, 2), numbers(folder, 3), numbers(folder, 4)) == (
        [1, 2, 3, 4],
        [3, 4],
        [4],
        [],
    )


def test_a_batch_that_carries_an_older_month_stays_behind_the_one_before(tmp_path: Path) -> None:
    filled(tmp_path, day(2, 1), day(1, 2))
    assert [file.name for file in find_files(tmp_path, SHARD)] == ["shard-3-2026-02.jsonl"]
    assert numbers(tmp_path, 0) == [1, 2]


def test_the_house_has_files_of_its_own_and_eleven_is_not_one(tmp_path: Path) -> None:
    for shard in (-1, 1, 11):
        files = AuditFiles(tmp_path, ShardId(shard))
        files.open()
        files.append([evolve(day(1, 1), shard=ShardId(shard))])
    names = [[file.name for file in find_files(tmp_path, ShardId(shard))] for shard in (-1, 1, 11)]
    assert names == [["house-2026-01.jsonl"], ["shard-1-2026-01.jsonl"], ["shard-11-2026-01.jsonl"]]


def test_two_workers_do_not_write_the_files_of_one_shard(tmp_path: Path) -> None:
    first, second = AuditFiles(tmp_path, SHARD), AuditFiles(tmp_path, SHARD)
    first.open()
    with pytest.raises(FolderTaken, match="shard 3"):
        second.open()
    AuditFiles(tmp_path, ShardId(4)).open()
    first.close()
    assert second.open() == 0
    with pytest.raises(FolderTaken):
        first.open()


@pytest.mark.parametrize("kept", [1, 40, len(write_line(day(1, 2))) - 1])
def test_a_torn_line_is_ended_and_its_batch_written_again(tmp_path: Path, kept: int) -> None:
    files = filled(tmp_path, day(1, 1))
    (file,) = find_files(tmp_path, SHARD)
    before = file.read_bytes()
    file.write_bytes(before + write_line(day(1, 2))[:kept])
    assert files.open() == 1
    files.append([day(1, 2)])
    assert file.read_bytes().startswith(before), "nothing is ever written again"
    pieces = [piece for _, piece in pieces_after(measure(tmp_path, SHARD), 0)]
    assert pieces == [write_line(day(1, 1)), write_line(day(1, 2))[:kept], write_line(day(1, 2))]


def test_a_line_that_only_lacks_its_end_is_whole(tmp_path: Path) -> None:
    files = filled(tmp_path, day(1, 1))
    (file,) = find_files(tmp_path, SHARD)
    file.write_bytes(file.read_bytes() + write_line(day(1, 2)))
    assert files.open() == 2
    files.append([day(1, 3)])
    assert numbers(tmp_path, 0) == [1, 2, 3]


def test_a_file_with_nothing_whole_in_it_leaves_the_month_before_as_the_last(tmp_path: Path) -> None:
    files = filled(tmp_path, day(1, 1))
    (tmp_path / "shard-3-2026-02.jsonl").write_bytes(b'{"v":1,')
    assert files.open() == 1
    assert last_batch(tmp_path / "shard-3-2026-02.jsonl") is None


def test_what_is_appended_after_measuring_is_not_read(tmp_path: Path) -> None:
    files = filled(tmp_path, day(1, 1))
    measured = measure(tmp_path, SHARD)
    files.append([day(1, 2), day(2, 3)])
    assert [read_line(piece).number for _, piece in pieces_after(measured, 0)] == [1]


def test_a_place_in_large_files_is_found(tmp_path: Path) -> None:
    """Lines are longer than what is read at once, and some are torn; each place is found from every other."""
    content = b" " * 300_000
    lines = [day(1 if number <= 6 else 2, number, content) for number in range(1, 13)]
    files = filled(tmp_path, *lines[:9])
    *_, newest = find_files(tmp_path, SHARD)
    newest.write_bytes(newest.read_bytes() + write_line(lines[9])[:250_000])
    assert files.open() == 9
    files.append(lines[9:])
    for after in (9, 10, 11, 12):
        assert numbers(tmp_path, after) == list(range(after + 1, 13))
    for after in range(1, 9):
        pieces = [piece for _, piece in pieces_after(measure(tmp_path, SHARD), after)]
        assert read_line(pieces[0]).number == after + 1
        assert len(pieces) == 13 - after
    assert files.open() == 12
