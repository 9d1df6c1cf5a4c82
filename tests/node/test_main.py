"""The command line of a node: settings that are good, bad, or name a port that is taken."""

import socket
from pathlib import Path

import pytest

from node.main import main

STAKES = """
[stakes.low]
small_blind = 1000
big_blind = 2000
rake = { basis_points = 500, cap_big_blinds = 3 }
heads_up_rake = { basis_points = 500, cap_big_blinds = 1 }
"""


def config(folder: Path, port: int = 0, extra: str = "") -> str:
    (folder / "stakes.toml").write_text(STAKES, encoding="utf-8")
    path = folder / "node.toml"
    path.write_text(
        f"""{extra}
node_id = "node-1"
shards = [0]
player_url = "ws://127.0.0.1:1"
admin_token = {{ credential = "admin_token" }}
ticket_key = {{ credential = "ticket_key" }}
stakes_file = "{folder / "stakes.toml"}"
players = {{ host = "127.0.0.1", port = {port} }}
admin = {{ host = "127.0.0.1", port = 0 }}
redis = {{ host = "127.0.0.1", port = 1 }}
""",
        encoding="utf-8",
    )
    return str(path)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADMIN_TOKEN", "TICKET_KEY"):
        monkeypatch.setenv(f"HOLDEM_{name}", "x" * 32)


def test_good_settings_pass_the_check(tmp_path: Path) -> None:
    assert main(["--config", config(tmp_path), "--check"]) == 0


@pytest.mark.parametrize("extra", ["unknown = 1", 'announce_seconds = "soon"', "not toml"])
def test_bad_settings_stop_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--config", config(tmp_path, extra=extra), "--check"])
    assert stopped.value.code == 78
    assert "node.toml" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--config", config(tmp_path, port)]) == 78
    assert f"players.port {port}" in capsys.readouterr().err
