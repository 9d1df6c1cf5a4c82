"""The audit finds what was changed behind the ledger's back, and names it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from cardroom.service.settings import PostgresSettings, Secret
from tests.wallet_worker.house import PURSE, House, hand_of, leave
from wallet_worker.audit.chain import chain_linker
from wallet_worker.audit.verify import verify

CHAIN = "the chain of batches is whole"
_SOMEBODY = "(SELECT max(id) FROM player)"
SWAPPED = """
UPDATE entry SET amount = -amount WHERE transfer_id = (SELECT max(id) FROM transfer WHERE kind = 'hand')
"""


async def _play(house: House) -> None:
    table, (one, two) = house.tables[0], house.players[:2]
    await house.seat(0, 20_000, 20_000)
    first = hand_of(table, [(one, 0, -10_000), (two, 1, 9_500)])
    await house.ask(first)
    await house.ask(hand_of(table, [(one, 0, 4_000), (two, 1, -4_000)], first))
    await house.ask(leave(one, table, 0, 14_000))


async def test_an_untouched_ledger_is_sound_and_its_equation_holds(house: House) -> None:
    await _play(house)
    report = await house.verify()
    assert [check for check in report.checks if check.faults] == []
    document = report.as_document()
    assert document["ok"] is True
    assert document["krw_total"] == document["given"] == 4 * PURSE
    assert document["on_tables"] == 25_500
    assert document["house"] == 500 - 4 * PURSE
    assert document["house_parts"] == {"rake": 500, "rakeback": 0, "promotions": -4 * PURSE}
    assert document["wallets"] + document["on_tables"] + document["house"] == 0
    assert document["hands_settled"] == 2
    *_, equation, house_line = report.as_lines()
    assert equation == (
        "deposits ₩0 - withdrawals ₩0 = wallets ₩374,000 + pending ₩0 + on tables ₩25,500 + house -₩399,500"
    )
    assert house_line == "house -₩399,500 = rake ₩500 + rakeback ₩0 + promotions -₩400,000"


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (
            "UPDATE entry SET amount = amount + 1 WHERE ctid = (SELECT ctid FROM entry LIMIT 1)",
            {"transfers sum to zero", "balances are the sum of their entries", CHAIN},
        ),
        (
            "DELETE FROM entry WHERE ctid = (SELECT ctid FROM entry ORDER BY transfer_id DESC LIMIT 1)",
            {"transfers sum to zero", "versions count the entries", CHAIN},
        ),
        (
            "INSERT INTO entry SELECT max(transfer_id), 1, 5, 5, 99, now() FROM entry",
            {"transfers sum to zero", "versions count the entries", "entries belong to a transfer"},
        ),
        (
            SWAPPED,
            {"entries carry the running balance", "hands moved what their results say", CHAIN},
        ),
        (
            f"UPDATE account SET balance = balance + 1 WHERE kind = 'wallet' AND user_id = {_SOMEBODY}",
            {"debits equal credits over all accounts", "balances are the sum of their entries"},
        ),
        (
            "UPDATE hand_result SET net = net + 1 WHERE seat = 0",
            {"hands moved what their results say", CHAIN},
        ),
        (
            "UPDATE hand_result SET booked_at = booked_at + interval '1 us'",
            {"results belong to a hand", CHAIN},
        ),
        ("UPDATE hand SET record_sha256 = '\\x00' WHERE hand_no = 1", {CHAIN}),
        ("DELETE FROM batch WHERE number = 2 AND shard >= 0", {CHAIN}),
        ("UPDATE batch SET mac = '\\x00' WHERE number = 1 AND shard >= 0", {CHAIN}),
        ("UPDATE game_table SET last_hand_no = 1 WHERE last_hand_no = 2", {"tables know their last hand"}),
        (
            "UPDATE hand SET previous = gen_random_uuid() WHERE hand_no = 2",
            {"hands of a table follow each other", CHAIN},
        ),
        ("UPDATE hand SET rake = rake + 1 WHERE hand_no = 1", {"contributed rake sums to the rake", CHAIN}),
    ],
)
async def test_what_was_changed_is_found_and_named(house: House, sql: str, names: set[str]) -> None:
    await _play(house)
    async with house.owner.transaction() as transaction:
        await transaction.execute("SET LOCAL session_replication_role = replica")
        assert await transaction.execute(sql) > 0
    report = await house.verify()
    assert not report.is_sound
    broken = {check.name: check.faults for check in report.checks if check.faults}
    assert names <= set(broken)
    assert all(fault for faults in broken.values() for fault in faults)


async def test_the_chain_names_the_first_batch_that_differs(house: House) -> None:
    await _play(house)
    await house.change("UPDATE transfer SET reason = 'forged' WHERE shard >= 0 AND batch >= 2")
    report = await house.verify()
    (chain,) = [check for check in report.checks if check.name == CHAIN]
    assert chain.faults == (f"batch 2 of shard {house.shard} is not what was sealed",)


async def test_who_does_not_have_the_key_cannot_seal(house: House) -> None:
    await _play(house)
    report = await verify(house.database, chain_linker(Secret("another key")))
    assert [check.name for check in report.checks if check.faults] == [CHAIN]


CONFIG = """
shards = [0]
admins_file = "admins.toml"
chain_key = { credential = "chain_key" }
[audit]
folder = "audit"
[http]
host = "127.0.0.1"
port = 0
[redis]
host = "127.0.0.1"
port = 1
[postgres]
dsn = { credential = "wallet_dsn" }
"""


def _verify(config: Path, root: Path, **secrets: str) -> "subprocess.CompletedProcess[str]":
    environment = {f"HOLDEM_{name.upper()}": value for name, value in secrets.items()}
    return subprocess.run(
        [sys.executable, "-m", "wallet_worker", "verify", "--config", str(config), "--json"],
        cwd=root, env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_the_command_exits_by_what_it_found(
    tmp_path: Path, project_root: Path, wallet_settings: PostgresSettings
) -> None:
    config = tmp_path / "wallet.toml"
    config.write_text(CONFIG, encoding="utf-8")
    secrets = {"chain_key": "k" * 32}
    sound = _verify(config, project_root, **secrets, wallet_dsn=wallet_settings.dsn)
    assert sound.returncode == 0, sound.stderr
    assert json.loads(sound.stdout)["ok"] is True
    away = _verify(config, project_root, **secrets, wallet_dsn="postgresql://nobody@127.0.0.1:1/x")
    assert away.returncode == 2
    assert "does not answer" in away.stderr
    bad = _verify(config, project_root, **secrets)
    assert bad.returncode == 78
    assert "wallet_dsn" in bad.stderr


async def test_the_command_exits_with_one_for_a_broken_ledger(
    tmp_path: Path, project_root: Path, house: House, wallet_settings: PostgresSettings
) -> None:
    await house.change("UPDATE account SET balance = balance + 1 WHERE kind = 'wallet'")
    config = tmp_path / "wallet.toml"
    config.write_text(CONFIG, encoding="utf-8")
    secrets = {"chain_key": "k" * 32, "wallet_dsn": wallet_settings.dsn}
    found = await trio.to_thread.run_sync(lambda: _verify(config, project_root, **secrets))
    assert found.returncode == 1
    assert json.loads(found.stdout)["ok"] is False
