"""Hundreds of hands in which players ask for everything at any moment: money, view and secrets hold."""

from random import Random

import attrs
import pytest
from attrs import define, field
from trio.testing import MockClock

from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits, TimeBank
from tests.node.tables.followers import Comparison
from tests.node.tables.house import STAKE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

STAKES = attrs.evolve(STAKE, straddle=True, run_it_twice=True, time_bank=TimeBank(first_seconds=2.0))
LIMITS = TableLimits(between_hands_seconds=1.0, after_showdown_seconds=1.0, offer_seconds=5.0)


@define
class Witness:
    """Looks after every step; the ledger falls silent now and then, for some steps."""

    house: House
    comparison: Comparison
    draw: Random
    silences: bool = False
    steps: int = field(default=0)

    async def look(self) -> None:
        self.steps += 1
        assert not self.house.table.has_crashed
        self.house.check_money()
        await self.comparison.compare()
        if self.silences and self.draw.random() < 0.05:
            self.house.ledger.is_silent = True
        elif self.house.ledger.is_silent and self.draw.random() < 0.3:
            self.house.ledger.speak()
            await settle()


def _happened(players: list[Guest]) -> set[str]:
    """Give by name what players have met with."""
    places = [told.place for player in players for told in player.all(PlaceChanged)]
    reasons = {told.reason for player in players for told in player.all(PlaceChanged)}
    met = {
        "chips under way": any(place.arriving for place in places),
        "filled up": any(place.auto_top_up_to for place in places),
        "leaves after the hand": any(place.leaves_after_hand for place in places),
        "sits out at the big blind": any(place.sits_out_at_big_blind for place in places),
        "a seat was offered": any(place.offered_seat is not None for place in places),
        "an offer ran out": Refusal.OFFER_EXPIRED in reasons,
        "brought too little": any(Refusal.BUY_IN_BELOW_LAST_STACK in player.refusals for player in players),
        "shown after the hand": any(shown.hand is None for shown in players[0].all(wire.HandShown)),
        "more time": bool(players[0].all(wire.TimeExtended)),
    }
    return {name for name, has in met.items() if has}


EVERYTHING = {
    "chips under way", "filled up", "leaves after the hand", "sits out at the big blind",
    "a seat was offered", "an offer ran out", "brought too little", "shown after the hand", "more time",
}  # fmt: skip


@pytest.mark.parametrize(("seed", "silences"), [(1, False), (2, True), (3, False), (4, True)])
async def test_whatever_players_ask_no_won_is_lost_and_no_view_drifts(
    autojump_clock: MockClock, seed: int, silences: bool
) -> None:
    shuffle = RecordingShuffle(Random(seed))
    async with open_house(seats=4, shuffle=shuffle, stake=STAKES, limits=LIMITS) as house:
        watcher = house.guest(99)
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 7)]
        await settle()
        witness = Witness(house, Comparison(house, [watcher, players[0]]), Random(seed), silences)
        await RandomPlay(house, players, Random(seed), witness.look, with_features=True).play(60)
        house.ledger.speak()
        for player in players:
            player.leave()
        await RandomPlay(house, players, Random(seed), witness.look, comes_back=False).play(3)
        await settle()
        assert house.table.seats.holders == {}
        assert sum(house.ledger.wallets.values()) + house.ledger.rake == house.money
        assert len(house.ledger.settled) > 50
        assert _happened(players) == EVERYTHING
