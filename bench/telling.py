"""What it costs to hash and keep events, and to promise a deck: ``python -m bench.telling``.

Six players play random hands at a real table. What one of them heard is followed again by a public state of
its own, timed, hashes apart; the events that the table keeps are copied, and their memory counted.
"""

import copy
import json
import secrets
import sys
import timeit
import tracemalloc
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, cast
from uuid import uuid4

import trio
from trio.testing import MockClock

from cardroom.handrecord.deck_proof import SALTS_BYTES, commit_deck
from cardroom.ids import HandId
from cardroom.wire.state_hash import EVENTS_PER_HASH, hash_state
from cardroom.wire.table import Acted, AnyTableEvent, TableEvent
from node.tables.public_state import PublicState
from tests.node.tables.house import TABLE, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

PLAYERS: Final = 6
HANDS: Final = 100
TIMES: Final = 2_000
MICROSECONDS: Final = 1e6
KIB: Final = 1024


def measure() -> Mapping[str, float]:
    """Give microseconds and KiB by name."""
    return trio.run(_measure, clock=MockClock(autojump_threshold=0))


async def _measure() -> Mapping[str, float]:
    draw = Random(1)  # noqa: S311 - a bench repeats itself
    async with open_house(shuffle=RecordingShuffle(draw)) as house:
        players = [house.guest(user, DEEP_PURSE) for user in range(1, PLAYERS + 1)]
        for player in players:
            player.sit()
        await settle()
        await RandomPlay(house, players, draw).play(HANDS)
        kept_kib = _kib_of(list(house.table.history._kept))  # noqa: SLF001 - nobody else asks for it
    events = [cast("AnyTableEvent", one) for one in players[0].all(TableEvent)]
    state = PublicState(TABLE)
    follow_us = timeit.timeit(lambda: _follow(state, events), number=1) * MICROSECONDS
    hash_us = timeit.timeit(lambda: hash_state(state.at(5, 3)), number=TIMES) / TIMES * MICROSECONDS
    actions = sum(isinstance(event, Acted) for event in events)
    return {
        "state_hash_us": hash_us,
        "state_us_per_action": (follow_us + hash_us * len(events) / EVENTS_PER_HASH) / actions,
        "deck_commitment_us": timeit.timeit(_promise, number=TIMES) / TIMES * MICROSECONDS,
        "kept_events_kib": kept_kib,
    }


def _follow(state: PublicState, events: Sequence[AnyTableEvent]) -> None:
    for event in events:
        state.follow(event)


def _promise() -> None:
    commit_deck(HandId(uuid4()), range(52), secrets.token_bytes(SALTS_BYTES))


def _kib_of(kept: object) -> float:
    tracemalloc.start()
    copied = copy.deepcopy(kept)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert copied is not kept
    return size / KIB


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in measure().items()}) + "\n")
