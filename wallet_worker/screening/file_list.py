"""Screening by a file of addresses: one a line, and after a space why it is there; ``#`` begins a remark."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import trio
from attrs import frozen

from cardroom.service.logs import Log
from cardroom.service.settings import BadSettings
from wallet_worker.screening.port import Screened, ScreeningAway, Verdict

_MAX_BYTES: Final = 32 * 1024 * 1024
_MAX_REASON_LETTERS: Final = 200
_NO_REASON: Final = "listed"


@frozen
class _Stamp:
    """What tells one state of the file from another."""

    changed_ns: int
    size: int
    inode: int


class FileList:
    """Finds the addresses of a file, which is read anew when it has changed.

    Large and small letters are the same here: a list may write an address of Ethereum without its checksum,
    and two addresses of Bitcoin do not differ by that alone. While the file cannot be read nothing is
    credited or paid: what was read before may lack what was just written.
    """

    def __init__(self, file: Path, log: Log) -> None:
        self._file = file
        self._log = log
        self._stamp: _Stamp | None = None
        self._reasons: Mapping[str, str] = {}
        self._reading = trio.Lock()

    async def check(self, payment: Screened) -> Verdict:
        """Look for the address, and the sender's where one is told. Raises ``ScreeningAway``."""
        await self._read_if_changed()
        for address in (payment.address, payment.originator):
            if address is not None and (reason := self._reasons.get(address.lower())) is not None:
                return Verdict(reason)
        return Verdict()

    async def _read_if_changed(self) -> None:
        async with self._reading:
            try:
                stamp = await trio.to_thread.run_sync(_look, self._file)
                if stamp == self._stamp:
                    return
                reasons = await trio.to_thread.run_sync(read_list, self._file)
            except (OSError, BadSettings) as trouble:
                self._stamp = None
                self._log.error("screening.file_unread", file=str(self._file), trouble=str(trouble))
                raise ScreeningAway(str(trouble)) from trouble
            self._reasons, self._stamp = reasons, stamp
            self._log.info("screening.file_read", file=str(self._file), addresses=len(reasons))


def read_list(file: Path) -> Mapping[str, str]:
    """Read a file of addresses into why each is there, in small letters; raises ``BadSettings``."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MAX_BYTES + 1)
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file}: {error}") from error
    if len(raw) > _MAX_BYTES:
        raise BadSettings(f"{file}: more than {_MAX_BYTES} bytes")
    reasons = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split(maxsplit=1)
        if words:
            reasons[words[0].lower()] = "".join(words[1:]).strip()[:_MAX_REASON_LETTERS] or _NO_REASON
    return reasons


def _look(file: Path) -> _Stamp:
    found = file.stat()
    return _Stamp(found.st_mtime_ns, found.st_size, found.st_ino)
