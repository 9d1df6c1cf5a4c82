"""A node that is frozen loses its shards to its standby; when it wakes it changes nothing, and stands by."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.system.place import Place, started, wait_until
from tests.system.shards import (
    ALL,
    NODE_1_SHARDS,
    NODE_2_SHARDS,
    TABLES,
    move,
    play_on,
    played_at,
    tell,
    until_played,
    voided_hands,
)

DEAD_SECONDS = 3.0
FROZEN = {name for shard in NODE_1_SHARDS for name in TABLES[shard]}


@pytest.fixture
def place(tmp_path: Path, project_root: Path) -> Place:
    place = Place(project_root, tmp_path)
    place.with_lease(DEAD_SECONDS)
    return place


@pytest.mark.timeout(170)
def test_a_frozen_node_is_taken_over_and_fenced(place: Place) -> None:
    with started(place) as supervisor:
        wait_until(lambda: place.hands_by_table().keys() >= ALL, "the tables are there")
        play_on(place, 2)
        node_1 = place.processes()["node-1"]
        os.kill(node_1, signal.SIGSTOP)
        try:
            began = time.monotonic()
            until_played(place, "node-2", {*NODE_1_SHARDS, *NODE_2_SHARDS})
            tell(f"taken over after {time.monotonic() - began:.1f} s, the lease lives for {DEAD_SECONDS} s")
            assert time.monotonic() - began > DEAD_SECONDS
            play_on(place, 2, FROZEN)
        finally:
            os.kill(node_1, signal.SIGCONT)
        until_played(place, "node-1", set())
        play_on(place, 2)
        assert place.processes()["node-1"] == node_1, "it lives on"
        assert played_at(place, "node-2") == {*NODE_1_SHARDS, *NODE_2_SHARDS}
        assert voided_hands(place) == 0
        for shard in NODE_1_SHARDS:
            assert move(place, "node-2", shard, "node-1")["phase"] == "moved"
        play_on(place, 2)
        report = place.verify_ledger()
        assert report["ok"], report
        supervisor.send_signal(signal.SIGTERM)
        supervisor.communicate(timeout=10)
