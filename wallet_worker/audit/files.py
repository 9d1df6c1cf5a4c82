"""The audit's own files: one per shard and month, lines are appended and nothing is ever written again.

Everything here blocks: call it in a thread. Files are named ``shard-3-2026-11.jsonl`` and
``house-2026-11.jsonl``, so that their names sort by time.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final

from cardroom.ids import ShardId
from wallet_worker.audit.line import AuditLine, BadLine, read_line, write_line

_TAIL_BYTES: Final = 1 << 20
_FILE_MODE: Final = 0o640


class FolderTaken(Exception):
    """Another worker on this host writes the shard's files in this folder."""


def prefix_of(shard: ShardId) -> str:
    """Give what the names of a shard's files begin with."""
    return "house" if shard < 0 else f"shard-{shard}"


def find_files(folder: Path, shard: ShardId) -> list[Path]:
    """Give a shard's files, the oldest month first; none where the folder is not there."""
    return sorted(folder.glob(f"{prefix_of(shard)}-[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"))


class AuditFiles:
    """Appends to the files of one shard. ``open`` comes first; after an ``OSError`` open it again."""

    def __init__(self, folder: Path, shard: ShardId) -> None:
        self._folder = folder
        self._shard = shard
        self._lock: int | None = None

    def open(self) -> int:
        """Take the shard's files for this process and give the last recorded batch, 0 for none.

        A line that a crash has torn is ended, so that its batch can be written again after it. Raises
        ``FolderTaken``, ``OSError``.
        """
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._folder / f"{prefix_of(self._shard)}.lock", os.O_CREAT | os.O_RDWR, _FILE_MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise FolderTaken(f"another worker records shard {self._shard} in {self._folder}") from None
        self._lock = lock
        files = find_files(self._folder, self._shard)
        if files:
            _end_torn_line(files[-1])
        return next((number for file in reversed(files) if (number := last_batch(file))), 0)

    def append(self, lines: Sequence[AuditLine]) -> None:
        """Write batches, in order, and return when they are on the disk; raises ``OSError``."""
        assert self._lock is not None, "the files are open"
        for name, of_month in groupby(lines, self._name_of):
            _append(self._folder / name, of_month)

    def close(self) -> None:
        """Let another worker have the files; may be repeated."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _name_of(self, line: AuditLine) -> str:
        """Name the file of the month of commit, but none before the newest: batches stay in their order.

        Two batches about midnight may carry their times in the other order.
        """
        month = datetime.fromtimestamp(line.committed_unix_us // 1_000_000, UTC)
        name = f"{prefix_of(self._shard)}-{month:%Y-%m}.jsonl"
        newest = [file.name for file in find_files(self._folder, self._shard)[-1:]]
        return max([name, *newest])


def last_batch(file: Path) -> int | None:
    """Give the number of the last whole line of a file; looks at no more of its end than it needs."""
    size, wanted = file.stat().st_size, _TAIL_BYTES
    with file.open("rb") as data:
        while True:
            start = max(0, size - wanted)
            data.seek(start)
            pieces = data.read(size - start).split(b"\n")
            for piece in reversed(pieces[1 if start else 0 :]):
                with suppress(BadLine):
                    return read_line(piece).number
            if not start:
                return None
            wanted *= 4


def _append(file: Path, lines: Iterable[AuditLine]) -> None:
    is_new = not file.exists()
    target = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _FILE_MODE)
    try:
        _write(target, b"".join(write_line(line) + b"\n" for line in lines))
        os.fsync(target)
    finally:
        os.close(target)
    if is_new:
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _write(target: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(target, rest) :]


def _end_torn_line(file: Path) -> None:
    with file.open("rb") as data:
        if data.seek(0, os.SEEK_END) == 0:
            return
        data.seek(-1, os.SEEK_END)
        if data.read(1) == b"\n":
            return
    target = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        _write(target, b"\n")
        os.fsync(target)
    finally:
        os.close(target)


def measure(folder: Path, shard: ShardId) -> list[tuple[Path, int]]:
    """Give a shard's files and how long they are now; what is appended later is not looked at."""
    return [(file, file.stat().st_size) for file in find_files(folder, shard)]


def pieces_after(measured: Sequence[tuple[Path, int]], after: int) -> Iterator[tuple[str, bytes]]:
    """Give the lines that follow batch ``after``, whole or not, each with the name of its file.

    It looks for the place, so that it costs the same however much was recorded before.
    """
    for place in range(len(measured) - 1, 0, -1):
        first = _first_batch(*measured[place])
        if first is not None and first <= after:
            measured = measured[place:]
            break
    is_past = False
    for number, (file, size) in enumerate(measured):
        with file.open("rb") as data:
            at = _place_before(file, size, after) if number == 0 and after else 0
            data.seek(at)
            while at < size:
                piece = data.readline(size - at)
                at += len(piece)
                is_past = is_past or not _is_up_to(piece, after)
                if is_past:
                    yield file.name, piece.removesuffix(b"\n")


def _is_up_to(piece: bytes, after: int) -> bool:
    number = _number_of(piece.removesuffix(b"\n"))
    return (number is None and after > 0) or (number is not None and number <= after)


def _number_of(piece: bytes) -> int | None:
    with suppress(BadLine):
        return read_line(piece).number
    return None


def _first_batch(file: Path, size: int) -> int | None:
    with file.open("rb") as data:
        while data.tell() < size:
            number = _number_of(data.readline(size - data.tell()).removesuffix(b"\n"))
            if number is not None:
                return number
    return None


def _place_before(file: Path, size: int, after: int) -> int:
    """Find, by halving, a line's beginning that is not behind the first batch above ``after``."""
    low, high = 0, size
    with file.open("rb") as data:
        while high - low > _TAIL_BYTES:
            middle = (low + high) // 2
            data.seek(middle)
            data.readline(high - middle)
            begin, number = data.tell(), None
            while number is None and data.tell() < high:
                begin = data.tell()
                number = _number_of(data.readline(high - begin).removesuffix(b"\n"))
            if number is None or number > after:
                high = middle
            else:
                low = begin
    return low
