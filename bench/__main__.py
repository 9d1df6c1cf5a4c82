"""``make bench``: every measurement that takes under five minutes, as a table and one JSON object.

A part that fails says so, at the end of the table and under ``failed`` in the object; the others' numbers are
there all the same. ``LONG=1`` adds what takes long.
"""

import importlib
import json
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Any, Final

from bench.room import end_in_order_on_sigterm

PARTS: Final = (
    "engine", "wire", "step", "telling", "journal", "start", "ledger", "verify", "http", "lobby", "logins",
    "storm",
    "load",
)  # fmt: skip


def main() -> int:
    """Measure, print a table, and as the last line one JSON object with the same numbers."""
    end_in_order_on_sigterm()
    figures: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for name in PARTS:
        began = time.monotonic()
        try:
            figures |= {one: round(value, 3) for one, value in _measure(name).items()}
        except Exception as error:  # noqa: BLE001 - the others are to be measured all the same
            traceback.print_exc()
            failed[name] = _reason(error)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    for name, value in figures.items():
        sys.stdout.write(f"{name:40} {value:>14,.3f}\n")
    for name, reason in failed.items():
        sys.stdout.write(f"{name} FAILED: {reason}\n")
    sys.stdout.write(json.dumps(figures | ({"failed": failed} if failed else {})) + "\n")
    return 1 if failed else 0


def _measure(name: str) -> Mapping[str, float]:
    figures: Mapping[str, float] = importlib.import_module(f"bench.{name}").measure()
    return figures


def _reason(error: BaseException) -> str:
    """Give the first reason in a group, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".splitlines()[0][:500]


if __name__ == "__main__":
    sys.exit(main())
