"""A primary and its synchronous standby: nothing is lost when one takes the other's place."""

import subprocess
from pathlib import Path

import pytest

from cardroom.local.servers import ServerFailed
from cardroom.local.standby import postgres_pair

INSERT = "INSERT INTO note VALUES ({})"


def test_a_standby_has_all_that_was_committed_and_takes_the_primarys_place(tmp_path: Path) -> None:
    with postgres_pair(tmp_path / "pair") as pair:
        first = pair.primary
        first.ask("CREATE TABLE note (number int)")
        first.ask(INSERT.format(1))
        first.kill()
        assert not first.is_running
        assert pair.promote() is first
        assert pair.primary.ask("SELECT * FROM note") == "1"
        pair.add_standby()
        pair.primary.ask(INSERT.format(2))
        pair.primary.freeze()
        old = pair.promote()
        old.kill()
        assert pair.primary.ask("SELECT count(*) FROM note") == "2"
        assert {pair.primary.port} == {port for port in pair.ports if f":{port}" in pair.dsn} - {old.port}
    assert not pair.primary.is_running


def test_without_its_standby_a_primary_commits_nothing(tmp_path: Path) -> None:
    with postgres_pair(tmp_path / "pair") as pair:
        pair.primary.ask("CREATE TABLE note (number int)")
        assert pair.standby is not None
        pair.standby.kill()
        with pytest.raises((ServerFailed, subprocess.TimeoutExpired)):
            pair.primary.ask("SET statement_timeout = 300; INSERT INTO note VALUES (1); SELECT pg_sleep(1)")
