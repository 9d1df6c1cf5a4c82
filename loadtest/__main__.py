"""Plays against a running cluster: ``python -m loadtest --router URL --password-file FILE``."""

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

import trio

from cardroom.wire.codec import Encoding
from loadtest.crowd import play
from loadtest.profile import Pace, Profile
from loadtest.report import write_line
from loadtest.stop import Stop

_ENCODINGS = {"msgpack": Encoding.MSGPACK, "json": Encoding.JSON}
_MILLISECONDS = 1000.0


def main(arguments: list[str] | None = None) -> None:
    """Play, then write the numbers; SIGTERM and SIGINT let the bots leave their tables first."""
    profile = read_profile(arguments)
    report = trio.run(_play_until_signalled, profile, strict_exception_groups=True)
    if profile.json_file is not None:
        profile.json_file.write_text(json.dumps(report) + "\n", encoding="utf-8")
    else:
        write_line(report, sys.stdout)


def read_profile(arguments: list[str] | None = None) -> Profile:
    """Read the command line."""
    line = _command_line().parse_args(arguments)
    pace = Pace(
        think_min_seconds=line.think_ms[0] / _MILLISECONDS,
        think_max_seconds=line.think_ms[1] / _MILLISECONDS,
        hands_per_visit=line.hands_per_visit,
        leave_seconds=line.leave_seconds,
        longest_pause_seconds=line.longest_pause_seconds,
        answer_seconds=line.answer_seconds,
    )
    return Profile(
        router_url=line.router,
        players=line.players,
        seconds=line.seconds,
        seed=line.seed,
        names=line.names,
        password=line.password_file.read_text(encoding="utf-8").strip(),
        encoding=_ENCODINGS[line.encoding],
        pace=pace,
        is_live=line.live,
        json_file=line.json,
        record_file=line.record,
    )


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest", description="Bots that play as real clients.")
    add = parser.add_argument
    add("--router", required=True, metavar="URL", help="where accounts, lobby and tickets are")
    add("--password-file", required=True, type=Path, metavar="FILE", help="the password of all bots")
    add("--players", type=int, default=24, help="how many bots (default 24)")
    add("--names", default="bot", help="bots are called NAMES-01, NAMES-02 ... (default bot)")
    add("--seconds", type=float, default=0.0, help="how long to play; 0 is until a signal (default)")
    add("--seed", type=int, default=1, help="what the bots' choices follow from (default 1)")
    add("--think-ms", type=_range_of_ms, default=(10, 40), metavar="MIN-MAX", help="default 10-40")
    add("--hands-per-visit", type=float, default=60.0, help="average, before a bot leaves (default 60)")
    add("--leave-seconds", type=float, default=3.0, help="limit for leaving a table (default 3)")
    add("--longest-pause-seconds", type=float, default=4.0, help="before another try to connect (default 4)")
    add(
        "--answer-seconds",
        type=float,
        default=10.0,
        help="a node that is silent for longer is lost (default 10)",
    )
    add("--encoding", choices=sorted(_ENCODINGS), default="msgpack")
    add("--live", action="store_true", help="write a line of JSON each second to standard output")
    add("--json", type=Path, metavar="FILE", help="write the final numbers there (default: standard output)")
    add("--record", type=Path, metavar="FILE", help="write all that the bots see there, a line of JSON each")
    return parser


def _range_of_ms(text: str) -> tuple[int, int]:
    lowest, _, highest = text.partition("-")
    found = int(lowest), int(highest or lowest)
    if not 0 <= found[0] <= found[1]:
        raise argparse.ArgumentTypeError(f"{text} is not a range such as 10-40")
    return found


async def _play_until_signalled(profile: Profile) -> dict[str, Any]:
    stop = Stop()
    async with trio.open_nursery() as nursery:
        await nursery.start(_order_stop_on_signal, stop)
        report = await play(profile, stop)
        nursery.cancel_scope.cancel()
    return report


async def _order_stop_on_signal(
    stop: Stop, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            stop.order()


if __name__ == "__main__":
    main()
