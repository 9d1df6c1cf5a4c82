"""Compares two results of the load test: ``python -m loadtest.compare A.json B.json``."""

import argparse
import json
import sys
from pathlib import Path

from loadtest.showing.comparison import compare, failures
from loadtest.showing.result import UnreadableResult, read_result
from loadtest.showing.side_by_side import Pair, as_document, as_page, as_text


def main(arguments: list[str] | None = None) -> int:
    """Write both side by side; 1 if B is worse than allowed, 2 if a file holds no result."""
    line = _command_line().parse_args(arguments)
    try:
        pair = Pair(str(line.a), read_result(line.a), str(line.b), read_result(line.b))
    except UnreadableResult as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(as_document(pair)) + "\n" if line.json else as_text(pair))
    if line.html is not None:
        line.html.write_text(as_page(pair), encoding="utf-8", errors="replace")
    failed = [] if line.fail_above is None else failures(compare(pair.a, pair.b), line.fail_above)
    for failure in failed:
        sys.stderr.write(f"too_slow: {failure}\n")
    return 1 if failed else 0


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.compare", description="Two load tests side by side."
    )
    add = parser.add_argument
    add("a", type=Path, metavar="A.json", help="the result to compare with")
    add("b", type=Path, metavar="B.json", help="the result in question")
    add("--html", type=Path, metavar="FILE", help="write a page, too")
    add("--json", action="store_true", help="write one JSON object in place of the table")
    add(
        "--fail-above",
        type=float,
        metavar="RATIO",
        help="exit with 1 if p99 or CPU per action of B is more than RATIO times that of A",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
