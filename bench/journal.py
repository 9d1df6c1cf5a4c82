"""What the journal adds to an action, from its offer to the table until its answer is written.

``python -m bench.journal``. Tables of six play in this process at their own pace, in paired rounds: once with
a journal that keeps everything at once in memory, once through the shard's writer into a real Valkey, which
acknowledges each flush before anything is told. The figures are medians of the rounds.
"""

import json
import math
import statistics
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId, UserId
from cardroom.local.servers import valkey_server
from cardroom.money import Krw
from cardroom.service.redis import Redis, open_redis
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import LedgerTable
from cardroom.wire.player import ActionKind
from node.journal.port import JournalPort
from node.journal.writer import JournalWriter
from node.sessions.fanout import Fanout, Framer
from node.settings import JournalSettings, LeaseSettings, StakesFile, TableLimits
from node.shards.lease import NodeIdentity
from node.shards.opening import TableMaker, set_up_table
from node.shards.store import RedisShardStore
from node.shards.table_tasks import keep_table_running
from node.tables.commands import Watch
from node.tables.deck import shuffled_deck
from node.tables.table import Table, TableServices
from tests.fakes.journal import JournalInMemory
from tests.fakes.ledger import LedgerInMemory
from tests.node.tables.house import BUY_IN, LOG, SEAL, STAKE, Guest
from tests.node.tables.random_play import DEEP_PURSE

TABLES: Final = 20
PLAYERS: Final = 6
ROUNDS: Final = 3
SECONDS: Final = 3.0
THINK_SECONDS: Final = 0.05
LIMITS: Final = TableLimits(between_hands_seconds=0.05, after_showdown_seconds=0.05)
MILLISECONDS: Final = 1000.0


@define(eq=False)
class Player(Guest):
    """A guest who notices when something is written to the connection."""

    written: trio.Event = field(factory=trio.Event)

    def offer_frames(self, frames: bytes) -> None:
        """Take frames, and wake who waits for them."""
        super().offer_frames(frames)
        written, self.written = self.written, trio.Event()
        written.set()


def measure() -> Mapping[str, float]:
    """Give milliseconds by name."""
    return trio.run(_measure)


async def _measure() -> Mapping[str, float]:
    without: list[list[float]] = []
    within: list[list[float]] = []
    with TemporaryDirectory(prefix="holdem-") as folder, valkey_server(Path(folder), port=0) as valkey:
        async with open_redis(valkey.settings) as redis:
            for number in range(ROUNDS):
                without.append(await _play(JournalInMemory(), number))
                async with _open_writer(redis, ShardId(number)) as writer:
                    within.append(await _play(writer, number))
    pairs = [*zip(without, within, strict=True)]
    return {
        "journal_added_ms": statistics.median(_median(kept) - _median(told) for told, kept in pairs),
        "journal_action_p50_ms": statistics.median(map(_median, within)),
        "journal_action_p99_ms": statistics.median(map(_p99, within)),
        "journal_actions_per_s": statistics.median(map(len, within)) / SECONDS,
    }


@asynccontextmanager
async def _open_writer(redis: Redis, shard: ShardId) -> AsyncIterator[JournalPort]:
    identity = NodeIdentity(NodeId("node-1"), BootNonce("e" * 32))
    store = RedisShardStore(shard, identity, redis, dead_seconds=30.0)
    writer = JournalWriter(store, JournalSettings(), LeaseSettings(), LOG)
    assert await store.take(absent=True), "nobody else wants the shard"
    writer.resume(Epoch(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(writer.run)
        yield writer
        nursery.cancel_scope.cancel()


async def _play(journal: JournalPort, seed: int) -> list[float]:
    """Let all tables play for a while; give the milliseconds of every action."""
    found: list[float] = []
    fanout = Fanout({encoding: Framer(encoding) for encoding in Encoding})
    maker = TableMaker(StakesFile({"low": STAKE}), LIMITS, fanout, LOG)
    async with trio.open_nursery() as nursery:
        for number in range(1, TABLES + 1):
            told = LedgerTable(TableId(number), "Seoul", "low", PLAYERS, False, None, 0, (), "", ())
            table = set_up_table(told, ShardId(1), maker)
            wallets = {UserId(user): DEEP_PURSE for user in range(1, PLAYERS + 1)}
            services = TableServices(LedgerInMemory(wallets), journal, SEAL, shuffled_deck, lambda: True)
            nursery.start_soon(keep_table_running, table, services)
            players = [_seat(table, user) for user in wallets]
            draw = Random(f"{seed}-{number}")  # noqa: S311 - a bench repeats itself
            nursery.start_soon(_act, players, draw, found)
        await trio.sleep(SECONDS)
        nursery.cancel_scope.cancel()
    return found


def _seat(table: Table, user_id: UserId) -> Player:
    player = Player(user_id, table)
    table.entry.inbox.deliver(Watch(player))
    table_id = table.seats.game.table_id
    player.ask(asks.SitDown(player.next_id(), table_id, None, BUY_IN, posts_blind=True))
    return player


async def _act(players: list[Player], draw: Random, found: list[float]) -> None:
    """Take every turn of a table, after a pause for thought."""
    seen = players[0]
    while True:
        turn = _turn(seen)
        if turn is None:
            await seen.written.wait()
            continue
        await trio.sleep(draw.uniform(0, 2 * THINK_SECONDS))
        user_id = seen.table.seats.holders[turn.turn.seat].user_id
        player = next(one for one in players if one.user_id == user_id)
        kind = ActionKind.CHECK if turn.turn.legal.can_check else ActionKind.CALL
        act = asks.Act(player.next_id(), turn.table_id, turn.hand_no, turn.turn.turn, kind, Krw(0))
        began = trio.current_time()
        player.ask(act)
        while wire.Done(act.action_id) not in player.heard[-8:]:
            await player.written.wait()
        found.append((trio.current_time() - began) * MILLISECONDS)
        for one in players:
            del one.heard[:-40]


def _turn(player: Player) -> wire.TurnBegan | None:
    for message in reversed(player.heard):
        if isinstance(message, wire.TurnBegan):
            return message
        if isinstance(message, wire.HandEnded | wire.HandStarted | wire.Acted):
            return None
    return None


def _median(times: list[float]) -> float:
    return statistics.median(times)


def _p99(times: list[float]) -> float:
    return sorted(times)[math.ceil(len(times) * 0.99) - 1]


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: round(value, 3) for name, value in measure().items()}) + "\n")
