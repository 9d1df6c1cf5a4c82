"""Who sees which card: every message of every viewer of two hundred hands, proved against the decks."""

from collections import Counter
from functools import cache
from random import Random
from typing import get_args, get_type_hints

import attrs
import pytest
from attrs import define, field
from trio.testing import MockClock

from cardroom.ids import SeatIndex, UserId
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from node.rules.cards import Card
from node.settings import StakeSettings
from node.tables.commands import Inspect, TableDetail, Unwatch, Watch
from tests.node.tables.house import STAKE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

STRANGER = UserId(99)
WITH_OPTIONS = attrs.evolve(STAKE, run_it_twice=True, straddle=True)


@cache
def _card_fields(kind: type) -> tuple[tuple[str, bool], ...]:
    hints = get_type_hints(kind)
    return tuple((one.name, CardCode in get_args(hints[one.name])) for one in attrs.fields(kind))


def cards_in(value: object) -> set[int]:
    """Find every card in a message, wherever its type has one."""
    if isinstance(value, tuple):
        return set().union(*(cards_in(one) for one in value))
    kind: type = type(value)
    if not attrs.has(kind):
        return set()
    found: set[int] = set()
    for name, holds_cards in _card_fields(kind):
        part = getattr(value, name)
        found |= set(part) if holds_cards else cards_in(part)
    return found


@define
class Dealt:
    """What may be known at one moment of a hand: by everybody, and by the owner of a seat."""

    decks: list[tuple[Card, ...]]
    hands: int = 0
    holes: dict[SeatIndex, tuple[int, ...]] = field(factory=dict)
    board: list[int] = field(factory=list)
    public: set[int] = field(factory=set)
    folded: set[SeatIndex] = field(factory=set)
    shown: set[SeatIndex] = field(factory=set)
    owners: dict[SeatIndex, UserId] = field(factory=dict)

    def allowed(self, user_id: UserId) -> set[int]:
        own = [cards for seat, cards in self.holes.items() if self.owners[seat] == user_id]
        return self.public.union(*own)

    def follow(self, message: wire.TableMessage) -> None:
        """Take what a message makes known, and check that it was time for it."""
        match message:
            case wire.Snapshot(seats=seats):
                self.owners |= {seat.seat: seat.user_id for seat in seats}
            case wire.SeatTaken(seat=seat, user_id=user_id):
                self.owners[seat] = user_id
            case wire.HandStarted(seats=seats):
                self._begin(tuple(seat.seat for seat in seats))
            case wire.Acted(seat=seat, kind=wire.MoveKind.FOLD):
                self.folded.add(seat)
            case wire.StreetDealt(cards=cards):
                assert list(cards) == self.board[: len(cards)], "the next cards of the deck"
                del self.board[: len(cards)]
                self.public |= set(cards)
            case wire.HandShown(seat=seat, cards=cards):
                assert seat not in self.folded, "a folded hand is never shown"
                assert len(self.holes) - len(self.folded) > 1, "nobody shows without a showdown"
                assert tuple(cards) == self.holes[seat]
                self.shown.add(seat)
                self.public |= set(cards)
            case wire.HandMucked(seat=seat):
                assert seat not in self.shown
            case wire.TurnBegan():
                assert not self.shown, "nobody shows while there is betting to come"
            case wire.HandEnded() | wire.HandVoided():
                self._end()

    def _begin(self, seats: tuple[SeatIndex, ...]) -> None:
        deck, count = self.decks[self.hands], len(seats)
        self.hands += 1
        self._end()
        self.holes = {seat: (int(deck[place]), int(deck[place + count])) for place, seat in enumerate(seats)}
        self.board = [int(card) for card in deck[2 * count : 2 * count + 10]]

    def _end(self) -> None:
        self.holes, self.board, self.public = {}, [], set()
        self.folded, self.shown = set(), set()


def prove(viewer: Guest, decks: list[tuple[Card, ...]]) -> int:
    """Read all that a viewer was ever told; give how many times a card was among it."""
    known, seen = Dealt(decks), 0
    for message in viewer.heard:
        known.follow(message)
        cards = cards_in(message)
        assert cards <= known.allowed(viewer.user_id), f"{message} tells {viewer.nickname} too much"
        seen += len(cards)
    return seen


@define
class Spy:
    """Comes back at every step as a player, a stranger and an administrator, and looks at snapshots."""

    house: House
    players: list[Guest]
    watcher: Guest
    draw: Random
    known: Dealt
    read: int = 0
    looked: int = 0

    async def look(self) -> None:
        for message in self.watcher.heard[self.read :]:
            self.known.follow(message)
        self.read = len(self.watcher.heard)
        if self.draw.random() > 0.2:
            return
        user_id = self.draw.choice(self.players).user_id
        device, stranger = Guest(user_id, self.house.table), Guest(STRANGER, self.house.table)
        details: list[TableDetail] = []
        inbox = self.house.table.entry.inbox
        for command in (Inspect(details.append), Watch(device), Watch(stranger)):
            inbox.deliver(command)
        for viewer in (device, stranger):
            inbox.deliver(Unwatch(viewer))
        await settle()
        self.looked += 1
        assert cards_in(details[0].snapshot) <= self.known.public
        assert cards_in(stranger.last(wire.Snapshot)) <= self.known.public
        assert cards_in(device.last(wire.Snapshot)) <= self.known.allowed(user_id)


@pytest.mark.parametrize(
    ("guests", "hands", "stake"), [(2, 60, STAKE), (4, 70, STAKE), (6, 70, STAKE), (3, 60, WITH_OPTIONS)]
)
async def test_no_message_tells_anybody_a_card_that_is_not_theirs_to_see(
    autojump_clock: MockClock, guests: int, hands: int, stake: StakeSettings
) -> None:
    draw = Random(guests)
    shuffle = RecordingShuffle(Random(guests))
    async with open_house(shuffle=shuffle, stake=stake) as house:
        watcher = house.guest(int(STRANGER))
        players = [house.guest(user, DEEP_PURSE) for user in range(1, guests + 1)]
        for player in players:
            player.sit()
        await settle()
        spy = Spy(house, players, watcher, draw, Dealt(shuffle.decks))
        assert await RandomPlay(house, players, draw, spy.look).play(hands) == hands
        assert spy.looked > hands
        assert not house.table.has_crashed
    seen = [prove(viewer, shuffle.decks) for viewer in players]
    assert min(seen) > hands * 2, "everybody has seen at least the own cards"
    assert prove(watcher, shuffle.decks) > hands


@define
class Truth:
    """What may be known after each event: by everybody, and by each player besides."""

    decks: list[tuple[Card, ...]]
    public: dict[int, frozenset[int]] = field(factory=dict)
    own: dict[int, dict[UserId, tuple[int, ...]]] = field(factory=dict)
    shown_late: list[tuple[UserId, int, tuple[int, ...]]] = field(factory=list)

    def read(self, watcher: Guest) -> None:
        """Go along with one who has watched it all and asked for nothing again."""
        known, public, own, is_over = (
            Dealt(self.decks),
            frozenset[int](),
            dict[UserId, tuple[int, ...]](),
            True,
        )
        for message in watcher.all(wire.TableEvent):
            if isinstance(message, wire.HandShown) and is_over:
                owner = next(user_id for user_id, cards in own.items() if set(message.cards) <= set(cards))
                self.shown_late.append((owner, message.hand_no, tuple(map(int, message.cards))))
                public |= frozenset(message.cards)
            else:
                known.follow(message)  # type: ignore[arg-type]
                public |= known.public
            if isinstance(message, wire.HandStarted):
                own = {known.owners[seat]: cards for seat, cards in known.holes.items()}
                public, is_over = frozenset(), False
            elif isinstance(message, wire.HandEnded):
                is_over = True
            self.public[message.table_seq], self.own[message.table_seq] = public, own

    def prove(self, viewer: Guest) -> None:
        """Check every message that a viewer ever got, also what was told again, against its moment."""
        for message in viewer.heard:
            if isinstance(message, wire.Snapshot | wire.TableEvent) and message.table_seq in self.public:
                own = self.own[message.table_seq].get(viewer.user_id, ())
                allowed = self.public[message.table_seq].union(own)
                assert cards_in(message) <= allowed, f"{message} tells {viewer.nickname} too much"
            else:
                assert cards_in(message) == set()


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_told_again_or_shown_late_tells_nobody_too_much(
    autojump_clock: MockClock, seed: int
) -> None:
    """Players come, go, ask for what they have missed, and show cards when the hand is over (rule 29)."""
    shuffle = RecordingShuffle(Random(seed))
    async with open_house(seats=4, shuffle=shuffle, stake=WITH_OPTIONS) as house:
        watcher = house.guest(int(STRANGER))
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 7)]
        await settle()
        play = RandomPlay(house, players, Random(seed), with_features=True)
        await play.play(150)
        assert not house.table.has_crashed
    truth = Truth(shuffle.decks)
    truth.read(watcher)
    for viewer in (watcher, *players):
        truth.prove(viewer)
    again = Counter(
        (viewer.user_id, event.table_seq)
        for viewer in players
        for event in viewer.all(wire.TableEvent)
        if cards_in(event)
    )
    assert sum(times > 1 for times in again.values()) > 100, "cards were told again"
    assert len(truth.shown_late) > 5
    asked = {(user_id, hand_no, card) for user_id, hand_no, cards in play.shown for card in cards}
    for user_id, hand_no, cards in truth.shown_late:
        assert {(user_id, hand_no, card) for card in cards} <= asked, "nobody's cards are shown unasked"
