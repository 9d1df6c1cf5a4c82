"""What viewers of a table may know of its cards at each moment, found out from the decks."""

from bisect import bisect_right
from functools import cache
from operator import itemgetter
from typing import get_args, get_type_hints

import attrs
from attrs import define, field

from cardroom.handrecord.deck_proof import Opening, is_proved
from cardroom.ids import HandId, SeatIndex, UserId
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.proof import Openings
from node.rules.cards import Card
from tests.node.tables.house import Guest


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
        self.check_openings(told, self.allowed(user_id))

    def check_openings(self, told: Openings, allowed: set[int]) -> None:
        """An answer opens these cards and no other, and proves each."""
        assert cards_in(told) == allowed
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
    deals: int = 0
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
        deck, count = self.decks[self.deals], len(started.seats)
        self.deals += 1
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


@define
class Truth:
    """What may be known after each event: by everybody, and by each player besides."""

    decks: list[tuple[Card, ...]]
    shown_late: list[tuple[UserId, int, tuple[int, ...]]] = field(factory=list)
    """Who has shown which cards of which hand when it was over."""
    _hands: list[tuple[int, KnownHand]] = field(factory=list)
    """Each hand, and the event with which it began."""
    _public: dict[HandId, list[tuple[int, frozenset[int]]]] = field(factory=dict)
    """What of a hand was known to everybody, from each event on."""

    def read(self, watcher: Guest) -> None:
        """Go along with one who has watched it all and asked for nothing again."""
        known = Dealt(self.decks)
        for message in watcher.all(wire.TableEvent):
            known.follow(message)  # type: ignore[arg-type]  # an event is a message
            if isinstance(message, wire.HandStarted):
                self._hands.append((message.table_seq, known.hands[message.hand_no]))
            if not self._hands:
                continue
            hand = self._hands[-1][1]
            if isinstance(message, wire.HandShown) and known.playing is None:
                owner = next(user_id for user_id, cards in hand.own.items() if set(message.cards) <= cards)
                self.shown_late.append((owner, message.hand_no, tuple(map(int, message.cards))))
            self._public.setdefault(hand.hand_id, []).append((message.table_seq, frozenset(hand.public)))

    def hand_at(self, table_seq: int) -> KnownHand | None:
        """Give the hand that was dealt last, when this event was told."""
        place = bisect_right(self._hands, table_seq, key=itemgetter(0))
        return self._hands[place - 1][1] if place else None

    def hand_of(self, hand_id: HandId) -> KnownHand:
        """Give a hand by its id."""
        return next(hand for _, hand in reversed(self._hands) if hand.hand_id == hand_id)

    def public(self, hand: KnownHand | None, table_seq: int) -> frozenset[int]:
        """Give the cards of a hand that everybody might see when this event had been told."""
        if hand is None:
            return frozenset()
        moments = self._public[hand.hand_id]
        place = bisect_right(moments, table_seq, key=itemgetter(0))
        assert place, "nobody is told of a hand before it begins"
        return moments[place - 1][1]

    def allowed(self, user_id: UserId, hand: KnownHand | None, table_seq: int) -> set[int]:
        """Give the cards of a hand that a viewer might see when this event had been told."""
        own = hand.own.get(user_id, set()) if hand is not None else set()
        return own | self.public(hand, table_seq)

    def prove(self, viewer: Guest) -> None:
        """Check every message that a viewer ever got, also what was told again, against its moment."""
        for message in viewer.heard:
            allowed: set[int] = set()
            if isinstance(message, wire.Snapshot | wire.TableEvent):
                hand = self.hand_at(message.table_seq)
                allowed = self.allowed(viewer.user_id, hand, message.table_seq)
            assert cards_in(message) <= allowed, f"{message} tells {viewer.nickname} too much"
