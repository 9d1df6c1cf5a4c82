"""Two real wallet workers share the streams of a cluster; each is killed in the middle of the traffic."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from cardroom.local.configuration import write_toml
from cardroom.local.credentials import read_credential
from cardroom.local.servers import free_port
from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from tests.system.place import Place, started, wait_until
from wallet_worker.settings import LedgerSettings

TABLES = {"Han", "Geum", "Imjin", "Nakdong", "Seomjin"}
SHARDS = 4
PATIENCE = LedgerSettings().term_seconds + 1.0
"""Within this time after a worker's death, whatever it read is read by another."""

HOLDERS = """
SELECT term_holder FROM shard
WHERE id >= 0 AND term_holder IS NOT NULL AND term_heartbeat > now() - interval '3 seconds'
"""


@pytest.fixture
def place(tmp_path: Path, project_root: Path) -> Place:
    return Place(project_root, tmp_path)


def ask(place: Place, sql: str) -> list[Any]:
    """Ask the running cluster's database, as the wallet's role."""
    dsn = read_credential(place.folder / ".run" / "credentials", "wallet_dsn")

    async def read() -> list[Any]:
        async with (
            open_postgres(PostgresSettings(dsn=dsn)) as postgres,
            postgres.transaction() as transaction,
        ):
            return [row[0] for row in await transaction.fetch(sql)]

    return trio.run(read)


def shares(place: Place) -> list[int]:
    """Give how many streams each worker reads now, the fewest first."""
    holders = ask(place, HOLDERS)
    return sorted(holders.count(holder) for holder in set(holders))


def is_replaced(place: Place, pid: int) -> bool:
    """Say whether every stream is read, and none by this process, whose number is part of its name."""
    holders = ask(place, HOLDERS)
    return len(holders) == SHARDS and not any(f"-{pid}-" in holder for holder in holders)


@contextmanager
def second_worker(place: Place) -> Iterator["subprocess.Popen[bytes]"]:
    """Run another worker beside the cluster's own, with the same settings but for its port."""
    run = place.folder / ".run"
    document = tomllib.loads((run / "configs" / "wallet_worker.toml").read_text())
    document["http"]["port"] = free_port()
    file = place.folder / "second.toml"
    file.write_text(write_toml(document))
    with (place.folder / "second.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "wallet_worker", "--config", str(file)],
            cwd=place.folder, env=place.environment(CREDENTIALS_DIRECTORY=str(run / "credentials")),
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def play_on(place: Place, hands: int, seconds: float = 60.0) -> None:
    """Wait until every table has settled so many more hands."""
    before = place.hands_by_table()
    wait_until(
        lambda: all(place.hands_by_table().get(name, 0) >= before.get(name, 0) + hands for name in TABLES),
        f"every table settles {hands} more hands",
        seconds,
    )


def kill(place: Place, pid: int) -> float:
    """Kill a worker, and give how many seconds later others read all that it read."""
    os.kill(pid, signal.SIGKILL)
    killed_at = time.monotonic()
    wait_until(lambda: is_replaced(place, pid), "others read everything", 15.0)
    return time.monotonic() - killed_at


@pytest.mark.timeout(180)
def test_a_worker_killed_in_the_middle_of_the_traffic_is_replaced_in_seconds(place: Place) -> None:
    with started(place) as supervisor:
        wait_until(lambda: place.hands_by_table().keys() >= TABLES, "the tables are there")
        play_on(place, 2)
        with second_worker(place) as second:
            wait_until(lambda: shares(place) == [2, 2], "both read two streams")
            play_on(place, 3)
            assert kill(place, place.processes()["wallet_worker"]) < PATIENCE
            wait_until(lambda: shares(place) == [2, 2], "the one that came back has its share again")
            play_on(place, 3)
            assert kill(place, second.pid) < PATIENCE
            play_on(place, 3)
        assert ask(place, "SELECT count(*) FROM dead_letter") == [0]
        report = place.verify_ledger()
        assert report["ok"], report
        supervisor.send_signal(signal.SIGTERM)
        supervisor.communicate(timeout=10)
