"""Lines of JSON."""

import io
import json

import trio
from trio.testing import MockClock

from loadtest.report import final_report, report_each_second
from loadtest.tally import Tally


async def test_a_line_each_second_with_its_window(autojump_clock: MockClock) -> None:
    tally, stream = Tally(), io.StringIO()
    tally.acted(0.002)
    with trio.move_on_after(2.5):
        await report_each_second(tally, stream)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["seconds"] for line in lines] == [1.0, 2.0]
    assert [line["actions"] for line in lines] == [1, 1]
    assert [line["window"]["actions"] for line in lines] == [1, 0]


def test_the_final_report_has_all_numbers() -> None:
    report = final_report(Tally(), 12.3456)
    assert report["seconds"] == 12.346
    assert {"p99_ms", "hands_seen", "reconnects", "refusals", "protocol_errors"} <= set(report)
