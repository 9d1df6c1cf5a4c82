"""Hands saved as JSON lines by players at a real table are proved by the command, and forged ones are not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from cardroom.client import Table, connect
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from tests.node.tables.house import CODECS, STAKE
from tests.system.room import abreast, go_all_in, open_room, play_passively, to_act

TWICE = evolve(STAKE, run_it_twice=True)


class Saver:
    """Writes down what a connection hears, from the welcome on, and the openings that it asks for."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.lines = [self._line(table.welcome)]

    def _line(self, message: wire.TableMessage) -> str:
        return CODECS[Encoding.JSON].encode(message).decode()

    async def save(self, hand_no: int) -> None:
        """Read up to the end of a hand, and ask for its openings."""
        while True:
            told = await anext(self._table)
            self.lines.append(self._line(told))
            if isinstance(told, wire.HandEnded) and told.hand_no == hand_no:
                break
        self.lines.append(self._line(await self._table.prove(hand_no)))


def verify(folder: Path, project: Path, lines: list[str]) -> tuple[int, dict[str, Any]]:
    """Give the command's exit status, and what it has found in a file of these lines."""
    file = folder / "hands.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "cardroom.handrecord.verify", str(file), "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("user", [1, 3], ids=["player", "watcher"])
async def test_saved_hands_are_proved_and_a_forged_one_is_not(
    valkey: EmbeddedValkey, tmp_path: Path, project_root: Path, user: int
) -> None:
    async with (
        open_room(valkey, stake=TWICE) as room,
        room.enter(1, 2) as players,
        connect(room.ticket(user), Encoding.JSON) as table,
    ):
        saver = Saver(table)
        await room.seat(*players)
        await play_passively(*players)
        await saver.save(1)
        await go_all_in(*players)
        for player in players:
            await player.run_it_twice(agrees=True)
        await saver.save(2)
    status, found = verify(tmp_path, project_root, saver.lines)
    assert (status, found["hands"], found["faults"]) == (0, 2, [])
    assert found["cards"] == found["proved"] >= 5 + 2 + 5 + 4
    salt = json.loads(saver.lines[-1])["openings"][0]["salt"]
    forged = [line.replace(salt, "00" * 16) for line in saver.lines]
    status, found = verify(tmp_path, project_root, forged)
    assert (status, len(found["faults"])) == (1, 1)


async def test_openings_while_the_hand_is_played_are_of_the_own_cards_only(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(3) as (watcher,), room.seated(1, 2) as players:
        await to_act(*players)
        await abreast(watcher, *players)
        for player in players:
            openings = await player.prove(1)
            assert {one.card for one in openings.openings} == set(player.view.my_cards)
        assert (await watcher.prove(1)).openings == ()
