"""Who sees which card: every message of every viewer of two hundred hands, proved against the decks."""

from collections import Counter
from random import Random

import attrs
import pytest
from attrs import define
from trio.testing import MockClock

from cardroom.ids import UserId
from cardroom.wire import table as wire
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal
from node.rules.cards import Card
from node.settings import StakeSettings
from node.tables.commands import Inspect, TableDetail, Unwatch, Watch
from tests.node.tables.house import STAKE, Guest, House, open_house, settle
from tests.node.tables.known_cards import Dealt, Truth, cards_in
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

STRANGER, NOBODY = UserId(99), UserId(0)
WITH_OPTIONS = attrs.evolve(STAKE, run_it_twice=True, straddle=True)


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
