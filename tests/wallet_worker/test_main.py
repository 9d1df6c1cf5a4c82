"""The command line of a wallet worker: ``--check`` reads the coins and the list of addresses, too.

What it finds in a ledger is tested in ``audit/test_verify.py``.
"""

from pathlib import Path

import pytest

from tests.cardroom.service.people import ADMINS_FILE
from wallet_worker.main import main

EXIT_CONFIGURATION = 78
PAYMENTS = """
[payments]
coins_file = "{folder}/coins.toml"
[payments.gateways.by_hand]
kind = "generic"
secret = {{ credential = "by_hand_secret" }}
[payments.screening]
kind = "file"
file = "{folder}/listed.txt"
"""
COINS = """
network = "testnet"
[coins.BTC]
gateway = "by_hand"
gateway_coin = "btc"
confirmations = 3
smallest_deposit = "0.0001"
hot_wallet_daily = 1_000_000
"""


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("chain_key", "by_hand_secret"):
        monkeypatch.setenv(f"HOLDEM_{name.upper()}", "k" * 32)
    (tmp_path / "coins.toml").write_text(COINS, encoding="utf-8")
    (tmp_path / "listed.txt").write_text("", encoding="utf-8")
    config = tmp_path / "wallet.toml"
    config.write_text(
        f"""
shards = [0]
admins_file = "{ADMINS_FILE}"
chain_key = {{ credential = "chain_key" }}
audit = {{ folder = "audit" }}
http = {{ host = "127.0.0.1", port = 0 }}
redis = {{ host = "127.0.0.1", port = 1 }}
postgres = {{ dsn = "postgresql://nobody@127.0.0.1:1/x" }}
"""
        + PAYMENTS.format(folder=tmp_path),
        encoding="utf-8",
    )
    return ["--config", str(config), "--check"]


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "coins.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_good_settings_are_good(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"by_hand"', '"shkeeper"', "BTC: there is no gateway shkeeper"),
        ("coins.BTC", "coins.DOGE", "DOGE is none of"),
        ("confirmations = 3", "", "confirmations"),
        ("hot_wallet_daily", "smallest_withdrawal = 9_999\nhot_wallet_daily", "house rule"),
    ],
)
def test_coins_that_cannot_be_used_stop_the_start(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, fault: str
) -> None:
    change(tmp_path, old, new)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == EXIT_CONFIGURATION
    assert fault in capsys.readouterr().err


def test_a_secret_that_the_start_would_refuse_is_refused_by_the_check(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDEM_BY_HAND_SECRET", "short")
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == EXIT_CONFIGURATION
    said = capsys.readouterr().err
    assert "the secret of by_hand has at least 16 letters" in said
    assert "short" not in said


def test_a_list_that_is_not_there_stops_the_start(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "listed.txt").unlink()
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == EXIT_CONFIGURATION
    assert "listed.txt" in capsys.readouterr().err
