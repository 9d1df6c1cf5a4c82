"""A poisoned hand in a cluster: its table alone stops; an operator voids the letter, and it plays again."""

import secrets
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trio

from cardroom.ids import BootNonce, Epoch, HandId, SeatIndex, ShardId, TableId, UserId, new_command_id
from cardroom.local.credentials import read_credential
from cardroom.local.ports import HOST, VALKEY
from cardroom.money import Krw
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.ledger import LedgerCommand, SeatResult, SettleHand, command_codec
from tests.system.place import Place, started, wait_until

HALTED, SAME_NODE, OTHER_NODE = "Geum", "Imjin", "Nakdong"
NOBODY = UserId(10**9)

STANDING = """
SELECT game_table.id, shard, last_hand_id, last_hand_no, epoch, owner_boot
FROM game_table JOIN shard AS owner ON owner.id = game_table.shard WHERE game_table.name = $1
"""


@pytest.fixture
def place(tmp_path: Path, project_root: Path) -> Place:
    return Place(project_root, tmp_path)


async def _append_poison(place: Place) -> None:
    """Append, as the owner would, the next hand of the table: one of somebody who has no money there."""
    dsn = read_credential(place.folder / ".run" / "credentials", "wallet_dsn")
    redis = RedisSettings(HOST, place.ports[VALKEY])
    async with open_postgres(PostgresSettings(dsn=dsn)) as postgres, open_redis(redis) as client:
        async with postgres.transaction() as transaction:
            row = await transaction.fetch_one(STANDING, HALTED)
        assert row is not None
        results = (SeatResult(NOBODY, SeatIndex(0), Krw(0), Krw(0)),)
        hand = SettleHand(
            TableId(row["id"]), HandId(uuid4()), row["last_hand_no"] + 1, row["last_hand_id"],
            int(time.time() * 1000), results, Krw(0), b"poison",
        )  # fmt: skip
        now = int(time.time() * 1000)
        command = LedgerCommand(
            new_command_id(now, secrets.token_bytes(10)), ShardId(row["shard"]), Epoch(row["epoch"]),
            BootNonce(row["owner_boot"]), hand,
        )  # fmt: skip
        fields = {keys.COMMAND_FIELD: command_codec().encode(command)}
        await client.xadd(keys.commands(command.shard), fields)


def letters(place: Place) -> list[Any]:
    answer = place.ask_wallet("/admin/letters") or {"letters": []}
    return list(answer["letters"])


def is_halted(place: Place) -> bool:
    answer = place.ask_wallet("/admin/tables") or {"tables": []}
    return any(table["is_halted"] for table in answer["tables"] if table["name"] == HALTED)


def play_on(place: Place, *names: str) -> None:
    before = place.hands_by_table()
    wait_until(
        lambda: all(place.hands_by_table().get(name, 0) >= before[name] + 3 for name in names),
        f"three more hands at {names}",
    )


@pytest.mark.timeout(180)
def test_a_halted_table_is_voided_and_played_at_again_while_the_others_play_on(place: Place) -> None:
    with started(place):
        names = (HALTED, SAME_NODE, OTHER_NODE)
        wait_until(
            lambda: all(place.hands_by_table().get(name, 0) >= 2 for name in names), "they play", 100.0
        )
        for _ in range(50):  # a hand that was settled just then makes it one out of order
            trio.run(_append_poison, place)
            time.sleep(0.7)
            if letters(place):
                break
        (letter,) = letters(place)
        assert is_halted(place)
        play_on(place, SAME_NODE, OTHER_NODE)
        stopped_at = place.hands_by_table()[HALTED]
        order = {"reason": "nobody played it", "idempotency_key": "k1"}
        document = place.ask_wallet(f"/admin/letters/{letter['id']}/void", order)
        assert document["table_id"] == letter["table_id"]
        wait_until(lambda: not is_halted(place), "its node has opened the table anew", 10.0)
        assert place.ask_wallet(f"/admin/letters/{letter['id']}/void", order) == document
        play_on(place, *names)
        assert place.hands_by_table()[HALTED] > stopped_at
        report = place.verify_ledger()
        assert report["ok"], report
