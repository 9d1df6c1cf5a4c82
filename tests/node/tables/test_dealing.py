"""The dealer's corner cases: hands that end with the deal, clocks that act, answers that are repeated."""

from random import Random

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from node.rules import seating
from node.tables.public_state import PublicState
from tests.node.tables.house import BUY_IN, PURSE, TABLE, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle


def _shorten(house: House, seat: int, stack: Krw) -> None:
    """Let a player have lost most chips before, in the ledger as at the table."""
    place = SeatIndex(seat)
    holder = house.table.seats.holders[place]
    holder.escrow = stack
    house.table.seats.seating = seating.set_stack(house.table.seats.seating, place, stack)
    house.ledger.escrow[house.table.seats.game.table_id, place] = (holder.user_id, stack)


@pytest.mark.parametrize(("first", "second"), [(1_000, BUY_IN), (BUY_IN, 1_000), (400, 900), (1_000, 1_000)])
async def test_a_hand_that_the_posts_decide_is_played_and_settled(
    autojump_clock: MockClock, first: Krw, second: Krw
) -> None:
    async with open_house(shuffle=RecordingShuffle(Random(3))) as house:
        one, two = house.guest(1), house.guest(2)
        one.sit(0)
        two.sit(3)
        await settle()
        _shorten(house, 0, first)
        _shorten(house, 3, second)
        total = house.ledger.total
        await trio.sleep(60)
        assert not house.table.has_crashed
        assert len(house.ledger.settled) >= 1
        assert len(one.all(wire.HandEnded)) == len(one.all(wire.HandStarted))
        assert house.ledger.total == total
        house.table.seats.check_balance()


async def test_everybody_away_ends_every_hand_and_then_the_table_rests(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = [house.guest(user) for user in range(1, 7)]
        watcher = house.guest(99)
        for guest in guests:
            guest.sit()
        await settle()
        await trio.sleep(1.01)
        for guest in guests:
            house.goes(guest)
        await trio.sleep(2_000)
        assert len(watcher.all(wire.HandEnded)) == len(watcher.all(wire.HandStarted)) > 0
        statuses = [house.table.seats.status(holder) for holder in house.table.seats.holders.values()]
        assert statuses.count(wire.SeatStatus.SITTING_OUT) >= len(statuses) - 1
        house.table.seats.check_balance()


async def test_a_storm_of_leaving_and_coming_back_loses_no_won(autojump_clock: MockClock) -> None:
    """Requests at random, with a ledger that now and then is silent for a while."""
    draw = Random(11)
    async with open_house(shuffle=RecordingShuffle(Random(11))) as house:
        guests = [house.guest(user, DEEP_PURSE) for user in range(1, 7)]
        await settle()
        total = house.ledger.total
        play = RandomPlay(house, guests, draw)
        for _ in range(600):
            _ask_anything(play)
            if draw.random() < 0.1:
                house.ledger.is_silent = True
            elif draw.random() < 0.2:
                house.ledger.speak()
            await settle()
            await trio.sleep(draw.choice([0, 0, 0.6, 1.1]))
            if play.turn() is None:
                house.table.seats.check_balance()
            assert house.ledger.total == total
            assert not house.table.has_crashed
        house.ledger.speak()
        for guest in guests:
            guest.leave()
        await trio.sleep(60)
        assert house.table.seats.holders == {}
        assert sum(house.ledger.wallets.values()) + house.ledger.rake == total
        assert len(house.ledger.settled) > 10


def _ask_anything(play: RandomPlay) -> None:
    guest, draw = play.draw.choice(play.players), play.draw
    turn = play.turn()
    if turn is not None and draw.random() < 0.6:
        play.act(turn)
        return
    match draw.randrange(5):
        case 0:
            guest.leave()
        case 1:
            guest.sit_out()
        case 2:
            guest.sit_in(posts_blind=draw.random() < 0.5)
        case _:
            guest.sit(draw.choice([None, 0, 1, 2, 3, 4, 5]))


async def test_a_repeated_refusal_is_the_same_refusal(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.guest(1).sit(0)
        house.guest(2).sit(3)
        await settle()
        await trio.sleep(1.01)
        actor = house.to_act()
        turn = actor.last(wire.TurnBegan)
        for _ in range(2):
            actor.ask(asks.Act(7, turn.table_id, turn.hand_no, turn.turn.turn, asks.ActionKind.CHECK, Krw(0)))
        await settle()
        first, again = actor.all(wire.Refused)
        assert first == again
        assert house.ledger.total == 2 * PURSE


class BrokenState(PublicState):
    """Fails while it is told that a player's status has changed, as any mistake of ours may."""

    def follow(self, event: wire.AnyTableEvent) -> None:
        assert not isinstance(event, wire.SeatChanged), "the status is not told"
        super().follow(event)


async def test_a_finished_hand_is_settled_though_its_telling_crashes(autojump_clock: MockClock) -> None:
    """Else the table would wait for ever for the answer to what it has never sent."""
    async with open_house() as house:
        await house.dealt(BUY_IN)
        three = house.guest(3)
        three.ask(asks.SitDown(1, TABLE, SeatIndex(5), BUY_IN, posts_blind=False))
        await house.play_passively()
        public = house.table.history.public = BrokenState(TABLE)
        public.set_up(house.table.seats.public(), house.table.seats.seating.button)
        await trio.sleep(1.01)
        while not house.table.has_crashed:
            await house.fold()
        await trio.sleep(1)
        assert len(house.ledger.settled) == 2
        assert len(house.table.seats.settlements) == 0
        house.table.seats.check_balance()


async def test_the_next_deal_is_worked_out_anew_whenever_the_seats_are_others(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        one, _ = await house.heads_up()
        seats = house.table.seats
        first = seats.next_deal()
        assert first is not None
        assert first == seating.next_deal(seats.seating, seats.game.rules)
        assert seats.next_deal() is first
        seats.sit_out(seats.held_by(one.user_id))
        assert seats.next_deal() is None
        seats.sit_in(seats.held_by(one.user_id), posts_blind=True)
        assert seats.next_deal() == first
