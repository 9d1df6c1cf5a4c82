"""Every byte that was sent to every connection over two thousand hands, read and proved against the decks."""

from collections import Counter
from random import Random
from typing import get_args

import pytest
from attrs import define, evolve, field
from trio.testing import MockClock

from cardroom.client.view import TableView, public_table, view_after, view_in_place, view_of
from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.chat import Emoted, Said
from cardroom.wire.place import PlaceChanged
from cardroom.wire.proof import Openings
from cardroom.wire.state_hash import hash_state
from node.settings import AnteSettings, ConnectionTime, StakeSettings, TableLimits, TimeBank
from tests.node.tables.crowd import Crowd
from tests.node.tables.house import STAKE, House, open_house, settle
from tests.node.tables.known_cards import Truth, cards_in
from tests.node.tables.random_play import RandomPlay, RecordingShuffle
from tests.node.tables.recorder import Recorder, messages_in

HANDS = 250
"""Of each of eight runs."""
SEATS, PLAYERS = 4, (1, 2, 3, 4, 5, 6)
LIMITS = TableLimits(
    between_hands_seconds=1.0, after_showdown_seconds=1.0, offer_seconds=5.0, restarts_before_halt=10**6
)
OWED = (wire.PostKind.LIVE_BLIND, wire.PostKind.DEAD_BLIND)
ANTES: tuple[dict[wire.PostKind, AnteSettings], ...] = (
    {},
    {wire.PostKind.ANTE: AnteSettings("per_seat", Krw(200))},
    {wire.PostKind.BIG_BLIND_ANTE: AnteSettings("big_blind", Krw(2_000))},
)


def stake_of(seed: int) -> StakeSettings:
    return evolve(
        STAKE,
        ante=next(iter(ANTES[seed % len(ANTES)].values()), None),
        straddle=True,
        run_it_twice=True,
        time_bank=TimeBank(first_seconds=2.0),
        connection_time=ConnectionTime(least_seconds=1.0, most_seconds=10.0),
    )


@define
class Told:
    """What each event is: the same for all who hear of it, but for hole cards and the time that is left."""

    truth: Truth
    events: dict[int, wire.AnyTableEvent] = field(factory=dict)

    def check(self, user_id: UserId, event: wire.AnyTableEvent) -> None:
        """Assert that a viewer is told what everybody may know, and of the deal all that is its own."""
        first = self.events.get(event.table_seq)
        if isinstance(event, wire.CardsDealt):
            hand = self.truth.hand_at(event.table_seq)
            assert hand is not None
            assert set(event.cards) == hand.own.get(user_id, set())
        elif first is None:
            hand = self.truth.hand_at(event.table_seq)
            assert cards_in(event) <= self.truth.public(hand, event.table_seq), f"{event} tells too much"
        if first is None:
            self.events[event.table_seq] = event
        elif first is not event and first != event:
            assert _for_all(event) == _for_all(first)


def _for_all(event: wire.AnyTableEvent) -> wire.AnyTableEvent:
    match event:
        case wire.CardsDealt():
            return evolve(event, cards=())
        case wire.TurnBegan(turn=turn):
            return evolve(event, turn=evolve(turn, left_ms=0))
        case wire.TimeExtended():
            return evolve(event, left_ms=0)
        case wire.RunItTwiceOffered(offer=offer):
            return evolve(event, offer=evolve(offer, left_ms=0))
    return event


@define
class Reading:
    """Reads the bytes of one device from the first to the last, as its client does."""

    line: Recorder
    told: Told
    has_client: bool
    """Whether the client library follows, too: it compares each hash with its own."""
    newest: int = 0
    """The newest event that was read."""
    expected: int = 0
    """The next one; a smaller number while something is told again."""
    view: TableView | None = None
    met: Counter[str] = field(factory=Counter)

    def read(self) -> None:
        for sent in self.line.sent:
            for message in messages_in(self.line.encoding, sent.frames):
                if isinstance(message, wire.TableEvent):
                    self._read_event(message, sent.table_seq)
                else:
                    self._read_other(message, sent.table_seq)
        assert self.expected in (0, self.newest + 1), "what is told again is told to its end"

    def _read_event(self, event: wire.AnyTableEvent, moment: int) -> None:
        number = event.table_seq
        assert number <= moment, "nothing is told before it is numbered"
        is_told_again = self.expected == self.newest + 1 and number <= self.newest
        assert number == self.expected or is_told_again, "no gap"
        self.expected = number + 1
        self.told.check(self.line.user_id, event)
        if number <= self.newest:
            self.met["told again"] += 1
            return
        self.newest = number
        if self.view is not None:
            self.view = view_after(self.view, event)
            self.met["hashes"] += event.state_hash is not None

    def _read_other(self, message: wire.TableMessage, moment: int) -> None:
        match message:
            case wire.Snapshot():
                self._read_snapshot(message, moment)
            case Openings(hand_id=hand_id, openings=openings):
                hand = self.told.truth.hand_of(hand_id)
                hand.check_openings(message, self.told.truth.allowed(self.line.user_id, hand, moment))
                self.met["cards opened"] += len(openings)
            case PlaceChanged(place=place):
                self.view = self.view and view_in_place(self.view, place)
            case wire.Done() | wire.Refused() | Said() | Emoted():
                self.met["other messages"] += 1
            case _:
                raise AssertionError(f"a table does not say {message}")

    def _read_snapshot(self, snapshot: wire.Snapshot, moment: int) -> None:
        """It shows the table as it is now, and each card at the seat to which it was dealt."""
        assert snapshot.table_seq <= moment, "a step is told when it is done"
        moment = snapshot.table_seq
        truth, user_id = self.told.truth, self.line.user_id
        hand = truth.hand_at(moment)
        assert cards_in(snapshot) <= truth.allowed(user_id, hand, moment), f"{snapshot} tells too much"
        for seat in snapshot.seats:
            if seat.cards:
                assert hand is not None
                assert tuple(map(int, seat.cards)) == hand.holes[seat.seat]
                self.met["hands in snapshots"] += 1
        self.newest, self.expected = moment, moment + 1
        if self.has_client:
            self.view = view_of(snapshot, user_id)


async def _play(house: House, seed: int) -> tuple[Crowd, Recorder, RandomPlay]:
    crowd = Crowd(house, Random(seed))
    steady = crowd.enter(*PLAYERS)
    await settle()
    play = RandomPlay(house, [*crowd.players], Random(seed), crowd.stir, with_features=True)
    while len(house.ledger.settled) < HANDS:
        await play.play(1)
    house.ledger.speak()
    await settle()
    house.check_money()
    return crowd, steady, play


@pytest.mark.parametrize("seed", range(8))
async def test_no_byte_tells_anybody_a_card_that_is_not_theirs_to_see(
    autojump_clock: MockClock, seed: int
) -> None:
    shuffle = RecordingShuffle(Random(seed))
    async with open_house(SEATS, shuffle, LIMITS, stake_of(seed)) as house:
        crowd, steady, play = await _play(house, seed)
        history = house.table.history
        now = hash_state(history.public.at(history.table_seq, history.hand_no))
        here = [line for line in crowd.lines if line in house.table.audience.viewers]
    truth = Truth(shuffle.decks)
    truth.read(steady)
    told = Told(truth)
    readings = [Reading(line, told, number % 3 == 0) for number, line in enumerate(crowd.lines)]
    for reading in readings:
        reading.read()
        if reading.line in here:
            assert reading.newest == history.table_seq
            assert reading.view is None or hash_state(public_table(reading.view)) == now
    check_that_it_was_tried(readings, told)
    assert crowd.crashes > 0
    assert posts_of(told) >= {*OWED, wire.PostKind.STRADDLE, *ANTES[seed % len(ANTES)]}
    asked = {(user, hand_no, card) for user, hand_no, cards in play.shown + crowd.shown for card in cards}
    assert len(truth.shown_late) > 5
    for user_id, hand_no, cards in truth.shown_late:
        assert {(user_id, hand_no, card) for card in cards} <= asked, "nobody's cards are shown unasked"


def check_that_it_was_tried(readings: list[Reading], told: Told) -> None:
    """Every kind of event has happened, and whatever might tell too much was told to many."""
    assert {type(event) for event in told.events.values()} == set(get_args(wire.AnyTableEvent))
    met = sum((reading.met for reading in readings), start=Counter[str]())
    assert met["told again"] > 2_000
    assert met["cards opened"] > 1_000
    assert met["hashes"] > 500
    assert met["hands in snapshots"] > 50
    assert {event.board for event in told.events.values() if isinstance(event, wire.StreetDealt)} == {1, 2}


def posts_of(told: Told) -> set[wire.PostKind]:
    deals = (event for event in told.events.values() if isinstance(event, wire.HandStarted))
    return {post.kind for deal in deals for post in deal.posts}
