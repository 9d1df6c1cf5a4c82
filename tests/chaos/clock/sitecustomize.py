"""A clock that can be put wrong while a process runs: on its path, Python runs this file at the start.

The offset in seconds stands in the file that ``CLOCK_OFFSET_FILE`` names; without it, or unreadable, it is 0.
The steady clock is left alone, as it is where a machine's clock is set.
"""

import os
import time
from pathlib import Path

_FILE = Path(os.environ.get("CLOCK_OFFSET_FILE", ""))
_LOOK_SECONDS = 0.2
_right_time_ns = time.time_ns


class _Offset:
    """The offset as it was read last, looked up again now and then."""

    nanoseconds = 0
    looked_at = 0.0

    def read(self) -> int:
        now = time.monotonic()
        if now - self.looked_at > _LOOK_SECONDS:
            self.looked_at = now
            try:
                self.nanoseconds = int(float(_FILE.read_text()) * 1e9)
            except (OSError, ValueError):
                self.nanoseconds = 0
        return self.nanoseconds


_offset = _Offset()


def _wrong_time_ns() -> int:
    return _right_time_ns() + _offset.read()


def _wrong_time() -> float:
    return _wrong_time_ns() / 1e9


if os.environ.get("CLOCK_OFFSET_FILE"):
    time.time_ns = _wrong_time_ns
    time.time = _wrong_time
