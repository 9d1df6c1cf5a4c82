"""A project folder for one system test: the real code and settings, other ports, data of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import trio
from attrs import define, field

from cardroom.local.credentials import read_credential
from cardroom.local.ports import WALLET, PortOption, Ports, free_ports
from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings

_TIMEOUT = httpx.Timeout(5.0)


@define
class Place:
    """Where ``make run`` is tried without touching the data in the project."""

    project: Path
    folder: Path
    ports: Ports = field(factory=free_ports)

    def __attrs_post_init__(self) -> None:
        (self.folder / "configs").symlink_to(self.project / "configs")

    @property
    def command(self) -> list[str]:
        """Give what ``make run`` runs."""
        return [sys.executable, "-m", "cardroom.local"]

    def environment(self, **more: str) -> dict[str, str]:
        """Give the environment with this place's ports."""
        ports = {option.variable: str(port) for option, port in self.ports.items()}
        return {**os.environ, **ports, **more, "PYTHONPATH": str(self.project)}

    def processes(self) -> dict[str, int]:
        """Read which processes the supervisor has started, by name."""
        file = self.folder / ".run" / "processes.json"
        try:
            return {one["name"]: one["pid"] for one in json.loads(file.read_text(encoding="utf-8"))}
        except (OSError, ValueError):
            return {}

    def with_lease(self, dead_seconds: float) -> None:
        """Let the nodes have shorter leases, so that a standby judges sooner."""
        (self.folder / "configs").unlink()
        shutil.copytree(self.project / "configs", self.folder / "configs")
        for name in ("node-1", "node-2"):
            with (self.folder / "configs" / "dev" / f"{name}.toml").open("a", encoding="utf-8") as file:
                file.write(f"\n[lease]\nrenew_seconds = {dead_seconds / 10}\ndead_seconds = {dead_seconds}\n")

    def ask_wallet(self, path: str, body: Any = None) -> Any:
        """Ask the wallet worker as an administrator; None while it does not answer, or when it refuses."""
        return self.ask(WALLET, "GET" if body is None else "POST", path, body)

    def ask(self, option: PortOption, method: str, path: str, body: Any = None) -> Any:
        """Ask a process as an administrator; None while it does not answer, or when it refuses."""
        token_file = self.folder / ".run" / "credentials" / "admin_token"
        try:
            token = token_file.read_text(encoding="utf-8").strip()
            answer = httpx.request(
                method,
                f"{self.url(option)}{path}",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT,
                trust_env=False,
            )
        except (OSError, httpx.HTTPError):
            return None
        return answer.json() if answer.is_success else None

    def text(self, option: PortOption, path: str) -> str:
        """Read a page that is open to all; nothing while the process does not answer."""
        try:
            return httpx.get(f"{self.url(option)}{path}", timeout=_TIMEOUT, trust_env=False).text
        except httpx.HTTPError:
            return ""

    def verify_ledger(self) -> Any:
        """Let the wallet worker check every invariant of the running cluster's ledger."""
        run = self.folder / ".run"
        command = ["-m", "wallet_worker", "verify", "--config", str(run / "configs" / "wallet_worker.toml")]
        done = subprocess.run(
            [sys.executable, *command, "--json"],
            env=self.environment(CREDENTIALS_DIRECTORY=str(run / "credentials")),
            cwd=self.folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, done.stderr.decode()
        return json.loads(done.stdout)

    def hands_by_table(self) -> dict[str, int]:
        """Count the settled hands of each table; none while the wallet worker does not answer."""
        answer = self.ask_wallet("/admin/tables") or {"tables": []}
        return {table["name"]: table["last_hand_no"] for table in answer["tables"]}

    def records(self) -> list[str]:
        """Read the records of all settled hands out of the database."""
        dsn = read_credential(self.folder / ".run" / "credentials", "wallet_dsn")

        async def read() -> list[str]:
            async with open_postgres(PostgresSettings(dsn=dsn)) as postgres, postgres.transaction() as read:
                return [row["record"].decode() for row in await read.fetch("SELECT record FROM hand")]

        return trio.run(read)

    def url(self, option: PortOption) -> str:
        """Give the address of a listener."""
        return f"http://127.0.0.1:{self.ports[option]}"


@contextmanager
def started(place: Place, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the supervisor; whatever the test leaves running is ended."""
    process = subprocess.Popen(
        place.command,
        cwd=place.folder,
        env=place.environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        left_over = [psutil.Process(pid) for pid in place.processes().values() if psutil.pid_exists(pid)]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            for one in left_over:
                one.kill()
            process.communicate()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Ask again and again; other processes give no event to wait for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
