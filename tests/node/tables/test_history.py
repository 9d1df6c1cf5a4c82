"""What a player who was away has missed: told event by event if it is still known, else by a snapshot."""

import attrs
import pytest
import trio
from trio.testing import MockClock

from cardroom.client.view import TableView, view_after, view_in_place, view_of
from cardroom.ids import SeatIndex
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from node.rules.cards import parse_cards
from node.settings import ConnectionTime, TableLimits, TimeBank
from tests.node.tables.followers import comparable
from tests.node.tables.house import BUY_IN, FIRST_SEAT_WINS, STAKE, Guest, open_house, settle

KIND = asks.ActionKind
TWICE = attrs.evolve(STAKE, run_it_twice=True)
PATIENT = attrs.evolve(STAKE, time_bank=TimeBank(), connection_time=ConnectionTime())
SHORT_MEMORY = TableLimits(between_hands_seconds=1.0, after_showdown_seconds=1.0, kept_events=10)


def _number(guest: Guest) -> int:
    """Give the number that a guest stands at."""
    told = [one for one in guest.heard if isinstance(one, wire.Snapshot | wire.TableEvent)]
    return told[-1].table_seq


def _events(guest: Guest, after: int = -1) -> list[wire.TableEvent]:
    return [event for event in guest.all(wire.TableEvent) if event.table_seq > after]


def _view(guest: Guest, view: TableView | None = None) -> TableView:
    """Give the view of who has heard all this, beginning with an earlier one."""
    for message in guest.heard:
        if isinstance(message, wire.Snapshot):
            view = view_of(message, guest.user_id)
        elif isinstance(message, PlaceChanged):
            assert view is not None
            view = view_in_place(view, message.place)
        elif isinstance(message, wire.TableEvent):
            assert view is not None
            view = view_after(view, message)
    assert view is not None
    return view


async def test_what_was_missed_comes_in_order_and_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(BUY_IN)
        number, view = _number(one), _view(one)
        house.goes(one)
        await trio.sleep(20)
        back = house.comes_back(one, last_seq=number)
        await settle()
        assert {wire.Acted, wire.HandEnded, wire.HandStarted} < {type(event) for event in _events(back)}
        assert back.all(wire.Snapshot) == []
        assert [event.table_seq for event in _events(back)] == list(range(number + 1, _number(two) + 1))
        assert isinstance(back.heard[-1], PlaceChanged)
        assert len(back.last(wire.CardsDealt).cards) == 2
        await house.fold()
        numbers = [event.table_seq for event in _events(back)]
        assert numbers == list(range(number + 1, _number(two) + 1)), "and goes on without a gap"
        late = house.comes_back(one)
        await settle()
        assert comparable(_view(back, view)) == comparable(_view(late))


async def test_cards_that_were_missed_go_to_their_owner_only(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=lambda: FIRST_SEAT_WINS) as house:
        watcher = house.guest(9)
        one, two = await house.heads_up(BUY_IN)
        number = _number(one)
        for guest in (one, two, watcher):
            house.goes(guest)
        await trio.sleep(1.01)
        back = [house.comes_back(guest, last_seq=number) for guest in (one, two, watcher)]
        await settle()
        seen = [set(map(int, guest.last(wire.CardsDealt).cards)) for guest in back]
        assert seen == [set(map(int, parse_cards(own))) for own in ("AsAh", "KsKh", "")]


async def test_who_takes_a_seat_later_gets_no_cards_of_who_sat_there(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        assert len(one.last(wire.CardsDealt).cards) == 2
        await house.fold()
        one.leave()
        await settle()
        heir = house.guest(5)
        heir.sit(0)
        await settle()
        heir.resync(0)
        await settle()
        dealt = heir.all(wire.CardsDealt)
        assert [deal.cards for deal in dealt] == [()]
        one.resync(0)
        await settle()
        assert len(one.all(wire.CardsDealt)[-1].cards) == 2, "one's own cards stay one's own"


@pytest.mark.parametrize("too_old", [True, False])
async def test_only_the_newest_events_are_kept(autojump_clock: MockClock, too_old: bool) -> None:
    async with open_house(limits=SHORT_MEMORY) as house:
        one, two = await house.dealt(BUY_IN)
        await house.play_passively()
        newest = _number(two)
        back = house.comes_back(one, last_seq=newest - (11 if too_old else 10))
        await settle()
        assert len(back.all(wire.Snapshot)) == (1 if too_old else 0)
        assert len(_events(back)) == (0 if too_old else 10)


@pytest.mark.parametrize("ahead", [1, 1_000_000, 2**62])
async def test_a_number_of_the_future_gets_a_snapshot(autojump_clock: MockClock, ahead: int) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        back = house.comes_back(one, last_seq=_number(one) + ahead)
        await settle()
        assert back.last(wire.Snapshot).table_seq == _number(one)
        assert _events(back) == []


@pytest.mark.parametrize("number", [-1, -(2**62)])
async def test_a_number_below_all_gets_a_snapshot(autojump_clock: MockClock, number: int) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        back = house.comes_back(one, last_seq=number)
        await settle()
        assert len(back.all(wire.Snapshot)) == 1
        assert _events(back) == []


async def test_who_has_missed_nothing_is_told_the_own_place_only(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        back = house.comes_back(one, last_seq=_number(one))
        await settle()
        assert [type(message) for message in back.heard] == [PlaceChanged]
        assert back.place == one.place


async def test_a_new_table_has_nothing_that_could_be_missed(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        back = house.comes_back(house.guest(1), last_seq=0)
        await settle()
        assert [type(message) for message in back.heard] == [PlaceChanged]


async def test_resync_tells_what_was_missed_and_then_that_it_is_done(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(BUY_IN)
        heard, others = len(one.heard), len(two.heard)
        one.resync(_number(one) - 2)
        one.resync(None)
        await settle()
        kinds = [type(message) for message in one.heard[heard:]]
        assert kinds == [wire.CardsDealt, wire.TurnBegan, PlaceChanged, wire.Done, wire.Snapshot, wire.Done]
        assert len(two.heard) == others
        shown = {seat.seat: seat.cards for seat in one.last(wire.Snapshot).seats}
        assert (len(shown[SeatIndex(0)]), shown[SeatIndex(3)]) == (2, ())


@pytest.mark.parametrize("in_hand", [True, False])
async def test_after_a_crash_who_was_away_before_gets_a_snapshot(
    autojump_clock: MockClock, in_hand: bool
) -> None:
    """What the crash has changed was told by no event, so no events lead from before it to now."""
    async with open_house() as house:
        one, two = await (house.dealt if in_hand else house.heads_up)(BUY_IN)
        number = _number(one)
        await house.crash()
        back = house.comes_back(one, last_seq=number)
        older = house.comes_back(one, last_seq=number - 1)
        await settle()
        for device in (back, older):
            assert len(device.all(wire.Snapshot)) == 1
            assert device.last(wire.Snapshot).table_seq == _number(two)
        await trio.sleep(1.01)
        await house.fold()
        again = house.comes_back(one, last_seq=number)
        await settle()
        assert len(again.all(wire.Snapshot)) == 1, "nor later, when new events have followed"
        follows = house.comes_back(one, last_seq=_number(two) - 3)
        await settle()
        assert (follows.all(wire.Snapshot), len(_events(follows))) == ([], 3)


async def test_the_clock_of_a_turn_that_is_told_again_is_the_present_one(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        began = one.last(wire.TurnBegan)
        await trio.sleep(6)
        back = house.comes_back(one, last_seq=began.table_seq - 1)
        one.resync(began.table_seq - 1)
        await settle()
        for guest in (back, one):
            again = guest.last(wire.TurnBegan)
            assert 8_950 < again.turn.left_ms <= 9_000
            assert attrs.evolve(again.turn, left_ms=began.turn.left_ms) == began.turn
        await trio.sleep(8.9)
        assert one.all(wire.Acted) == []
        await trio.sleep(0.2)
        assert one.last(wire.Acted).cause is wire.MoveCause.TIME_OUT


async def test_a_turn_that_is_over_is_told_as_it_was(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(BUY_IN)
        began = one.last(wire.TurnBegan)
        await trio.sleep(3)
        one.act(KIND.CALL)
        await trio.sleep(4)
        back = house.comes_back(two, last_seq=began.table_seq - 1)
        await settle()
        first, second = back.all(wire.TurnBegan)
        assert first == began
        assert 10_950 < second.turn.left_ms <= 11_000


async def test_in_the_time_bank_it_is_the_banks_clock(autojump_clock: MockClock) -> None:
    async with open_house(stake=PATIENT) as house:
        one, _ = await house.dealt(BUY_IN)
        began = one.last(wire.TurnBegan)
        await trio.sleep(15.01)
        extended = one.last(wire.TimeExtended)
        assert extended.phase is wire.ClockPhase.TIME_BANK
        await trio.sleep(10)
        back = house.comes_back(one, last_seq=began.table_seq - 1)
        in_the_bank = house.comes_back(one, last_seq=began.table_seq)
        await settle()
        for device in (back, in_the_bank):
            assert 19_900 < device.last(wire.TimeExtended).left_ms <= 20_000
        order = [type(event) for event in back.all(wire.TableEvent)]
        assert order.index(wire.TurnBegan) < order.index(wire.TimeExtended), "what counts comes last"


async def test_after_a_broken_connection_it_is_that_clock(autojump_clock: MockClock) -> None:
    async with open_house(stake=PATIENT) as house:
        one, two = await house.dealt(BUY_IN)
        began = one.last(wire.TurnBegan)
        house.goes(one)
        await trio.sleep(20)
        back = house.comes_back(one, last_seq=began.table_seq)
        await settle()
        assert two.last(wire.TimeExtended).phase is wire.ClockPhase.CONNECTION
        assert 24_900 < back.last(wire.TimeExtended).left_ms <= 25_000


async def test_an_offer_to_run_it_twice_has_the_time_that_is_left(autojump_clock: MockClock) -> None:
    async with open_house(stake=TWICE) as house:
        one, two = await house.dealt(BUY_IN)
        await house.all_in()
        offered = one.last(wire.RunItTwiceOffered)
        await trio.sleep(2)
        back = house.comes_back(two, last_seq=offered.table_seq - 1)
        await settle()
        again = back.last(wire.RunItTwiceOffered)
        assert 2_950 < again.offer.left_ms <= 3_000
        assert again.offer.seats == offered.offer.seats
        await trio.sleep(3.1)
        await settle()
        decided = house.comes_back(two, last_seq=offered.table_seq - 1)
        await settle()
        assert decided.last(wire.RunItTwiceOffered) == offered
        assert not decided.last(wire.RunItTwiceDecided).twice


async def test_no_resync_buys_time(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(BUY_IN)
        for _ in range(15):
            one.resync(None)
            two.resync(0)
            await trio.sleep(1)
        await trio.sleep(0.1)
        assert one.last(wire.Acted).cause is wire.MoveCause.TIME_OUT
