"""What is told while a load test runs."""

import io
import json

from loadtest.gathering import Gathering
from loadtest.progress import Progress
from tests.loadtest.test_gathering import second


def run(*, is_live: bool) -> tuple[str, str]:
    gathering, programs, people = Gathering(1), io.StringIO(), io.StringIO()
    progress = Progress(is_live=is_live, programs=programs, people=people)
    for at in range(1, 6):
        gathering.take(0, second(at))
        progress.show("measuring", at, gathering, gathering.close_window(at, 1.0, "measuring", {}))
    progress.end()
    return programs.getvalue(), people.getvalue()


def test_programs_get_a_line_of_json_each_second_with_its_window() -> None:
    programs, people = run(is_live=True)
    lines = [json.loads(line) for line in programs.splitlines()]
    assert [line["seconds"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["actions"] for line in lines] == [1, 3, 6, 10, 15]
    assert [line["window"]["actions"] for line in lines] == [1, 2, 3, 4, 5]
    assert {"p99_ms", "seated", "connected", "hands_seen", "refusals"} <= set(lines[0])
    assert people == ""


def test_people_without_a_terminal_get_a_line_now_and_then() -> None:
    programs, people = run(is_live=False)
    assert programs == ""
    assert people.count("\n") == 1
    assert "2 seated" in people
