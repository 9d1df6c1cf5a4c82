"""Ten thousand hostile messages at a table where others play: no crash, no stall, no won lost."""

from collections import Counter
from random import Random

import pytest
import trio
from attrs import define, evolve, field
from trio.testing import MockClock

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.metrics import UNFORESEEN
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding, Malformed
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal
from node.sessions.handlers import handle
from node.settings import TableLimits
from node.tables.commands import Unwatch, Watch
from node.tables.directory import Directory
from tests.node.sessions.hostility import CODECS, Hostility, Moment
from tests.node.tables.house import BUY_IN, PURSE, STAKE, TABLE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle
from tests.node.tables.recorder import Recorder

MESSAGES, VOLLEY, FLOOD = 10_000, 25, 400
HONEST, HOSTILE = (1, 2, 3), (7, 8, 9)
OPTIONS = evolve(STAKE, straddle=True, run_it_twice=True)
LIMITS = TableLimits(
    inbox=100,
    between_hands_seconds=1.0,
    after_showdown_seconds=1.0,
    waiting=1,
    offer_seconds=5.0,
)
ANSWERED = wire.Done | wire.Refused | Openings


@define
class Attacker:
    """A hostile connection, what it has sent, and how often each request is to be answered."""

    viewer: Recorder
    hostility: Hostility
    directory: Directory
    asked: Counter[int] = field(factory=Counter)
    top_ups: Counter[int] = field(factory=Counter)
    nameless: int = 0
    """Bytes that were no message, and messages that are out of place: refused without a number."""
    pings: int = 0
    is_here: bool = True
    kinds: set[type] = field(factory=set)

    def send(self) -> None:
        """Do what a session does with the data of a message."""
        try:
            message = CODECS[self.viewer.encoding].decode(self.hostility.data())
        except Malformed as malformed:
            self.nameless += 1
            self.viewer.answer(wire.Refused(None, malformed.code))
            return
        self._count(message)
        handle(message, self.viewer, TABLE, self.directory)

    def _count(self, message: asks.PlayerMessage) -> None:
        self.kinds.add(type(message))
        match message:
            case asks.Ping():
                self.pings += 1
            case asks.Hello() | asks.Resume():
                self.nameless += 1
            case asks.Act(action_id=number):
                self.asked[number] += 1
            case request:
                self.asked[request.request_id] += 1
                self.top_ups[request.request_id] += isinstance(request, asks.TopUp)

    def check_answers(self) -> None:
        """Assert that each request was answered once; top-ups that were repeated meanwhile at least so."""
        answers = Counter(
            message.request_id for message in self.viewer.heard if isinstance(message, ANSWERED)
        )
        assert answers.pop(None, 0) == self.nameless
        assert len(self.viewer.all(wire.Pong)) == self.pings
        assert answers.keys() == self.asked.keys()
        for number, times in self.asked.items():
            repeated = max(0, self.top_ups[number] - 1)
            assert times - repeated <= answers[number] <= times, f"request {number}"

    def use(self, turn: wire.TurnView, hand_no: int) -> None:
        """Play for once as one who wants to stay."""
        kind = asks.ActionKind.CHECK if turn.legal.can_check else asks.ActionKind.CALL
        self._ask(asks.Act(self.hostility.next_number(), TABLE, hand_no, turn.turn, kind, Krw(0)))

    def sit(self) -> None:
        """Ask for a seat, or to be dealt in again."""
        number = self.hostility.next_number
        buy_in = self.viewer.place.min_buy_in
        self._ask(asks.SitDown(number(), TABLE, None, buy_in, posts_blind=True))
        self._ask(asks.SitIn(number(), TABLE, posts_blind=True))

    def _ask(self, request: asks.TableRequest) -> None:
        self._count(request)
        handle(request, self.viewer, TABLE, self.directory)


@define
class Siege:
    """Plays on with the honest while the hostile throw what they have."""

    house: House
    play: RandomPlay
    attackers: list[Attacker]
    draw: Random
    thrown: int = 0
    acted: int = 0
    """How often somebody honest has acted."""
    _turn: tuple[int, int] = (0, 0)
    _turn_began: float = 0.0

    async def step(self) -> None:
        """Let the hostile throw, and the honest act amid it: all is answered before any time passes."""
        self._come_and_go()
        self._throw(self.draw.randrange(VOLLEY))
        actor = self._let_honest_act()
        self._throw(FLOOD if self.draw.random() < 0.01 else self.draw.randrange(VOLLEY))
        now = trio.current_time()
        await settle()
        if actor is not None:
            assert wire.Done(actor._requests) in actor.heard[-100:], "in turn, as the rules allow, at once"
            self.acted += 1
        assert trio.current_time() == now
        self._check()
        if actor is None:
            await self._let_time_pass()

    def _throw(self, messages: int) -> None:
        attacker = self.draw.choice(self.attackers)
        for _ in range(messages):
            attacker.send()
        self.thrown += messages

    def _let_honest_act(self) -> Guest | None:
        """Let somebody honest do what the table waits for; give who has used a turn."""
        if (offer := self.play.offer()) is not None:
            for player in self._seated(offer.seats):
                player.run_it_twice(agrees=True)
        elif (turn := self.play.turn()) is not None:
            for player in self._seated((turn.seat,)):
                self.play.act(turn)
                return player
        return None

    def _seated(self, seats: tuple[int, ...]) -> list[Guest]:
        holders = self.house.table.seats.holders.values()
        users = {holder.user_id for holder in holders if holder.seat in seats}
        return [player for player in self.play.players if player.user_id in users]

    async def _let_time_pass(self) -> None:
        """Where nobody honest is to act: a hostile player's clock runs, or the pause between two hands."""
        turn = self.play.turn()
        if turn is None:
            for attacker in self.draw.sample(self.attackers, 4):
                attacker.sit()
            await self.play._buy_in_again()
            await trio.sleep(1.01)
        elif self.play.offer() is not None or self.draw.random() < 0.5:
            await trio.sleep(4.0)
        elif not self._seated((turn.seat,)):
            user_id = self.house.table.seats.holders[turn.seat].user_id
            own = [one for one in self.attackers if one.viewer.user_id == user_id]
            self.draw.choice(own).use(turn, self.house.table.history.hand_no)
        await settle()
        self._check()

    def _come_and_go(self) -> None:
        attacker = self.draw.choice(self.attackers)
        inbox, last_seq = self.house.table.entry.inbox, self.draw.choice((None, -1, 10**9, 50))
        if self.draw.random() < 0.1:
            inbox.deliver(Unwatch(attacker.viewer) if attacker.is_here else Watch(attacker.viewer, last_seq))
            attacker.is_here = not attacker.is_here
        ledger = self.house.ledger
        if ledger.is_silent and self.draw.random() < 0.3:
            ledger.speak()
        elif self.draw.random() < 0.03:
            ledger.is_silent = True

    def _check(self) -> None:
        assert not self.house.table.has_crashed
        self.house.check_money()
        seen = self.house.table.history.public.at(0, 0).turn
        turn = (self.house.table.history.hand_no, seen[1] if seen is not None else 0)
        if turn != self._turn:
            self._turn, self._turn_began = turn, trio.current_time()
        elif seen is not None:
            assert trio.current_time() - self._turn_began <= STAKE.turn_seconds, "nobody buys time"


def _unforeseen() -> float:
    return sum((sample.value for metric in UNFORESEEN.collect() for sample in metric.samples), start=0.0)


def _attackers(house: House, draw: Random) -> list[Attacker]:
    """Make two connections of each hostile player, one in each encoding."""
    directory, history = Directory(), house.table.history
    directory.add(house.table.entry)

    def now() -> Moment:
        turn = history.public.at(0, 0).turn
        return Moment(history.hand_no, turn[1] if turn is not None else 0, history.table_seq)

    attackers = []
    for user, purse in zip(HOSTILE, (DEEP_PURSE, PURSE, BUY_IN), strict=True):
        house.give_wallet(UserId(user), purse)
        for encoding in Encoding:
            viewer = Recorder(UserId(user), house.table, encoding=encoding)
            house.table.entry.inbox.deliver(Watch(viewer))
            attackers.append(Attacker(viewer, Hostility(draw, encoding, now), directory))
    return attackers


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_hostile_messages_harm_nobody(autojump_clock: MockClock, seed: int) -> None:
    draw, before, shuffle = Random(seed), _unforeseen(), RecordingShuffle(Random(seed))
    async with open_house(5, shuffle, LIMITS, OPTIONS) as house:
        honest = [house.guest(user, DEEP_PURSE) for user in HONEST]
        siege = Siege(house, RandomPlay(house, honest, draw), _attackers(house, draw), draw)
        await settle()
        while siege.thrown < MESSAGES:
            await siege.step()
        house.ledger.speak()
        await settle()
        siege._check()
        _check_that_they_played(house, siege.acted)
        for player in honest:
            numbers = [one.table_seq for one in player.all(wire.TableEvent)]
            assert numbers == list(range(1, len(numbers) + 1))
            assert player.kicked is None
    _check_answers(siege.attackers)
    assert _unforeseen() == before


def _check_that_they_played(house: House, acted: int) -> None:
    """The honest have played many hands, and some of them against the hostile."""
    against = [hand for hand in house.ledger.settled if {one.user_id for one in hand.results} & {*HOSTILE}]
    assert acted > 150
    assert len(house.ledger.settled) > 20
    assert len(against) > 10


def _check_answers(attackers: list[Attacker]) -> None:
    """All was answered, nobody was closed, and the hostile have tried every kind of message there is."""
    for attacker in attackers:
        attacker.check_answers()
        assert attacker.viewer.kicked is None
    assert set().union(*(attacker.kinds for attacker in attackers)) == set(asks.PLAYER_TAGS.values())
    codes = {code for attacker in attackers for code in attacker.viewer.refusals}
    assert len(codes) > 20
    assert codes >= {Refusal.MALFORMED, Refusal.UNKNOWN_MESSAGE, Refusal.UNEXPECTED_MESSAGE, Refusal.BUSY}
