"""The bots as a process of their own, and what they tell of themselves line by line."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import trio

from cardroom.local.credentials import BOTS_PASSWORD
from cardroom.local.plan import ClusterPlan
from cardroom.local.processes import ProcessFailed

_START_SECONDS: Final = 30.0
_MAX_REPORT_BYTES: Final = 64 * 1024


class Live:
    """The newest numbers of the bots."""

    def __init__(self) -> None:
        self.report: dict[str, Any] = {}
        self._playing = trio.Event()

    def take(self, line: bytes) -> None:
        """Take a line of their output; one that is no report is passed over."""
        try:
            report = json.loads(line[:_MAX_REPORT_BYTES])
        except ValueError:
            return
        if isinstance(report, dict):
            self.report = report
            if report.get("actions"):
                self._playing.set()

    async def wait_until_playing(self) -> None:
        """Return at the first action; raises ``ProcessFailed`` if there is none in time."""
        with trio.move_on_after(_START_SECONDS):
            await self._playing.wait()
            return
        raise ProcessFailed(f"The bots did not play within {_START_SECONDS:g} s; see the logs")


def report_file(plan: ClusterPlan) -> Path:
    """Where the bots write their final numbers."""
    return plan.folder / "bots.json"


def bots_command(plan: ClusterPlan, router_url: str) -> tuple[str, ...]:
    """Give the command line of the bots."""
    bots = plan.bots
    return (
        sys.executable, "-m", "loadtest", "--live",
        "--router", router_url,
        "--password-file", str(plan.credentials / BOTS_PASSWORD),
        "--players", str(bots.players),
        "--names", bots.names,
        "--think-ms", bots.think_ms,
        "--hands-per-visit", str(bots.hands_per_visit),
        "--seed", str(bots.seed),
        "--json", str(report_file(plan)),
    )  # fmt: skip


def read_report(plan: ClusterPlan, live: Live) -> dict[str, Any]:
    """Give the final numbers; the last line stands in where no final report was written."""
    try:
        report: dict[str, Any] = json.loads(report_file(plan).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return live.report
    return report
