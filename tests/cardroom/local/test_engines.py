"""Servers on a Trio loop: cut off at the start, killed at the end."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import trio

from cardroom.local.engines import EngineLimits, run_postgres, run_valkey
from cardroom.local.patience import Limit, Patience
from cardroom.local.record import RunRecord
from cardroom.local.servers import ServerFailed, free_port

LIMITS = EngineLimits(start=Limit(calm=30.0, hurried=0.0), stop=Limit(calm=10.0, hurried=0.3))


@pytest.fixture(autouse=True)
async def limit() -> AsyncIterator[None]:
    with trio.fail_after(30):
        yield


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def test_both_run_during_the_block(tmp_path: Path) -> None:
    record, patience = RunRecord(tmp_path / "processes.json"), Patience()
    async with (
        run_postgres(tmp_path / "postgres", record, patience, LIMITS) as postgres,
        run_valkey(tmp_path / "valkey", free_port(), record, patience, LIMITS) as valkey,
    ):
        assert is_running(postgres.pid)
        assert is_running(valkey.pid)
    assert not is_running(postgres.pid)
    assert not is_running(valkey.pid)


async def test_a_start_that_is_cut_off_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    record, patience = RunRecord(tmp_path / "processes.json"), Patience()
    patience.hurry()
    with pytest.raises(ServerFailed):
        async with run_postgres(tmp_path / "postgres", record, patience, LIMITS):
            pass
    async with run_postgres(tmp_path / "postgres", record, Patience(), LIMITS) as postgres:
        assert is_running(postgres.pid)


async def test_a_server_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    record, patience = RunRecord(tmp_path / "processes.json"), Patience()
    patience_at_end = LIMITS
    async with run_valkey(tmp_path, free_port(), record, patience, patience_at_end) as valkey:
        psutil.Process(valkey.pid).send_signal(signal.SIGSTOP)
        patience.hurry()
        began = trio.current_time()
    assert trio.current_time() - began < 2.0
    assert not is_running(valkey.pid)
