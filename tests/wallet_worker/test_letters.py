"""The command for dead letters, as an operator types it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from cardroom.local.configuration import write_toml
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import CHAIN_KEY, PURSE, House
from tests.wallet_worker.letters import bury_hand

Letters = Callable[..., Any]


@pytest.fixture
def letters(
    tmp_path: Path, wallet_settings: PostgresSettings, valkey: EmbeddedValkey, project_root: Path
) -> Letters:
    """Give what runs ``letters`` with these words, in a process of its own."""
    file = tmp_path / "wallet.toml"
    secret = {"credential": "secret"}
    file.write_text(
        write_toml(
            {
                "shards": [1], "admins_file": "admins.toml", "chain_key": secret,
                "audit": {"folder": "audit"},
                "http": {"host": "127.0.0.1", "port": 0},
                "redis": {"host": valkey.settings.host, "port": valkey.settings.port},
                "postgres": {"dsn": wallet_settings.dsn},
            }
        )
    )  # fmt: skip

    async def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "wallet_worker", "letters", "--config", str(file), *words]

        def call() -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                command, cwd=project_root, env={"HOLDEM_SECRET": CHAIN_KEY.value}, capture_output=True,
                text=True, timeout=60, check=False,
            )  # fmt: skip

        return await trio.to_thread.run_sync(call)

    return run


SIGNED = ("--by", "kim", "--reason", "the bug is gone")


@pytest.mark.timeout(180)  # six processes, which start one after another
async def test_an_operator_lists_retries_and_sees_what_became_of_it(house: House, letters: Letters) -> None:
    number, _ = await bury_hand(house)
    listed = await letters("list")
    assert listed.stdout.startswith(f"{number}  waits ")
    done = await letters("retry", str(number), *SIGNED)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == "hand_settled"
    repeated = await letters("retry", str(number), *SIGNED)
    assert repeated.stdout == done.stdout
    assert "No dead letters" in (await letters("list")).stdout
    (letter,) = json.loads((await letters("list", "--json", "--all")).stdout)["letters"]
    assert (letter["id"], letter["resolution"], letter["resolved_by"]) == (number, "retried", "kim")
    assert (await letters("void", str(number), *SIGNED)).returncode == 1
    assert await house.escrow(0) == {0: 900, 1: 1095}


async def test_an_operator_voids(house: House, letters: Letters) -> None:
    number, _ = await bury_hand(house)
    done = await letters("void", str(number), *SIGNED)
    assert len(json.loads(done.stdout)["paid"]) == 2
    assert await house.wallet(1) == PURSE
    await house.assert_sound()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("retry", "1"), 64),
        (("retry", "x", *SIGNED), 64),
        (("burn", "1", *SIGNED), 64),
        ((), 64),
        (("retry", "999", *SIGNED), 1),
    ],
)
async def test_words_without_sense_and_unknown_letters_are_refused(
    letters: Letters, words: tuple[str, ...], code: int
) -> None:
    done = await letters(*words)
    assert done.returncode == code
    assert done.stderr
