"""Tells how a load test goes: a JSON line each second while it runs, and one object at the end."""

import json
from typing import Any, TextIO

import trio

from loadtest.tally import Tally

_PERIOD_SECONDS = 1.0


def final_report(tally: Tally, seconds: float) -> dict[str, Any]:
    """Give all numbers of a load test that lasted ``seconds``."""
    return {"seconds": round(seconds, 3), **tally.as_json()}


async def report_each_second(tally: Tally, stream: TextIO) -> None:
    """Write one line a second for as long as the load test lasts."""
    began = trio.current_time()
    due = began
    while True:
        due += _PERIOD_SECONDS
        await trio.sleep_until(due)
        window = tally.close_window().as_json()
        write_line(final_report(tally, trio.current_time() - began) | {"window": window}, stream)


def write_line(report: dict[str, Any], stream: TextIO) -> None:
    """Write one object on a line of its own, at once."""
    stream.write(json.dumps(report, separators=(",", ":")) + "\n")
    stream.flush()
