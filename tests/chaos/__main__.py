"""``python -m tests.chaos --faults 60 --seed 1``: does faults to a cluster in play and says what held.

The last line is one JSON object; the exit code is 0 only if nothing was lost, undone or settled twice.
"""

import argparse
import secrets
import shutil
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from cardroom.local.servers import ServerFailed as LocalServerFailed
from cardroom.service.postgres import PostgresAway
from tests.chaos.cluster import ClusterFailed, Place
from tests.chaos.conductor import run_chaos
from tests.chaos.faults import Fault, Kind, plan_faults
from tests.chaos.outcome import Findings, merge
from tests.chaos.report import result_line, write_report
from tests.chaos.servers import ServerFailed

_START_SECONDS: Final = 120.0
_SECONDS_PER_FAULT: Final = 60.0
_TOLD: Final = 20
_SEEDS: Final = 1_000_000
EXIT_BROKEN: Final = 2
"""The run could not be led to its end: that is no proof of anything."""
_BREAKS: Final = (ClusterFailed, ServerFailed, LocalServerFailed, trio.TooSlowError, PostgresAway, OSError)
_SINGLE: Final = "single"
_REPLICATED: Final = "replicated"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; gives the exit code."""
    options = _command_line().parse_args(arguments)
    seed = secrets.randbelow(_SEEDS) if options.seed is None else options.seed
    command = f"python -m tests.chaos --faults {options.faults} --seed {seed} --servers {options.servers}"
    if options.kinds:
        command += f" --kinds {' '.join(options.kinds)}"
    _say(f"{command}: report and logs in {options.folder}")
    folder = options.folder.resolve()
    if folder.exists():
        shutil.rmtree(folder)
    try:
        return _conclude(folder, _run_all(options, seed, folder, command), command)
    except* _BREAKS as group:
        (folder / "broken.txt").write_text("".join(traceback.format_exception(group)), encoding="utf-8")
        _say(f"The run broke off: {'; '.join(_reasons(group))}; see {options.folder / 'broken.txt'}")
    return EXIT_BROKEN


def _run_all(options: argparse.Namespace, seed: int, folder: Path, command: str) -> Findings:
    """Run on one kind of servers, or on one after the other."""
    kinds = tuple(Kind[name] for name in options.kinds) or tuple(Kind)
    runs = []
    for number, (name, count) in enumerate(share(options.faults, options.servers).items()):
        first = 1 + options.faults - count if number else 1
        is_replicated = name == _REPLICATED
        faults = plan_faults(seed, count, kinds, replicated=is_replicated, first=first)
        place = Place(Path.cwd(), folder / name, seed, options.players)
        runs.append(trio.run(_run_in_time, place, faults, is_replicated))
        write_report(place.folder, runs[-1], command)
    return merge(runs)


def share(faults: int, servers: str) -> dict[str, int]:
    """Say how many faults are done to each kind of cluster."""
    if servers != "both":
        return {servers: faults}
    return {_SINGLE: (faults + 1) // 2, _REPLICATED: faults // 2}


def _conclude(folder: Path, findings: Findings, command: str) -> int:
    write_report(folder, findings, command)
    wrongs = [*findings.objections, *findings.complaints]
    for wrong in wrongs[:_TOLD]:
        _say(f"WRONG: {wrong}")
    if len(wrongs) > _TOLD:
        _say(f"WRONG: and {len(wrongs) - _TOLD} more; see {folder / 'report.md'}")
    _say(result_line(findings))
    return 0 if findings.is_good else 1


async def _run_in_time(place: Place, faults: Sequence[Fault], is_replicated: bool) -> Findings:
    with trio.fail_after(_START_SECONDS + _SECONDS_PER_FAULT * len(faults)):
        async with trio.open_nursery() as nursery:
            await nursery.start(_end_when_told)
            findings = await run_chaos(place, faults, _say, replicated=is_replicated)
            nursery.cancel_scope.cancel()
    return findings


async def _end_when_told(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """End everything in order at a signal: nothing must be left running."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            raise ClusterFailed(f"told to end by {signal.Signals(number).name}")


def _reasons(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [reason for inner in error.exceptions for reason in _reasons(inner)]
    return [f"{type(error).__name__} {error}"]


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Faults to a cluster in play.")
    parser.add_argument("--faults", type=int, default=60, help="how many (default 60)")
    parser.add_argument("--seed", type=int, help="what faults follow from; printed (default: by chance)")
    parser.add_argument("--players", type=int, default=16, help="how many bots play (default 16)")
    parser.add_argument(
        "--kinds", nargs="*", default=[], choices=[kind.name for kind in Kind], metavar="KIND",
        help=f"only these: {', '.join(kind.name for kind in Kind)}",
    )  # fmt: skip
    parser.add_argument(
        "--servers",
        choices=[_SINGLE, _REPLICATED, "both"],
        default="both",
        help="PostgreSQL and Valkey alone, with others that take their place, or half of the faults to each",
    )
    parser.add_argument("--folder", type=Path, default=Path(".chaos"), help="where all is written (.chaos)")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
