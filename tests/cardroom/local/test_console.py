"""What the person at the terminal sees."""

import io

from trio.testing import MockClock

from cardroom.local.console import Console, Summary, describe

SUMMARY = Summary(75.4, 4, 24, 1_234, 16.42, 2.5, 13.43, is_balanced=True)
LINE = (
    "01:15   4 tables   24 players   1,234 hands settled   16.4 hands/s   actions p50 2.5 ms, p99 13.4 ms   "
    "ledger balanced"
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_summary_in_one_line() -> None:
    assert describe(SUMMARY) == LINE


def test_what_is_not_known_is_not_made_up() -> None:
    line = describe(Summary(0.0, 4, 0, None, None, None, None, None))
    assert "- hands settled" in line
    assert "ledger not known" in line
    assert "NOT BALANCED" in describe(Summary(0.0, 4, 0, 1, None, None, None, is_balanced=False))


async def test_a_terminal_has_one_line_that_is_renewed() -> None:
    stream = Terminal()
    console = Console(stream)
    console.say("hello")
    console.show(SUMMARY)
    console.say("node-1 died")
    console.end_status()
    console.say("bye")
    assert stream.getvalue() == (
        f"hello\n\r\x1b[K{LINE}\r\x1b[Knode-1 died\n{LINE}\nbye\n"
    )  # fmt: skip


async def test_without_a_terminal_a_line_now_and_then(mock_clock: MockClock) -> None:
    stream = io.StringIO()
    console = Console(stream)
    for _ in range(3):
        console.show(SUMMARY)
    mock_clock.jump(6.0)
    console.show(SUMMARY)
    console.end_status()
    assert stream.getvalue() == f"{LINE}\n{LINE}\n"
