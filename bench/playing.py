"""Lets the load test's players play in a room of a bench, and reads what it cost."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import trio
from attrs import define, field, frozen

from bench.room import Room
from cardroom.local.processes import ProcessFailed, read_lines

_STOP_SECONDS: Final = 10.0
_LEAST_LOOKS: Final = 2
_LOOK_SECONDS: Final = 2.5


@frozen
class Play:
    """One load test: how many players, how fast (``think_ms``, or at human pace), how long."""

    players: int
    think_ms: str | None
    seconds: float
    ramp_seconds: float = 3.0
    warm_up_seconds: float = 2.0
    processes: int = 1
    seats: int = 6

    def arguments(self) -> tuple[str, ...]:
        """Give the options of the load test's command."""
        pace = ("--pace", "human") if self.think_ms is None else ("--think-ms", self.think_ms)
        return (
            "--players", str(self.players), "--seconds", str(self.seconds), *pace,
            "--ramp-seconds", str(self.ramp_seconds), "--warm-up-seconds", str(self.warm_up_seconds),
            "--processes", str(self.processes), "--seats", str(self.seats), "--live",
        )  # fmt: skip


@frozen
class Look:
    """What had been done and taken at one moment: actions, the engines' seconds, transactions, and what the
    wallet worker has counted."""

    actions: int
    engine_seconds: Mapping[str, float]
    transactions: int
    worker: Mapping[str, float]


@define(eq=False)
class Watch:
    """Looks at the engines while it is measured: at each line of the load test that has more actions."""

    room: Room
    looks: list[Look] = field(factory=list)
    _newest: dict[str, Any] = field(factory=dict)
    _told: trio.Event = field(factory=trio.Event)

    def hear(self, line: bytes) -> None:
        """Take a line of the running load test."""
        self._newest = json.loads(line)
        self._told.set()

    async def run(self) -> None:
        """Look now and then, until cancelled: a look costs the wallet worker some milliseconds."""
        while True:
            await self._told.wait()
            self._told = trio.Event()
            newest = self._newest
            if (newest.get("actions") or 0) > (self.looks[-1].actions if self.looks else 0):
                worker, transactions = await self.room.read_worker(), await self.room.count_transactions()
                self.looks.append(Look(newest["actions"], self.room.engine_seconds(), transactions, worker))
                await trio.sleep(_LOOK_SECONDS)

    def engines_us_per_action(self) -> dict[str, float]:
        """Give microseconds of processor time for each action, by engine."""
        if len(self.looks) < _LEAST_LOOKS:
            return {}
        first, last = self.looks[0], self.looks[-1]
        return {
            name: round((seconds - first.engine_seconds[name]) * 1e6 / (last.actions - first.actions), 1)
            for name, seconds in last.engine_seconds.items()
        }

    def transactions_per_hand(self) -> dict[str, float]:
        """Give how many transactions PostgreSQL has committed for each settled hand.

        ``all``: whoever wanted them, for whatever; ``settling``: those that settled the hands.
        """
        if len(self.looks) < _LEAST_LOOKS:
            return {}
        first, last = self.looks[0], self.looks[-1]
        done = {name: value - first.worker.get(name, 0.0) for name, value in last.worker.items()}
        hands = done.get("holdem_ledger_settled_hands_total")
        if not hands:
            return {}
        asked = len(self.looks) - 1
        found = {"all": (last.transactions - first.transactions - asked) / hands}
        if "holdem_ledger_settling_batches_total" in done:
            found["settling"] = done["holdem_ledger_settling_batches_total"] / hands
        return found


@define
class Played:
    """The result of a load test, and what the engines took."""

    result: dict[str, Any]
    engines: dict[str, float] = field(factory=dict)
    transactions_per_hand: dict[str, float] = field(factory=dict)

    def cpu(self, process: str) -> float:
        """Give microseconds of processor time for each action of one process of the server."""
        return float(self.result["server"][process]["cpu_us_per_action"])

    def latency(self, kind: str, percentile: str) -> float:
        """Give a latency in milliseconds."""
        return float(self.result["latency_ms"][kind][percentile])

    @property
    def actions_per_s(self) -> float:
        """How many actions were carried out a second."""
        return float(self.result["actions_per_s"])


async def play(play: Play, room: Room) -> Played:
    """Let players play in a room; raises ``ProcessFailed`` where the load test fails."""
    watch = Watch(room)
    command = (sys.executable, "-m", "loadtest", *room.arguments, *play.arguments())
    result = await _run(command, watch)
    errors = result["errors"]["protocol_errors"]
    if errors or result["ledger"]["is_balanced"] is False:
        raise ProcessFailed(f"The load test found faults: {errors}, {result['ledger']}")
    return Played(result, watch.engines_us_per_action(), watch.transactions_per_hand())


async def play_bare(play: Play, room: Room, tables: int) -> Played:
    """Play against bare uvicorn; what it took is read from its metrics."""
    (url,) = room.arguments
    command = (
        sys.executable, "-m", "loadtest.baseline.bare_players", "--url", url.replace("http", "ws") + "/table",
        "--metrics", url, "--tables", str(tables), "--seats", str(play.seats),
        "--think-ms", play.think_ms or "0", "--seconds", str(play.seconds),
        "--warm-up-seconds", str(play.warm_up_seconds),
    )  # fmt: skip
    return Played(await _run(command, Watch(room)))


async def _run(command: Sequence[str], watch: Watch) -> dict[str, Any]:
    with TemporaryDirectory(prefix="bench-") as folder:
        file, errors = Path(folder) / "result.json", Path(folder) / "stderr"
        with errors.open("wb") as stderr:
            process = await trio.lowlevel.open_process(
                [*command, "--json", str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=stderr, start_new_session=True,
            )  # fmt: skip
            await _follow(process, watch)
        if process.returncode != 0 or not file.exists():
            text = errors.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ProcessFailed(f"The load test ended with code {process.returncode}: {text}")
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found


async def _follow(process: trio.Process, watch: Watch) -> None:
    """Wait for the end; when cancelled, the players are asked to leave and then killed."""
    assert process.stdout is not None, "it is a pipe"
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.run)
            await read_lines(process.stdout, watch.hear)
            await process.wait()
            nursery.cancel_scope.cancel()
    finally:
        if process.poll() is None:
            process.terminate()
            with trio.move_on_after(_STOP_SECONDS, shield=True):
                await process.wait()
            process.kill()
