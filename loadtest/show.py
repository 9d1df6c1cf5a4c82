"""Makes the page of a load test: ``python -m loadtest.show RESULT.json --html PAGE.html``."""

import argparse
import sys
from pathlib import Path

from loadtest.showing.document import write_document
from loadtest.showing.goals import doubts, judge, sum_up
from loadtest.showing.result import Result, UnreadableResult, read_result


def main(arguments: list[str] | None = None) -> int:
    """Write the page and say in one line how the load test went; 2 if the file holds no result."""
    line = _command_line().parse_args(arguments)
    try:
        result = read_result(line.result)
    except UnreadableResult as error:
        sys.stderr.write(f"{error}\n")
        return 2
    page: Path = line.html or line.result.with_suffix(".html")
    write_page(result, page)
    sys.stdout.write(f"{page}: {describe_outcome(result)}\n")
    return 0


def describe_outcome(result: Result) -> str:
    """Say in one line how the load test went."""
    return " ".join([sum_up(judge(result)), *doubts(result)])


def write_page(result: Result, page: Path) -> None:
    """Write the page of a result into a file."""
    page.write_text(write_document(result), encoding="utf-8", errors="replace")


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.show", description="The page of a load test.")
    parser.add_argument(
        "result", type=Path, metavar="RESULT.json", help="what the load test wrote with --json"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="where to (default: beside the result)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
