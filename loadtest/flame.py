"""Samples a running Python process: ``python -m loadtest.flame --pid PID --seconds 15 --html PAGE.html``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import trio

from loadtest.sampling import RATE, SamplingFailed, sample
from loadtest.showing.document import whole_page
from loadtest.showing.markup import element
from loadtest.showing.profiles import show_profile
from loadtest.showing.result import Result, UnreadableResult, read_result


def main(arguments: list[str] | None = None) -> int:
    """Sample, then write a page or into a result; 1 if it could not be sampled, 2 if there is no result."""
    line = _command_line().parse_args(arguments)
    try:
        if line.into is not None:
            read_result(line.into)
        profile = trio.run(sample, line.pid, line.seconds, line.rate)
    except UnreadableResult as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except SamplingFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if line.into is not None:
        _add(line.into, line.name, profile)
    if line.html is not None:
        title = f"Where the time of {line.name} goes"
        page = whole_page(title, element("h1", title), show_profile(line.name, Result(profile)))
        line.html.write_text(page, encoding="utf-8", errors="replace")
    sys.stdout.write(_table(profile))
    return 0


def _add(file: Path, name: str, profile: dict[str, Any]) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    profiles = document.get("profiles") or {}
    document["profiles"] = profiles | {name: profile}
    file.write_text(json.dumps(document) + "\n", encoding="utf-8")


def _table(profile: dict[str, Any]) -> str:
    lines = [" self  incl.  function"]
    lines += [
        f"{dear['self_share']:5.1%}  {dear['inclusive_share']:5.1%}  {dear['function']} ({dear['file']})"
        for dear in profile["top"]
    ]
    return "\n".join(lines) + "\n"


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.flame", description="Where a process spends its time."
    )
    add = parser.add_argument
    add("--pid", type=int, required=True, help="the process to look into")
    add("--seconds", type=float, default=15.0, help="how long (default 15)")
    add("--rate", type=int, default=RATE, help=f"samples per second (default {RATE})")
    add("--name", default="node", help="what the process is called in the page (default node)")
    add("--html", type=Path, metavar="FILE", help="write a page with the flame graph")
    add("--into", type=Path, metavar="RESULT.json", help="add it to the result of a load test")
    return parser


if __name__ == "__main__":
    sys.exit(main())
