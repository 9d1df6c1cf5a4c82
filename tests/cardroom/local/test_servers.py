"""The embedded servers, also after somebody was killed."""

import socket
from pathlib import Path

import psutil

from cardroom.local.servers import free_port, is_port_free, postgres_server, valkey_server


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


def test_data_that_was_never_finished_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("18\n", encoding="utf-8")
    (tmp_path / "unfinished").touch()
    with postgres_server(tmp_path):
        pass
    assert not (tmp_path / "unfinished").exists()
