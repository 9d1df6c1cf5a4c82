"""A PostgreSQL primary with a synchronous standby in strict mode: no commit is answered before both have it.

For proofs of fail-over. Both listen on loopback; ``promote`` puts the standby into the primary's place.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
from attrs import define

from cardroom.local.servers import ServerFailed, free_port, postgres_programs

_READY_SECONDS: Final = 20.0
_COMMAND_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.05
_IS_STREAMING: Final = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
_IS_SYNCHRONOUS: Final = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"


@define(eq=False)
class DatabaseServer:
    """One PostgreSQL, running or not."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        """Where its data lies."""
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """The postmaster's process."""
        assert self.process is not None, "it was started"
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Say whether the process is there, frozen or not."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it on its data and wait until it answers, as a primary or as a standby."""
        log_file = self.folder / "postgres.log"
        place = ["-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        tools = postgres_programs(Path.cwd())
        with log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(tools.bin_path / "postgres"), *place], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True, user=tools.system_user,
            )  # fmt: skip
        deadline = time.monotonic() + _READY_SECONDS
        while _run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1", check=False) is None:
            if not self.is_running or time.monotonic() > deadline:
                raise ServerFailed(f"PostgreSQL did not start on port {self.port}; see {log_file}")
            time.sleep(_PAUSE_SECONDS)

    def kill(self) -> None:
        """End it and all its sessions at once, as a lost machine would (SIGKILL)."""
        self._signal_group(signal.SIGKILL)
        assert self.process is not None, "it was started"
        self.process.wait()

    def freeze(self) -> None:
        """Stop the clocks of all its processes (SIGSTOP): connections stand, nothing answers."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all its processes go on (SIGCONT)."""
        self._signal_group(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it in order, within a limit."""
        if self.process is None or not self.is_running:
            return
        self.thaw()
        self.process.send_signal(signal.SIGINT)  # a fast shutdown: sessions are ended
        try:
            self.process.wait(timeout=3.0)
        except subprocess.TimeoutExpired:
            self.kill()

    def ask(self, sql: str) -> str:
        """Run one statement as its owner and give the answer's text."""
        words = (
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-d",
            "postgres",
            "-AtX",
            "-c",
            sql,
        )
        return (_run("psql", *words) or "").strip()

    def _signal_group(self, number: signal.Signals) -> None:
        """Backends have sessions of their own: so each child is signalled, the postmaster first."""
        postmaster = psutil.Process(self.pid)
        for process in [postmaster, *postmaster.children(recursive=True)]:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue


@define(eq=False)
class PostgresPair:
    """A running primary and its synchronous standby, if it has one now."""

    folder: Path
    primary: DatabaseServer
    standby: DatabaseServer | None
    ports: tuple[int, int]

    @property
    def dsn(self) -> str:
        """How a process of ours reaches whichever of the two takes writes."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"

    def promote(self) -> DatabaseServer:
        """Make the standby the primary, alone for now; gives the old one, which must not be left running."""
        assert self.standby is not None, "only a standby can be promoted"
        old, self.primary, self.standby = self.primary, self.standby, None
        assert self.primary.ask("SELECT pg_promote(true, 20)") == "t", "the standby was promoted"
        return old

    def add_standby(self) -> None:
        """Give the primary a new synchronous standby on the other port, and wait until it has caught up."""
        port = next(port for port in self.ports if port != self.primary.port)
        standby = DatabaseServer(self.folder / str(port), port)
        if standby.folder.exists():
            shutil.rmtree(standby.folder)
        _make_folder(standby.folder)
        address = f"host=127.0.0.1 port={self.primary.port} user=postgres"
        _run("pg_basebackup", "-d", address, "-D", str(standby.data), "-R", "-X", "stream", "-c", "fast")
        # Once promoted it must not wait for a standby that it hasn't.
        with (standby.data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.write("synchronous_standby_names = ''\n")
        self.standby = standby
        standby.start()
        _wait_for_one(self.primary, _IS_STREAMING)
        self.primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.ask("SELECT pg_reload_conf()")
        _wait_for_one(self.primary, _IS_SYNCHRONOUS)

    def stop(self) -> None:
        """Stop both."""
        for server in (self.primary, self.standby):
            if server is not None:
                server.stop()


@contextmanager
def postgres_pair(folder: Path) -> Iterator[PostgresPair]:
    """Make and run a primary with a synchronous standby in ``folder``; stops both at the end."""
    ports = (free_port(), free_port())
    primary = DatabaseServer(folder / str(ports[0]), ports[0])
    pair = PostgresPair(folder, primary, None, ports)
    _make_folder(primary.folder)
    primary.data.mkdir()
    postgres_programs(primary.data).ensure_pgdata_inited()
    try:
        primary.start()
        pair.add_standby()
        yield pair
    finally:
        pair.stop()


def _wait_for_one(server: DatabaseServer, sql: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while server.ask(sql) != "1":
        if time.monotonic() > deadline:
            raise ServerFailed("the standby did not follow the primary in time")
        time.sleep(_PAUSE_SECONDS)


def _make_folder(folder: Path) -> None:
    """Make a folder that PostgreSQL, which refuses to run as root, may write."""
    folder.mkdir(parents=True)
    user = postgres_programs(folder).system_user
    if user is not None:
        shutil.chown(folder, user)
        for above in folder.resolve().parents:
            above.chmod(above.stat().st_mode | 0o055)


def _run(program: str, *words: str, check: bool = True) -> str | None:
    """Run one of PostgreSQL's programs and give what it prints; None if it failed and may."""
    tools = postgres_programs(Path.cwd())
    done = subprocess.run(
        [str(tools.bin_path / program), *words], user=tools.system_user,
        capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False, cwd="/",
    )  # fmt: skip
    if done.returncode == 0:
        return done.stdout
    if check:
        raise ServerFailed(f"{program} failed: {done.stderr.strip()[-500:]}")
    return None
