"""A table from the first seat to the last won: real task, mock clock, every message kept."""

import pytest
import trio
from trio.testing import MockClock

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from cardroom.wire.refusals import Refusal
from node.rules.cards import Card
from node.settings import TableLimits
from node.tables.commands import Drain
from node.tables.deck import shuffled_deck
from tests.node.tables.house import BUY_IN, PURSE, TABLE, Guest, House, open_house, settle

KIND = asks.ActionKind


async def _two_at_the_table(house: House) -> tuple[Guest, Guest]:
    one, two = house.guest(1), house.guest(2)
    one.sit(0)
    two.sit(3)
    await settle()
    return one, two


async def test_a_watcher_gets_a_snapshot_and_then_every_number_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        await _two_at_the_table(house)
        await trio.sleep(1.01)
        await house.play_passively()
        snapshot, *events = [m for m in watcher.heard if isinstance(m, wire.Snapshot | wire.TableEvent)]
        assert isinstance(snapshot, wire.Snapshot)
        assert (snapshot.state, snapshot.seats) == (wire.TableState.WAITING_FOR_PLAYERS, ())
        numbers = [event.table_seq for event in events if isinstance(event, wire.TableEvent)]
        assert numbers == list(range(snapshot.table_seq + 1, snapshot.table_seq + 1 + len(numbers)))


async def test_a_seat_is_reserved_until_the_money_is_held(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        one = house.guest(1)
        one.sit(0)
        await settle()
        assert one.last(wire.SeatTaken).status is wire.SeatStatus.RESERVED
        assert one.all(wire.Done) == []
        house.ledger.speak()
        await settle()
        assert one.last(wire.Done) == wire.Done(1)
        assert one.last(wire.SeatChanged).stack == BUY_IN
        assert house.ledger.wallets[one.user_id] == PURSE - BUY_IN


@pytest.mark.parametrize(
    ("seat", "buy_in", "code"),
    [
        (6, BUY_IN, Refusal.NO_SUCH_SEAT),
        (-1, BUY_IN, Refusal.NO_SUCH_SEAT),
        (1, Krw(79_999), Refusal.BUY_IN_TOO_SMALL),
        (1, Krw(200_001), Refusal.BUY_IN_TOO_LARGE),
        (1, Krw(-5), Refusal.BUY_IN_TOO_SMALL),
        (0, BUY_IN, Refusal.SEAT_TAKEN),
    ],
)
async def test_a_seat_is_refused_with_a_code(
    autojump_clock: MockClock, seat: int, buy_in: Krw, code: Refusal
) -> None:
    async with open_house() as house:
        one, two = house.guest(1), house.guest(2)
        one.sit(0)
        two.sit(seat, buy_in)
        await settle()
        assert two.last(wire.Refused) == wire.Refused(1, code)
        assert house.ledger.wallets[two.user_id] == PURSE


async def test_a_buy_in_above_the_balance_frees_the_seat_again(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        poor = house.guest(1, purse=Krw(100_000))
        poor.sit(0)
        await settle()
        assert poor.last(wire.Refused) == wire.Refused(1, Refusal.INSUFFICIENT_FUNDS)
        assert poor.last(wire.SeatLeft).paid == 0
        rich = house.guest(2)
        rich.sit(0)
        await settle()
        assert rich.last(wire.Done).request_id == 1


async def test_one_seat_a_player_and_no_more_seats_than_there_are(autojump_clock: MockClock) -> None:
    async with open_house(seats=2) as house:
        one, _, three = house.guest(1), house.guest(2), house.guest(3)
        one.sit()
        one.sit()
        house.guests[2].sit()
        three.sit()
        await settle()
        assert one.last(wire.Refused).code is Refusal.ALREADY_SEATED
        assert three.last(wire.Refused).code is Refusal.TABLE_FULL


async def test_a_hand_is_played_and_settled_and_no_won_is_lost(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await _two_at_the_table(house)
        total = house.ledger.total
        await trio.sleep(1.01)
        await house.play_passively()
        ended = one.last(wire.HandEnded)
        assert sum(result.net for result in ended.results) + ended.rake == 0
        assert [hand.hand_no for hand in house.ledger.settled] == [1]
        assert house.ledger.total == total
        house.table.seats.check_balance()
        assert len(two.last(wire.CardsDealt).cards) == 2


async def test_hole_cards_go_only_to_their_owner(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        one, two = await _two_at_the_table(house)
        second_device = Guest(one.user_id, house.table, encoding=Encoding.MSGPACK)
        house.guests[11] = second_device
        await trio.sleep(1.01)
        own, others = one.last(wire.CardsDealt), two.last(wire.CardsDealt)
        assert watcher.last(wire.CardsDealt).cards == ()
        assert len(own.cards) == len(others.cards) == 2
        assert not set(own.cards) & set(others.cards)
        assert own.table_seq == others.table_seq == watcher.last(wire.CardsDealt).table_seq
        late = house.guest(10)
        again = house.guest(1)
        await settle()
        assert all(seat.cards == () for seat in late.last(wire.Snapshot).seats)
        shown = {seat.seat: seat.cards for seat in again.last(wire.Snapshot).seats}
        assert shown == {SeatIndex(0): own.cards, SeatIndex(3): ()}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hand_no": 99}, Refusal.STALE_HAND),
        ({"turn": 99}, Refusal.STALE_TURN),
        ({"kind": KIND.CHECK}, Refusal.ACTION_NOT_ALLOWED),
        ({"kind": KIND.RAISE_TO, "amount": Krw(3_999)}, Refusal.AMOUNT_TOO_SMALL),
        ({"kind": KIND.RAISE_TO, "amount": Krw(200_001)}, Refusal.AMOUNT_TOO_LARGE),
    ],
)
async def test_an_action_is_refused_with_a_code_and_the_clock_goes_on(
    autojump_clock: MockClock, change: dict[str, object], code: Refusal
) -> None:
    async with open_house() as house:
        await _two_at_the_table(house)
        await trio.sleep(1.01)
        actor = house.to_act()
        began = actor.last(wire.TurnBegan)
        act = asks.Act(50, TABLE, began.hand_no, began.turn.turn, KIND.FOLD, Krw(0))
        await trio.sleep(10)
        actor.ask(asks.Act(**{**_fields(act), **change}))  # type: ignore[arg-type]
        await settle()
        assert actor.last(wire.Refused) == wire.Refused(50, code)
        assert actor.last(wire.TurnBegan) == began
        await trio.sleep(5.1)  # the fifteen seconds are over, refused or not
        assert actor.last(wire.Acted).cause is wire.MoveCause.TIME_OUT


def _fields(act: asks.Act) -> dict[str, object]:
    return {
        name: getattr(act, name) for name in ("action_id", "table_id", "hand_no", "turn", "kind", "amount")
    }


async def test_out_of_turn_and_from_the_rail_is_refused(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        watcher = house.guest(9)
        one, two = await _two_at_the_table(house)
        one.ask(asks.Act(70, TABLE, 1, 1, KIND.FOLD, Krw(0)))
        await settle()
        assert one.last(wire.Refused) == wire.Refused(70, Refusal.NO_HAND)
        await trio.sleep(1.01)
        waiting = two if house.to_act() is one else one
        waiting.act(KIND.CALL)
        watcher.act(KIND.CALL)
        await settle()
        assert waiting.last(wire.Refused).code is Refusal.OUT_OF_TURN
        assert watcher.last(wire.Refused).code is Refusal.NOT_SEATED
        assert watcher.all(wire.Acted) == []


async def test_a_repeated_action_gets_its_first_answer_and_acts_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        await _two_at_the_table(house)
        await trio.sleep(1.01)
        actor = house.to_act()
        turn = actor.last(wire.TurnBegan)
        act = asks.Act(7, TABLE, turn.hand_no, turn.turn.turn, KIND.CALL, Krw(0))
        for request in (act, act, asks.Act(7, TABLE, turn.hand_no, turn.turn.turn, KIND.FOLD, Krw(0))):
            actor.ask(request)
        await settle()
        answers = [m for m in actor.heard if isinstance(m, wire.Done | wire.Refused)][-3:]
        assert answers == [wire.Done(7), wire.Done(7), wire.Refused(7, Refusal.ACTION_ID_REUSED)]
        assert len(actor.all(wire.Acted)) == 1


async def test_two_time_outs_in_a_row_sit_the_player_out(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await _two_at_the_table(house)
        await trio.sleep(60)
        assert {act.cause for act in one.all(wire.Acted)} == {wire.MoveCause.TIME_OUT}
        assert wire.SeatStatus.SITTING_OUT in {
            house.table.seats.status(h) for h in house.table.seats.holders.values()
        }
        hands = len(one.all(wire.HandStarted))
        await trio.sleep(60)
        assert len(one.all(wire.HandStarted)) == hands


async def test_who_leaves_in_a_hand_folds_and_is_paid_after_the_settlement(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await _two_at_the_table(house)
        total = house.ledger.total
        await trio.sleep(1.01)
        house.ledger.is_silent = True
        actor = house.to_act()
        actor.leave()
        await settle()
        assert len(actor.all(wire.HandEnded)) == 1
        assert actor.all(wire.SeatLeft) == []
        house.ledger.speak()
        await settle()
        left = (two if actor is one else one).last(wire.SeatLeft)
        assert left.paid == BUY_IN - 1_000
        assert house.ledger.wallets[actor.user_id] == PURSE - 1_000
        assert house.ledger.total == total


async def test_who_leaves_while_the_money_is_under_way_gets_it_back(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.ledger.is_silent = True
        one = house.guest(1)
        one.sit(0)
        one.leave()
        await settle()
        house.ledger.speak()
        await settle()
        assert one.last(wire.SeatLeft).paid == BUY_IN
        assert house.ledger.wallets[one.user_id] == PURSE


async def test_the_table_waits_for_the_ledger_and_says_so(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await _two_at_the_table(house)
        house.ledger.is_silent = True
        for _ in range(2):
            await trio.sleep(1.01)
            await house.play_passively()
        await trio.sleep(30)
        assert len(one.all(wire.HandStarted)) == 2
        assert one.last(wire.StateChanged).state is wire.TableState.WAITING_FOR_LEDGER
        house.table.seats.check_balance()
        house.ledger.speak()
        await trio.sleep(1.5)
        assert len(one.all(wire.HandStarted)) == 3
        assert [hand.hand_no for hand in house.ledger.settled] == [1, 2]


async def test_no_hand_begins_without_a_fresh_lease(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.may_deal = False
        one, _ = await _two_at_the_table(house)
        await trio.sleep(20)
        assert one.all(wire.HandStarted) == []
        house.may_deal = True
        await trio.sleep(1.1)
        assert len(one.all(wire.HandStarted)) == 1


async def test_a_crash_voids_the_hand_and_the_table_plays_on(autojump_clock: MockClock) -> None:
    class Breaks:
        deals = 0

        def __call__(self) -> tuple[Card, ...]:
            self.deals += 1
            deck = shuffled_deck()
            return deck if self.deals != 2 else deck[:3]

    async with open_house(shuffle=Breaks()) as house:
        one, two = await _two_at_the_table(house)
        total = house.ledger.total
        await trio.sleep(1.01)
        await house.play_passively()
        await trio.sleep(1.01)  # the second deal breaks
        await settle()
        assert house.table.has_crashed
        await trio.sleep(3)
        third = one.last(wire.HandStarted)
        assert third.hand_no == 2
        await house.play_passively()
        assert [hand.hand_no for hand in house.ledger.settled] == [1, 2]
        assert house.ledger.total == total
        assert len(two.all(wire.Snapshot)) == 2


async def test_a_crash_in_a_hand_gives_everybody_what_was_before_it(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await _two_at_the_table(house)
        await trio.sleep(1.01)
        actor = house.to_act()
        actor.act(KIND.RAISE_TO, 50_000)
        await settle()
        await house.crash()
        assert one.last(wire.HandVoided).hand_id == one.last(wire.HandStarted).hand_id
        assert {seat.stack for seat in two.last(wire.Snapshot).seats} == {BUY_IN}
        house.table.seats.check_balance()
        assert house.ledger.settled == []


async def test_a_table_that_keeps_crashing_is_halted_and_lets_players_go(autojump_clock: MockClock) -> None:
    limits = TableLimits(between_hands_seconds=1.0, restart_seconds=0.1, restarts_before_halt=3)
    async with open_house(limits=limits, shuffle=lambda: ()) as house:
        one, _ = await _two_at_the_table(house)
        await trio.sleep(30)
        assert one.last(wire.StateChanged).state is wire.TableState.HALTED
        late = house.guest(5)
        late.sit()
        one.leave()
        await settle()
        assert late.last(wire.Refused).code is Refusal.TABLE_HALTED
        assert house.ledger.wallets[one.user_id] == PURSE


async def test_a_drained_table_finishes_its_hand_and_deals_no_more(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await _two_at_the_table(house)
        await trio.sleep(1.01)
        house.table.entry.inbox.deliver(Drain())
        late = house.guest(5)
        late.sit()
        await settle()
        assert late.last(wire.Refused).code is Refusal.TABLE_UNAVAILABLE
        await house.play_passively()
        await trio.sleep(30)
        assert len(one.all(wire.HandStarted)) == 1


async def test_the_ledger_refusing_a_hand_halts_the_table(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await _two_at_the_table(house)
        await trio.sleep(1.01)
        house.ledger.refuses = Refusal.HAND_UNBALANCED
        await house.play_passively()
        assert one.last(wire.StateChanged).state is wire.TableState.HALTED
        await trio.sleep(30)
        assert len(one.all(wire.HandStarted)) == 1


async def test_everything_a_table_says_fits_both_encodings(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await _two_at_the_table(house)
        one.encoding = Encoding.JSON
        await trio.sleep(1.01)
        await house.play_passively()
        assert [type(m) for m in one.all(wire.TableEvent)][2:] == [type(m) for m in two.all(wire.TableEvent)][
            2:
        ]


async def test_a_table_that_crashes_again_and_again_disturbs_no_other(autojump_clock: MockClock) -> None:
    limits = TableLimits(between_hands_seconds=1.0, restart_seconds=0.1, restarts_before_halt=30)
    async with open_house() as calm, open_house(limits=limits, shuffle=lambda: ()) as broken:
        one, _ = await _two_at_the_table(calm)
        await _two_at_the_table(broken)
        for _ in range(5):
            await trio.sleep(1.01)
            await calm.play_passively()
        assert broken.table.has_crashed
        assert not calm.table.has_crashed
        numbers = [event.table_seq for event in one.all(wire.TableEvent)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(calm.ledger.settled) == 5
