"""What the steps of a table take: ``python -m bench.step``.

Tables play at random in this process, with everything that a step does on: rules, projection, events framed
for every player, records, commitments of decks, and the journal's fields; only sockets, Redis and the ledger
are not there. A step is timed from the command to its end, by what it was: an action, the last action of a
hand, a deal, the ledger's answer. All of it over the actions is what one action costs.
"""

import json
import statistics
import sys
import time
from collections.abc import Mapping
from random import Random
from typing import Final

import trio
from attrs import define, field
from trio.testing import MockClock, wait_all_tasks_blocked

from cardroom.ids import ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from cardroom.wire.ledger import LedgerTable
from cardroom.wire.player import Act, ActionKind, SitDown
from cardroom.wire.table import CloseCode, TableMessage
from node.sessions.fanout import Fanout, Framer
from node.settings import StakesFile, TableLimits
from node.shards.opening import TableMaker, set_up_table
from node.tables.actor import TableActor
from node.tables.commands import Ask, Command, Watch
from node.tables.deck import shuffled_deck
from node.tables.table import Table, TableServices
from tests.fakes.journal import JournalInMemory
from tests.fakes.ledger import LedgerInMemory
from tests.node.tables.house import LOG, SEAL, STAKE
from tests.node.tables.random_play import DEEP_PURSE

TABLES: Final = 20
SEATS: Final = 6
MOST_SEATS: Final = 9
ROUNDS: Final = 3
ACTIONS: Final = 6_000
WARM_UP: Final = 2_000
BUY_IN: Final = Krw(200_000)
LIMITS: Final = TableLimits(between_hands_seconds=0.001, after_showdown_seconds=0.001)
NANOSECONDS: Final = 1_000
KEPT_OF_100: Final = 98


@define(eq=False)
class Listener:
    """A player's connection that takes everything and looks at nothing."""

    user_id: UserId
    nickname: str
    address: str = "192.0.2.1"
    encoding: Encoding = Encoding.MSGPACK
    heard_bytes: int = 0

    def answer(self, message: TableMessage) -> None:
        """See ``Viewer``."""

    def offer_frames(self, frames: bytes) -> None:
        """See ``Viewer``."""
        self.heard_bytes += len(frames)

    def kick(self, code: CloseCode) -> None:
        """See ``Viewer``."""

    def move(self, url: str) -> None:
        """See ``Viewer``."""


@define
class Spent:
    """The nanoseconds that steps of one kind took."""

    each: list[int] = field(factory=list)

    @property
    def times(self) -> int:
        """Count the steps."""
        return len(self.each)

    @property
    def each_us(self) -> float:
        """Give the microseconds of one on average, without the slowest: others had the core meanwhile."""
        kept = sorted(self.each)[: max(1, self.times * KEPT_OF_100 // 100)]
        return sum(kept) / len(kept) / NANOSECONDS if kept else 0.0


@define
class Clockwork:
    """What the steps of all tables have taken, by what they were."""

    act: Spent = field(factory=Spent)
    end: Spent = field(factory=Spent)
    deal: Spent = field(factory=Spent)
    other: Spent = field(factory=Spent)

    @property
    def actions(self) -> int:
        """Count the actions."""
        return self.act.times + self.end.times

    @property
    def each_action_us(self) -> float:
        """Give what one action costs with its share of deals, ends and answers, in microseconds."""
        parts = (self.act, self.end, self.deal, self.other)
        return sum(part.each_us * part.times for part in parts) / max(1, self.actions)


class TimedActor(TableActor):
    """A table's task that times its steps, and plays for whoever is to act."""

    def __init__(self, table: Table, services: TableServices, draw: Random, clockwork: Clockwork) -> None:
        super().__init__(table, services)
        self.players = {UserId(n): Listener(UserId(n), f"player-{n}") for n in range(1, MOST_SEATS + 1)}
        self.clockwork = clockwork
        self._draw = draw
        self._requests = 0
        self._asked_at = (0, 0)

    def _handle(self, command: Command) -> None:
        self._was_acted = isinstance(command, Ask) and isinstance(command.request, Act)
        self._was_dealt = self._dealer.play is not None
        self._began = time.perf_counter_ns()
        super()._handle(command)

    def _end_step(self) -> None:
        super()._end_step()
        if hasattr(self, "_began"):
            self._kind_of_step().each.append(time.perf_counter_ns() - self._began)

    def _kind_of_step(self) -> Spent:
        if self._was_acted:
            return self.clockwork.act if self._dealer.play is not None else self.clockwork.end
        is_deal = not self._was_dealt and self._dealer.play is not None
        return self.clockwork.deal if is_deal else self.clockwork.other

    def sit_down(self, count: int) -> None:
        """Let as many players watch and take seats, who buy in again when they are broke."""
        for player in [*self.players.values()][:count]:
            self._inbox.deliver(Watch(player))
            number, table_id = self._next_number(), self._seats.game.table_id
            request = SitDown(number, table_id, None, BUY_IN, posts_blind=True)
            assert self._inbox.offer(Ask(player, request, trio.current_time()))

    def play(self) -> bool:
        """Act for whose turn it is, unless that was done before; say whether it was anybody's."""
        play = self._dealer.play
        if play is None or (legal := play.hand.legal) is None:
            self._fill_up()
            return False
        if self._asked_at == (play.hand_no, play.hand.turn):
            return False
        self._asked_at = (play.hand_no, play.hand.turn)
        kind = ActionKind.CHECK if legal.can_check else ActionKind.CALL
        amount, chance = Krw(0), self._draw.random()
        if chance < 0.2 and not legal.can_check:
            kind = ActionKind.FOLD
        elif chance > 0.88 and legal.min_raise_to is not None:
            kind, amount = ActionKind.RAISE_TO, legal.min_raise_to
        number, table_id = self._next_number(), self._seats.game.table_id
        act = Act(number, table_id, play.hand_no, play.hand.turn, kind, amount)
        player = self.players[play.players[legal.seat]]
        assert self._inbox.offer(Ask(player, act, trio.current_time()))
        return True

    def _fill_up(self) -> None:
        """Let who is broke buy in again."""
        for holder in self._seats.holders.values():
            is_broke = self._seats.stack(holder) == 0
            holder.auto_top_up_to = BUY_IN if is_broke else Krw(0)

    def _next_number(self) -> int:
        self._requests += 1
        return self._requests


def measure() -> Mapping[str, float]:
    """Give microseconds by name, medians of rounds; and what nine seats cost over six."""
    six = [_play(SEATS, number) for number in range(ROUNDS)]
    nine = [_play(MOST_SEATS, number) for number in range(ROUNDS)]
    return {
        "step_us_per_action": statistics.median(one.each_action_us for one in six),
        "step_us_act": statistics.median(one.act.each_us for one in six),
        "step_us_deal": statistics.median(one.deal.each_us for one in six),
        "step_us_end": statistics.median(one.end.each_us for one in six),
        "step_us_other": statistics.median(one.other.each_us for one in six),
        "step_actions_per_hand": statistics.median(one.actions / one.deal.times for one in six),
        "step_nine_to_six": statistics.median(
            more.each_action_us / less.each_action_us for more, less in zip(nine, six, strict=True)
        ),
    }


def _play(seats: int, seed: int) -> Clockwork:
    return trio.run(_play_tables, seats, seed, clock=MockClock(autojump_threshold=0))


async def _play_tables(seats: int, seed: int) -> Clockwork:
    """Play at all tables, those full of players, until there were enough actions."""
    clockwork = Clockwork()
    fanout = Fanout({encoding: Framer(encoding) for encoding in Encoding})
    maker = TableMaker(StakesFile({"low": STAKE}), LIMITS, fanout, LOG)
    async with trio.open_nursery() as nursery:
        actors = []
        for number in range(1, TABLES + 1):
            told = LedgerTable(TableId(number), "Seoul", "low", seats, False, None, 0, (), "", ())
            wallets = {UserId(user): DEEP_PURSE for user in range(1, seats + 1)}
            ledger, journal = LedgerInMemory(wallets), JournalInMemory()
            services = TableServices(ledger, journal, SEAL, shuffled_deck, lambda: True)
            draw = Random(f"{seed}-{number}")  # noqa: S311 - a bench repeats itself
            actor = TimedActor(set_up_table(told, ShardId(1), maker), services, draw, clockwork)
            actor.sit_down(seats)
            actors.append(actor)
            nursery.start_soon(actor.run)
        await _act(actors, clockwork, WARM_UP)
        counted = Clockwork()
        for actor in actors:
            actor.clockwork = counted
        await _act(actors, counted, ACTIONS)
        nursery.cancel_scope.cancel()
    return counted


async def _act(actors: list[TimedActor], clockwork: Clockwork, actions: int) -> None:
    while clockwork.actions < actions:
        played = [actor.play() for actor in actors]
        if not any(played):
            await trio.sleep(0.0005)
        await wait_all_tasks_blocked()


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in measure().items()}) + "\n")
