"""Processes are kept running, and ended in time, whatever they do."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from cardroom.local.patience import Limit, Patience
from cardroom.local.processes import Child, ProcessFailed, ProcessSpec, Workplace, keep_running
from cardroom.local.record import claim_folder

LIMIT = Limit(calm=5.0, hurried=0.2)
STEADY = "import sys, time; print('up', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STEADY}"


class Desk:
    """Where one test's processes run; ``said`` is what was told on the console."""

    def __init__(self, workplace: Workplace, said: list[str]) -> None:
        self.workplace = workplace
        self.said = said
        self.lines: list[bytes] = []
        self._heard = trio.Event()

    def spec(self, code: str) -> ProcessSpec:
        return ProcessSpec("one", [sys.executable, "-c", code], dict(os.environ), on_line=self.hear)

    def hear(self, line: bytes) -> None:
        self.lines.append(line)
        self._heard.set()

    async def wait_for_line(self) -> None:
        await self._heard.wait()
        self._heard = trio.Event()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    said: list[str] = []
    with trio.fail_after(20), claim_folder(tmp_path) as (record, _):
        yield Desk(Workplace(tmp_path, tmp_path, record, said.append), said)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_runs_in_a_session_of_its_own_and_ends_when_asked(desk: Desk) -> None:
    async with keep_running([desk.spec(STEADY)], desk.workplace, Patience(), LIMIT) as (child,):
        await desk.wait_for_line()
        pid = child.pid
        assert pid is not None
        assert os.getsid(pid) == pid
    assert not is_alive(pid)
    assert desk.said == []


async def test_who_dies_is_started_again(desk: Desk) -> None:
    async with keep_running([desk.spec(STEADY)], desk.workplace, Patience(), LIMIT) as (child,):
        await desk.wait_for_line()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await desk.wait_for_line()
        assert child.restarts == 1
    assert desk.said == ["one was ended by SIGKILL; starting it again in 0.25 s"]


async def test_an_exit_code_is_told(desk: Desk) -> None:
    code = "import sys; print('up', flush=True); sys.exit(3)"
    async with keep_running([desk.spec(code)], desk.workplace, Patience(), LIMIT):
        await desk.wait_for_line()
        await desk.wait_for_line()
    assert desk.said[0].startswith("one ended with code 3")


async def test_who_does_not_end_is_killed_after_its_share(desk: Desk) -> None:
    patience = Patience()
    patience.hurry()
    async with keep_running([desk.spec(DEAF)], desk.workplace, patience, LIMIT) as (child,):
        await desk.wait_for_line()
        pid = child.pid
        assert pid is not None
        began = trio.current_time()
    assert trio.current_time() - began < 2.0
    assert not is_alive(pid)
    assert desk.said == ["one did not stop in time and was killed"]


async def test_settings_that_are_bad_end_the_whole(desk: Desk) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(ProcessFailed, match="settings")):
        async with keep_running([desk.spec("import sys; sys.exit(78)")], desk.workplace, Patience(), LIMIT):
            await trio.sleep_forever()


async def test_an_error_of_the_block_ends_them_too(desk: Desk) -> None:
    children: list[Child] = []
    with pytest.RaisesGroup(ZeroDivisionError):
        async with keep_running([desk.spec(STEADY)], desk.workplace, Patience(), LIMIT) as children:
            raise ZeroDivisionError
    assert children[0].pid is None


async def test_cancellation_while_starting_leaves_nothing(desk: Desk) -> None:
    for delay in (0.0, 0.001, 0.003, 0.01):
        children: list[Child] = []
        with trio.move_on_after(delay):
            async with keep_running([desk.spec(STEADY)] * 3, desk.workplace, Patience(), LIMIT) as children:
                await trio.sleep_forever()
        assert [child.pid for child in children] == [None] * len(children)


async def test_output_goes_to_the_log_and_lines_to_who_wants_them(desk: Desk) -> None:
    code = "import sys, time; print('a'); print('b', flush=True); sys.stderr.write('oops\\n'); time.sleep(60)"
    async with keep_running([desk.spec(code)], desk.workplace, Patience(), LIMIT) as (child,):
        while len(desk.lines) < 2:
            await desk.wait_for_line()
        log = child.log_file
    assert desk.lines == [b"a", b"b"]
    assert log.read_text(encoding="utf-8") in {"oops\n", ""}
