"""The sandbox as a process: its settings, its start, its end, and what it remembers."""

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

import httpx
import pytest

from cardroom.local.configuration import write_toml
from cardroom.local.payments.settings import SandboxSettings
from cardroom.local.servers import free_port
from cardroom.service.settings import BadSettings, load_settings
from wallet_worker.payment_settings import CoinBook

SECRETS = {"HOLDEM_SANDBOX_SECRET": "a secret of tests"}
KEY = {"X-Sandbox-Key": SECRETS["HOLDEM_SANDBOX_SECRET"]}


def write(project: Path, folder: Path, **changes: Any) -> Path:
    document = tomllib.loads((project / "configs" / "dev" / "payments.toml").read_text(encoding="utf-8"))
    document |= {"file": str(folder / "facts.jsonl"), "http": {"host": "127.0.0.1", "port": free_port()}}
    document["webhook"]["url"] = "http://127.0.0.1:1/nobody"
    file = folder / "payments.toml"
    file.write_text(write_toml(document | changes), encoding="utf-8")
    return file


@contextmanager
def started(project: Path, file: Path) -> Iterator[tuple["subprocess.Popen[bytes]", httpx.Client]]:
    settings = load_settings(SandboxSettings, file, SECRETS)
    command = [sys.executable, "-m", "cardroom.local.payments", "--config", str(file)]
    process = subprocess.Popen(command, cwd=project, env=os.environ | SECRETS, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{settings.http.port}"
    try:
        with httpx.Client(base_url=url, headers=KEY, trust_env=False) as http:
            _wait_until_ready(http, process)
            yield process, http
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()


def _wait_until_ready(http: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            http.get("/health/ready").raise_for_status()
        except httpx.HTTPError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def test_it_ends_when_asked_and_forgets_nothing(project_root: Path, tmp_path: Path) -> None:
    file = write(project_root, tmp_path)
    with started(project_root, file) as (process, http):
        assert http.get("/docs").is_success
        assert http.get("/openapi.json").is_success
        given = http.post("/gateway/addresses", json={"coin": "btc", "external_id": "7"}).json()
        http.post("/chain/pay", json={"coin": "btc", "address": given["address"], "amount": "1"})
    assert process.returncode == 0
    with started(project_root, file) as (_, http):
        again = http.post("/gateway/addresses", json={"coin": "btc", "external_id": "7"}).json()
        assert again == given
        assert len(http.get(f"/chain/addresses/{given['address']}").json()["payments"]) == 1


def test_a_file_that_is_none_is_told(project_root: Path, tmp_path: Path) -> None:
    file = write(project_root, tmp_path)
    (tmp_path / "facts.jsonl").write_text("nothing\n")
    command = [sys.executable, "-m", "cardroom.local.payments", "--config", str(file)]
    for more in ([], ["--check"]):
        done = subprocess.run(
            [*command, *more],
            cwd=project_root,
            env=os.environ | SECRETS,
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 78
        assert b"line 1 is no fact" in done.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network", "mainnet"), ("block_ms", 1), ("payout_blocks", -1), ("confirmations", {"btc": 3}),
        ("webhook", {"url": "x", "secret": {"credential": "sandbox_secret"}, "retry_seconds": 0.5}),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(project_root: Path, tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(BadSettings):
        load_settings(SandboxSettings, write(project_root, tmp_path, **{key: value}), SECRETS)


def test_the_house_wants_as_many_confirmations_as_are_told(project_root: Path) -> None:
    dev = project_root / "configs" / "dev"
    settings = load_settings(SandboxSettings, dev / "payments.toml", SECRETS)
    book = load_settings(CoinBook, dev / "coins.toml")
    wanted = {coin.gateway_coin: coin.confirmations for coin in book.coins.values()}
    assert wanted == settings.confirmations
    assert book.network.value == settings.network
    assert {coin.gateway for coin in book.coins.values()} == {settings.webhook.gateway}
