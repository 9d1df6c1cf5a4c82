"""Shards are moved, a node is drained and one is stopped, while bots play and one of us watches."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
import trio

from cardroom.client import connect, open_account
from cardroom.local.ports import NODE_1_ADMIN, ROUTER
from cardroom.wire.moved import Moved
from cardroom.wire.table import HandVoided, TableEvent
from tests.system.place import Place, started, wait_until
from tests.system.shards import (
    ALL,
    NODE_1_SHARDS,
    NODE_2_SHARDS,
    move,
    order,
    play_on,
    tell,
    until_played,
    voided_hands,
)

EVERYTHING = {*NODE_1_SHARDS, *NODE_2_SHARDS}
MOVES = 4


@pytest.fixture
def place(tmp_path: Path, project_root: Path) -> Place:
    return Place(project_root, tmp_path)


async def watch_moves(place: Place) -> list[float]:
    """Move the shard of the first table to and fro; gives how long nothing happened there, each time."""
    pauses: list[float] = []
    async with open_account(place.url(ROUTER)) as account, trio.open_nursery() as nursery:
        await account.register("watcher", "watcher@example.com", "correct horse")
        await account.log_in("watcher@example.com", "correct horse")
        table_id = next(one.table_id for one in await account.lobby() if one.name == "Han")
        async with connect(await account.ticket(table_id)) as table:
            nursery.start_soon(_move_to_and_fro, place)
            last_at, is_moved = trio.current_time(), False
            while len(pauses) < MOVES:
                with trio.fail_after(60):
                    event = await anext(table)
                assert not isinstance(event, HandVoided)
                is_moved |= isinstance(event, Moved)
                if isinstance(event, TableEvent):
                    if is_moved:
                        pauses.append(trio.current_time() - last_at)
                    last_at, is_moved = trio.current_time(), False
    return pauses


async def _move_to_and_fro(place: Place) -> None:
    for here, there in [("node-1", "node-2"), ("node-2", "node-1")] * (MOVES // 2):
        told = await trio.to_thread.run_sync(partial(move, place, here, 0, there))
        assert (told["phase"], told["hands_in_play"]) in {("moved", 0), ("moved", 1)}
        await trio.sleep(1)


def stop(place: Place, pid: int) -> float:
    """Stop a node as an operator does; gives how long it took."""
    process, began = psutil.Process(pid), time.monotonic()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "it ends", 20.0)
    return time.monotonic() - began


@pytest.mark.timeout(170)
def test_shards_move_a_node_is_drained_and_another_stopped_and_no_hand_is_lost(place: Place) -> None:
    with started(place) as supervisor:
        wait_until(lambda: place.hands_by_table().keys() >= ALL, "the tables are there")
        play_on(place, 2)

        pauses = trio.run(watch_moves, place)
        tell(f"pauses of a moved table, as a player sees them: {[f'{one:.3f} s' for one in pauses]}")
        assert max(pauses) < 1.0

        order(place, NODE_1_ADMIN, "/admin/drain")
        wait_until(
            lambda: (place.ask(NODE_1_ADMIN, "GET", "/admin/drain") or {}).get("is_done", False),
            "node-1 has given all away",
        )
        until_played(place, "node-2", EVERYTHING, seconds=5.0)
        play_on(place, 2)
        assert place.ask(NODE_1_ADMIN, "DELETE", "/admin/drain", {"reason": "a test"})["is_draining"] is False
        move(place, "node-2", 2, "node-1")
        until_played(place, "node-1", {2})

        seconds = stop(place, place.processes()["node-2"])
        tell(f"stopped in {seconds:.1f} s")
        until_played(place, "node-1", EVERYTHING, seconds=2.0)
        play_on(place, 2)
        assert voided_hands(place) == 0
        report = place.verify_ledger()
        assert report["ok"], report
        supervisor.send_signal(signal.SIGTERM)
        supervisor.communicate(timeout=10)
