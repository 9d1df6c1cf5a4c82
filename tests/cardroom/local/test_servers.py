"""The embedded servers, also after somebody was killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from cardroom.local.servers import free_port, is_port_free, postgres_programs, postgres_server, valkey_server


def test_valkey_answers_and_ends(tmp_path: Path) -> None:
    with valkey_server(tmp_path, port=0) as server:
        with socket.create_connection(("127.0.0.1", server.settings.port), timeout=2.0) as connection:
            connection.sendall(b"CONFIG GET appendonly\r\n")
            assert b"yes" in connection.recv(256)
        assert not is_port_free("127.0.0.1", server.settings.port)
    assert not psutil.pid_exists(server.pid)


def test_a_free_port_can_be_opened() -> None:
    assert is_port_free("127.0.0.1", free_port())


def test_postgres_keeps_its_data_and_stops_whoever_used_it_before(tmp_path: Path) -> None:
    with postgres_server(tmp_path) as server:
        first = server.pid
        # What a killed process leaves in the list of users of this server.
        (tmp_path / "data" / ".handle_pids.json").write_text("[999999, 4]", encoding="utf-8")
    assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE
    with postgres_server(tmp_path) as server:
        assert server.dsn.startswith("postgresql://")
        assert server.pid != first


LEAVE_RUNNING = """
import os, sys
from pathlib import Path
from cardroom.local.servers import postgres_server
with postgres_server(Path(sys.argv[1])) as server:
    print(server.pid, server.dsn, flush=True)
    os._exit(0)
"""


def test_postgres_waits_for_one_that_is_still_stopping(tmp_path: Path) -> None:
    """A session keeps the server of a killed process in its stop; it ends on its own."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVE_RUNNING, tmp_path], check=True, capture_output=True, text=True
    )
    pid, dsn = done.stdout.split()
    with subprocess.Popen(
        [postgres_programs(tmp_path / "data").bin_path / "psql", dsn, "-c", "select pg_sleep(2)"]
    ):
        file = tmp_path / "data" / "postmaster.pid"
        time.sleep(0.5)
        os.kill(int(pid), signal.SIGTERM)
        while file.read_text().split()[-1] != "stopping":
            time.sleep(0.01)
        with postgres_server(tmp_path) as server:
            assert server.pid != int(pid)


def test_a_number_that_is_another_process_s_now_is_not_taken_for_a_server(tmp_path: Path) -> None:
    with postgres_server(tmp_path):
        left = (tmp_path / "data" / "postmaster.pid").read_text().split("\n")
    (tmp_path / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left[1:]]))
    with postgres_server(tmp_path) as server:
        assert server.pid != os.getpid()


def test_one_that_was_killed_and_not_yet_buried_keeps_no_socket(tmp_path: Path) -> None:
    with postgres_server(tmp_path):
        kept = {
            name: (tmp_path / "data" / name).read_text() for name in ("postmaster.pid", ".s.PGSQL.5432.lock")
        }
    user = postgres_programs(tmp_path / "data").system_user
    with subprocess.Popen(["true"], user=user) as dead:
        while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        for name, text in kept.items():
            (tmp_path / "data" / name).write_text("\n".join([str(dead.pid), *text.split("\n")[1:]]))
        with postgres_server(tmp_path) as server:
            assert server.pid != dead.pid


def test_data_that_was_never_finished_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("18\n", encoding="utf-8")
    (tmp_path / "unfinished").touch()
    with postgres_server(tmp_path):
        pass
    assert not (tmp_path / "unfinished").exists()
