"""How many bytes a message has in binary, beside JSON: ``python -m bench.wire``.

Six players play random hands at a real table, and every message that one of them is sent is written both
ways; a ratio is all bytes of one encoding over all bytes of the other. Only messages count, not their frames.

- snapshot: the table in the middle of a hand, as that player sees it, once before each action;
- update: everything that is told of the hands, from the deal to the end, and of seats between them;
- result: what the answer to an action is, ``Done`` or ``Refused``; what the action did is an update.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from random import Random
from typing import Final

import trio
from attrs import define, evolve, field
from trio.testing import MockClock

from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.player import Act, ActionKind
from cardroom.wire.table import Done, Refused, Snapshot, TableEvent, TableMessage, table_codec
from node.tables.commands import Unwatch, Watch
from tests.node.tables.house import TABLE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

PLAYERS: Final = 6
FIRST_USER: Final = 1_001
FIRST_ACTION_ID: Final = 1_700_000_000_000_000
"""Clients number their actions from the time of day in microseconds on, which is long in either encoding."""

CODECS: Final = {encoding: table_codec(encoding) for encoding in Encoding}


@define
class Observer:
    """Looks at the table before each action, through the eyes of one player."""

    house: House
    player: Guest
    snapshots: list[Snapshot] = field(factory=list)

    async def look(self) -> None:
        """Take a snapshot in the middle of a hand, and act out of turn to be refused."""
        history = self.house.table.history
        if history.hand_id is None:
            return
        device = Guest(self.player.user_id, self.house.table)
        self.house.table.entry.inbox.deliver(Watch(device))
        self.house.table.entry.inbox.deliver(Unwatch(device))
        stale = Act(self.player.next_id(), TABLE, history.hand_no, 0, ActionKind.CHECK, Krw(0))
        self.player.ask(stale)
        await settle()
        self.snapshots.append(device.last(Snapshot))


def ratio(messages: Iterable[TableMessage]) -> float:
    """Give the bytes in binary over the bytes in JSON."""
    binary = text = 0
    for message in messages:
        binary += len(CODECS[Encoding.MSGPACK].encode(message))
        text += len(CODECS[Encoding.JSON].encode(message))
    return binary / text


def results(messages: Iterable[TableMessage]) -> Iterable[TableMessage]:
    """Give the answers, numbered as a client of ours numbers its actions."""
    for number, message in enumerate(messages, start=FIRST_ACTION_ID):
        if isinstance(message, Done | Refused):
            yield evolve(message, request_id=number)


async def _measure(hands: int) -> Mapping[str, float]:
    draw = Random(1)  # noqa: S311 - a bench repeats itself
    async with open_house(seats=PLAYERS, shuffle=RecordingShuffle(draw)) as house:
        players = [house.guest(FIRST_USER + number, DEEP_PURSE) for number in range(PLAYERS)]
        await settle()
        observer = Observer(house, players[0])
        await RandomPlay(house, players, draw, observer.look).play(hands)
    heard = players[0].heard
    return {
        "binary_to_json_snapshot": ratio(observer.snapshots),
        "binary_to_json_update": ratio(one for one in heard if isinstance(one, TableEvent)),
        "binary_to_json_result": ratio(results(heard)),
    }


def measure(hands: int = 200) -> Mapping[str, float]:
    """Play hands, without waiting between them, and compare the sizes."""
    return trio.run(_measure, hands, clock=MockClock(autojump_threshold=0))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(measure())) + "\n")
