"""The command line of a node: settings that are good, bad, or name a port that is taken."""

import socket
from pathlib import Path

import pytest
from attrs import fields

from node.main import main
from node.settings import StopSettings
from tests.cardroom.service.people import ADMINS_FILE

SPARE_SECONDS = 1.5
"""For what is cut off when its time is over: shards are offered, doors close."""

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
admins_file = "{ADMINS_FILE}"
ticket_key = {{ credential = "ticket_key" }}
journal_key = {{ credential = "journal_key" }}
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
    for name in ("TICKET_KEY", "JOURNAL_KEY"):
        monkeypatch.setenv(f"HOLDEM_{name}", "x" * 32)


def test_good_settings_pass_the_check(tmp_path: Path) -> None:
    assert main(["--config", config(tmp_path), "--check"]) == 0


@pytest.mark.parametrize("extra", ["unknown = 1", 'announce_seconds = "soon"', "not toml"])
def test_bad_settings_stop_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--config", config(tmp_path, extra=extra), "--check"])
    assert stopped.value.code == 78
    assert "node.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ("standby_for = [1, 0]", "0 stands in shards"),
        ("standby_for = [2, 2]", "stands there twice"),
    ],
)
def test_a_node_is_no_standby_for_its_own_shards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: str, fault: str
) -> None:
    assert main(["--config", config(tmp_path, extra="standby_for = [1, 3]"), "--check"]) == 0
    with pytest.raises(SystemExit) as stopped:
        main(["--config", config(tmp_path, extra=extra), "--check"])
    assert stopped.value.code == 78
    assert fault in capsys.readouterr().err


@pytest.mark.parametrize("proxy", ["10.0.0.1/8", "edge.example.com", "", "127.0.0.1/33"])
def test_a_proxy_that_is_no_network_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], proxy: str
) -> None:
    good = 'trusted_proxies = ["127.0.0.1/32", "2001:db8::/32"]'
    assert main(["--config", config(tmp_path, extra=good), "--check"]) == 0
    with pytest.raises(SystemExit) as stopped:
        main(["--config", config(tmp_path, extra=f'trusted_proxies = ["127.0.0.1/32", "{proxy}"]')])
    assert stopped.value.code == 78
    told = capsys.readouterr().err
    assert "trusted_proxies: " in told
    assert proxy in told


GAME = STAKES.replace("[stakes.low]", "")


@pytest.mark.parametrize(
    ("stakes", "fault"),
    [
        ("[stakes.low]" + GAME.replace("1000", "3000"), "small_blind is above big_blind"),
        ("[stakes.low]" + GAME.replace("1000", "0"), "small_blind"),
        ("[stakes.low]" + GAME.replace("500", "10001"), "basis_points"),
        ("[stakes.low]\nmin_buy_in_big_blinds = 200" + GAME, "min_buy_in_big_blinds is above"),
        ("[stakes.low]\nante = { kind = 'everybody', amount = 5 }" + GAME, "kind"),
        ("[stakes.low]\nante = { kind = 'per_seat', amount = 0 }" + GAME, "amount"),
        ("[stakes.low]\nrun_it_thrice = true" + GAME, "run_it_thrice"),
        ("[stakes.low]\nsizes = ['huge']" + GAME, "stakes.low.sizes: no size is named huge"),
        ("[sizes]\nhuge = 10\n[stakes.low]" + GAME, "sizes.huge: 2 to 9 seats"),
    ],
)
def test_a_game_that_cannot_be_played_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stakes: str, fault: str
) -> None:
    path = config(tmp_path)
    (tmp_path / "stakes.toml").write_text(stakes, encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["--config", path, "--check"])
    assert stopped.value.code == 78
    assert fault in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--config", config(tmp_path, port)]) == 78
    assert f"players.port {port}" in capsys.readouterr().err


def test_a_stop_ends_within_twenty_seconds() -> None:
    steps = StopSettings()
    assert sum(getattr(steps, one.name) for one in fields(StopSettings)) < 20.0 - SPARE_SECONDS
