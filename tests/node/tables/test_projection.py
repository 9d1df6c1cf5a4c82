"""Who sees which card: every message of every viewer of two hundred hands, proved against the decks."""

from collections import Counter
from functools import cache
from random import Random
from typing import get_args, get_type_hints

import attrs
import pytest
from attrs import define, field
from trio.testing import MockClock

from cardroom.handrecord.deck_proof import Opening, is_proved
from cardroom.ids import HandId, SeatIndex, UserId
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal
from node.rules.cards import Card
from node.settings import StakeSettings
from node.tables.commands import Inspect, TableDetail, Unwatch, Watch
from tests.node.tables.house import STAKE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

STRANGER, NOBODY = UserId(99), UserId(0)
WITH_OPTIONS = attrs.evolve(STAKE, run_it_twice=True, straddle=True)


@cache
def _card_fields(kind: type) -> tuple[tuple[str, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (one.name, CardCode in (hints[one.name], *get_args(hints[one.name]))) for one in attrs.fields(kind)
    )


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
        if holds_cards:
            found |= set(part) if isinstance(part, tuple) else {part}
        else:
            found |= cards_in(part)
    return found


@define
class KnownHand:
    """What may be known of one hand: by everybody, and by the owner of a seat."""

    deck: tuple[Card, ...]
    hand_id: HandId
    commitment: bytes
    holes: dict[SeatIndex, tuple[int, ...]]
    own: dict[UserId, set[int]]
    public: set[int] = field(factory=set)

    def allowed(self, user_id: UserId) -> set[int]:
        return self.public | self.own.get(user_id, set())

    def check(self, user_id: UserId, told: Openings) -> None:
        """An answer opens what its asker may see, no card less and none more, and proves each."""
        assert cards_in(told) == self.allowed(user_id)
        assert (told.hand_id, told.commitment) == (self.hand_id, self.commitment)
        for one in told.openings:
            assert int(self.deck[one.position]) == int(one.card)
            opening = Opening(one.position, one.card, one.salt, one.path)
            assert is_proved(self.hand_id, self.commitment, opening)


@define
class Dealt:
    """What may be known at one moment, of the hand in play and of those before it."""

    decks: list[tuple[Card, ...]]
    hands: dict[int, KnownHand] = field(factory=dict)
    playing: KnownHand | None = None
    board: list[int] = field(factory=list)
    folded: set[SeatIndex] = field(factory=set)
    shown: set[SeatIndex] = field(factory=set)
    owners: dict[SeatIndex, UserId] = field(factory=dict)

    def allowed(self, user_id: UserId) -> set[int]:
        """Give the cards of the hand in play that a viewer may see."""
        return self.playing.allowed(user_id) if self.playing is not None else set()

    def follow(self, message: wire.TableMessage) -> None:
        """Take what a message makes known, and check that it was time for it."""
        match message:
            case wire.Snapshot(seats=seats):
                self.owners |= {seat.seat: seat.user_id for seat in seats}
            case wire.SeatTaken(seat=seat, user_id=user_id):
                self.owners[seat] = user_id
            case wire.HandStarted():
                self._begin(message)
            case wire.Acted(seat=seat, kind=wire.MoveKind.FOLD):
                self.folded.add(seat)
            case wire.StreetDealt(cards=cards):
                assert list(cards) == self.board[: len(cards)], "the next cards of the deck"
                del self.board[: len(cards)]
                self.hands[message.hand_no].public |= set(cards)
            case wire.HandShown():
                self._show(message)
            case wire.HandMucked(seat=seat):
                assert seat not in self.shown
            case wire.TurnBegan():
                assert not self.shown, "nobody shows while there is betting to come"
            case wire.HandEnded() | wire.HandVoided():
                self.playing = None

    def _begin(self, started: wire.HandStarted) -> None:
        deck, count = self.decks[len(self.hands)], len(started.seats)
        places = [seat.seat for seat in started.seats]
        holes: dict[SeatIndex, tuple[int, ...]] = {
            seat: (int(deck[place]), int(deck[place + count])) for place, seat in enumerate(places)
        }
        own = {self.owners[seat]: set(cards) for seat, cards in holes.items()}
        self.playing = KnownHand(deck, started.hand_id, started.commitment, holes, own)
        self.hands[started.hand_no] = self.playing
        self.board = [int(card) for card in deck[2 * count : 2 * count + 10]]
        self.folded, self.shown = set(), set()

    def _show(self, shown: wire.HandShown) -> None:
        hand = self.hands[shown.hand_no]
        if self.playing is None:
            assert set(shown.cards) <= set(hand.holes[shown.seat]), "after the hand: own cards, as one likes"
        else:
            assert shown.seat not in self.folded, "a folded hand is never shown"
            assert len(hand.holes) - len(self.folded) > 1, "nobody shows without a showdown"
            assert tuple(shown.cards) == hand.holes[shown.seat]
            self.shown.add(shown.seat)
        hand.public |= set(shown.cards)


def prove(viewer: Guest, decks: list[tuple[Card, ...]]) -> int:
    """Read all that a viewer was ever told; give how many times a card was among it."""
    known, seen = Dealt(decks), 0
    for message in viewer.heard:
        known.follow(message)
        cards = cards_in(message)
        seen += len(cards)
        match message:
            case Openings(hand_no=hand_no):
                known.hands[hand_no].check(viewer.user_id, message)
            case wire.HandShown(hand_no=hand_no):
                allowed = known.hands[hand_no].allowed(viewer.user_id)
                assert cards <= allowed, f"{message} tells {viewer.nickname} too much"
            case _:
                assert cards <= known.allowed(viewer.user_id), f"{message} tells {viewer.nickname} too much"
    return seen


@define
class Spy:
    """At every step looks at snapshots as a player, a stranger and an administrator, and asks for openings.

    Now and then a player shows a card, which others may see from then on.
    """

    house: House
    players: list[Guest]
    watcher: Guest
    draw: Random
    known: Dealt
    read: int = 0
    looked: int = 0

    async def look(self) -> None:
        if self.draw.random() < 0.2:
            self._show_a_card(self.draw.choice(self.players))
            await settle()
        for message in self.watcher.heard[self.read :]:
            self.known.follow(message)
        self.read = len(self.watcher.heard)
        if self.draw.random() > 0.2:
            return
        hand_no = self._some_hand()
        for viewer in (self.watcher, *self.players):
            viewer.prove(hand_no)
        user_id = self.draw.choice(self.players).user_id
        device, stranger = Guest(user_id, self.house.table), Guest(STRANGER, self.house.table)
        details: list[TableDetail] = []
        inbox = self.house.table.entry.inbox
        for command in (Inspect(details.append), Watch(device), Watch(stranger)):
            inbox.deliver(command)
        for viewer in (device, stranger):
            viewer.prove(hand_no)
            inbox.deliver(Unwatch(viewer))
        await settle()
        self.looked += 1
        assert cards_in(details[0].snapshot) <= self.known.allowed(NOBODY)
        assert cards_in(stranger.last(wire.Snapshot)) <= self.known.allowed(NOBODY)
        assert cards_in(device.last(wire.Snapshot)) <= self.known.allowed(user_id)
        for viewer in (device, stranger):
            for openings in viewer.all(Openings):
                self.known.hands[hand_no].check(viewer.user_id, openings)

    def _some_hand(self) -> int:
        """Give the number of the hand in play, or of one before it, sometimes of one that is forgotten."""
        newest = max(self.known.hands, default=0)
        return newest - self.draw.choice((0, 0, 0, 1, 1, 2, 5, 19, 20, 21, 30))

    def _show_a_card(self, player: Guest) -> None:
        if dealt := player.all(wire.CardsDealt):
            player.show(*dealt[-1].cards[: self.draw.choice((1, 2))], hand_no=dealt[-1].hand_no)


def check_that_it_was_tried(players: list[Guest], hands: int) -> None:
    """Every player has had openings, and was refused those of old hands; cards were shown after a hand."""
    for player in players:
        assert len(player.all(Openings)) > hands / 2
        assert Refusal.STALE_HAND in {refused.code for refused in player.all(wire.Refused)}
    heard = players[0].heard
    ended = [place for place, message in enumerate(heard) if isinstance(message, wire.HandEnded)]
    assert any(isinstance(heard[place + 1], wire.HandShown) for place in ended[:-1])


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
    check_that_it_was_tried(players, hands)
    seen = [prove(viewer, shuffle.decks) for viewer in players]
    assert min(seen) > hands * 2, "everybody has seen at least the own cards"
    assert prove(watcher, shuffle.decks) > hands


@define
class Truth:
    """What may be known after each event: by everybody, and by each player besides."""

    decks: list[tuple[Card, ...]]
    public: dict[int, frozenset[int]] = field(factory=dict)
    own: dict[int, dict[UserId, set[int]]] = field(factory=dict)
    shown_late: list[tuple[UserId, int, tuple[int, ...]]] = field(factory=list)

    def read(self, watcher: Guest) -> None:
        """Go along with one who has watched it all and asked for nothing again."""
        known = Dealt(self.decks)
        for message in watcher.all(wire.TableEvent):
            known.follow(message)  # type: ignore[arg-type]  # an event is a message
            hand = known.hands.get(message.hand_no)
            if hand is None:
                continue
            if isinstance(message, wire.HandShown) and known.playing is None:
                owner = next(user_id for user_id, cards in hand.own.items() if set(message.cards) <= cards)
                self.shown_late.append((owner, message.hand_no, tuple(map(int, message.cards))))
            self.public[message.table_seq] = frozenset(hand.public)
            self.own[message.table_seq] = hand.own

    def prove(self, viewer: Guest) -> None:
        """Check every message that a viewer ever got, also what was told again, against its moment."""
        for message in viewer.heard:
            if isinstance(message, wire.Snapshot | wire.TableEvent) and message.table_seq in self.public:
                own = self.own[message.table_seq].get(viewer.user_id, set())
                allowed = self.public[message.table_seq] | own
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
