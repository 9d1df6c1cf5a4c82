"""The hash of what everybody sees: there with every twentieth event, the same for all, and no lie passes."""

from collections.abc import Sequence
from functools import partial, reduce
from random import Random
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from cardroom.client import StateDrift
from cardroom.client.view import TableView, public_table, view_after, view_of
from cardroom.ids import SeatIndex, UserId
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
from cardroom.wire.ledger import SeatEscrow
from cardroom.wire.state_hash import EVENTS_PER_HASH, hash_state
from node.settings import AnteSettings
from tests.node.tables.house import BUY_IN, STAKE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

EVERYTHING = attrs.evolve(STAKE, straddle=True, run_it_twice=True, ante=AnteSettings("per_seat", Krw(200)))


def follow(guest: Guest) -> TableView:
    """Give the view of who reads all that a guest heard; every hash on the way is compared."""
    view: TableView | None = None
    for message in guest.heard:
        if isinstance(message, wire.Snapshot):
            view = view_of(message, guest.user_id)
        elif isinstance(message, wire.TableEvent):
            assert view is not None
            view = view_after(view, message)
    assert view is not None
    return view


def told_hash(house: House) -> bytes:
    history = house.table.history
    return hash_state(history.public.at(history.table_seq, history.hand_no))


async def _many_hands(house: House, hands: int, seed: int = 7) -> Guest:
    """Let five play at random; give one who has watched it all."""
    watcher = house.guest(99)
    players = [house.guest(user, DEEP_PURSE) for user in range(1, 6)]
    await settle()
    await RandomPlay(house, players, Random(seed)).play(hands)
    return watcher


async def test_every_twentieth_event_carries_a_hash_and_no_other_does(autojump_clock: MockClock) -> None:
    async with open_house(stake=EVERYTHING, shuffle=RecordingShuffle(Random(1))) as house:
        await _many_hands(house, 30)
        for guest in house.guests.values():
            for event in guest.all(wire.TableEvent):
                has_hash = event.state_hash is not None
                assert has_hash == (event.table_seq % EVENTS_PER_HASH == 0)


async def test_all_viewers_get_the_same_hash_also_with_their_own_cards(autojump_clock: MockClock) -> None:
    async with open_house(stake=EVERYTHING, shuffle=RecordingShuffle(Random(2))) as house:
        await _many_hands(house, 100)
        hashes: dict[int, set[bytes | None]] = {}
        for guest in house.guests.values():
            for event in guest.all(wire.TableEvent):
                hashes.setdefault(event.table_seq, set()).add(event.state_hash)
        assert all(len(told) == 1 for told in hashes.values())
        with_cards = [
            deal for guest in house.guests.values() for deal in guest.all(wire.CardsDealt) if deal.cards
        ]
        assert any(deal.state_hash for deal in with_cards)


async def test_who_follows_and_who_comes_by_snapshot_are_at_the_same_hash(autojump_clock: MockClock) -> None:
    async with open_house(stake=EVERYTHING, shuffle=RecordingShuffle(Random(3))) as house:
        watcher = house.guest(99)
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 6)]
        await settle()
        late: list[Guest] = []

        async def somebody_comes() -> None:
            if len(late) < 60:
                late.append(house.comes_back(watcher))
                await settle()
                assert hash_state(public_table(follow(late[-1]))) == told_hash(house)

        await RandomPlay(house, players, Random(3), somebody_comes).play(12)
        await RandomPlay(house, players, Random(4)).play(5)
        assert len(late) == 60
        for guest in (*house.guests.values(), *late):
            assert any(event.state_hash for event in guest.all(wire.TableEvent))
            assert hash_state(public_table(follow(guest))) == told_hash(house)


def _other(event: Any, field: str) -> Any:
    """Give an event with one field that lies."""
    value = getattr(event, field)
    lie: Any = value + 1 if isinstance(value, int) else None
    match value:
        case wire.SeatStatus():
            lie = next(status for status in wire.SeatStatus if status is not value)
        case wire.Street():
            lie = next(street for street in wire.Street if street is not value)
        case tuple() if value and isinstance(value[0], int):
            lie = (CardCode((value[0] + 1) % 52), *value[1:])
        case wire.TurnView():
            lie = attrs.evolve(value, turn=value.turn + 1)
        case tuple() if value and isinstance(value[0], wire.DealtSeat | wire.SeatNet | wire.Post):
            lie = (*value[:-1], attrs.evolve(value[-1], stack=Krw(value[-1].stack + 1)))
    return attrs.evolve(event, **{field: lie})


LIES: dict[type, Sequence[str]] = {
    wire.Acted: ("amount", "stack", "street_bet"),
    wire.TurnBegan: ("turn",),
    wire.StreetDealt: ("cards", "street"),
    wire.UncalledReturned: ("amount", "stack"),
    wire.HandStarted: ("button", "seats", "posts", "hand_no"),
    wire.HandEnded: ("results", "hand_no"),
    wire.SeatChanged: ("status", "stack"),
    wire.SeatTaken: ("user_id", "status", "stack"),
    wire.CardsDealt: ("hand_no",),
    wire.PotAwarded: ("hand_no",),
}


def _is_lost_in_the_next(event: Any, field: str) -> bool:
    """A post says the stack again, and the second board names no street."""
    if isinstance(event, wire.HandStarted) and field == "seats":
        return event.seats[-1].seat in {post.seat for post in event.posts}
    return isinstance(event, wire.StreetDealt) and event.board == 2 and field == "street"


async def test_a_lie_in_an_event_is_noticed_with_the_hash(autojump_clock: MockClock) -> None:
    async with open_house(stake=EVERYTHING, shuffle=RecordingShuffle(Random(5))) as house:
        watcher = await _many_hands(house, 150)
        first = watcher.heard[0]
        assert isinstance(first, wire.Snapshot)
        view, told = view_of(first, watcher.user_id), set()
        for event in watcher.all(wire.TableEvent):
            after = partial(view_after, view)
            if event.state_hash is not None:
                for field in LIES.get(type(event), ()):
                    if _is_lost_in_the_next(event, field):
                        continue
                    with pytest.raises(StateDrift) as drift:
                        after(_other(event, field))
                    assert drift.value.table_seq == event.table_seq
                    told.add((type(event), field))
                with pytest.raises(StateDrift):
                    after(attrs.evolve(event, state_hash=bytes(8)))  # type: ignore[arg-type]
            view = after(event)  # type: ignore[arg-type]
        assert {kind for kind, _ in told} >= {wire.Acted, wire.TurnBegan, wire.StreetDealt, wire.HandEnded}
        assert len(told) > 12


async def test_a_lie_some_events_ago_is_noticed_too(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, _ = await house.dealt(BUY_IN)
        for _ in range(3):
            await house.play_passively()
            await trio.sleep(1.01)
        first = one.heard[0]
        assert isinstance(first, wire.Snapshot)
        events: list[Any] = one.all(wire.TableEvent)
        taken = next(number for number, event in enumerate(events) if isinstance(event, wire.SeatTaken))
        events[taken] = attrs.evolve(events[taken], user_id=UserId(5))
        told = next(number for number, event in enumerate(events) if event.state_hash is not None)
        before = reduce(view_after, events[:told], view_of(first, one.user_id))
        with pytest.raises(StateDrift):
            view_after(before, events[told])


async def _mid_hand(house: House) -> list[Guest]:
    guests = [house.guest(user) for user in range(1, 4)]
    for seat, guest in enumerate(guests):
        guest.sit(seat)
    await settle()
    await trio.sleep(1.01)
    house.to_act().act(asks.ActionKind.RAISE_TO, 30_000)
    await settle()
    guests[0].sit_out()
    guests[1].top_up(-1)
    guests[2].leave()
    await settle()
    return guests


async def test_after_a_crash_and_a_void_hand_nobody_drifts(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        guests = await _mid_hand(house)
        stayed, gone = guests[1], house.comes_back(guests[0])
        await settle()
        heard = gone.all(wire.Snapshot)[-1].table_seq
        house.goes(gone)
        await house.crash()
        back = house.comes_back(guests[0], last_seq=heard)
        late = house.guest(98)
        await settle()
        assert len(stayed.all(wire.HandVoided)) == 1
        for guest in (*guests, back, late):
            assert hash_state(public_table(follow(guest))) == told_hash(house)
        guests[0].sit_in()
        for _ in range(3):
            await trio.sleep(1.01)
            await house.play_passively()
        for guest in (*guests, back, late):
            assert any(event.state_hash for event in guest.all(wire.TableEvent))
            assert hash_state(public_table(follow(guest))) == told_hash(house)
        house.check_money()


async def test_a_crash_between_hands_changes_nothing_that_is_seen(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = await house.dealt(BUY_IN)
        await house.play_passively()
        before = follow(one).seats
        await house.crash()
        assert dict(follow(one).seats) == dict(before)
        assert hash_state(public_table(follow(two))) == told_hash(house)
        assert one.last(wire.Snapshot).button == SeatIndex(0)


async def test_whose_money_lies_there_when_a_table_is_opened_is_seen(autojump_clock: MockClock) -> None:
    """As after a restart of the node: who had chips at the table has them, and sits out."""
    lying = tuple(
        SeatEscrow(UserId(user), f"player-{user}", SeatIndex(seat), BUY_IN) for user, seat in ((1, 0), (2, 3))
    )
    async with open_house(escrow=lying) as house:
        one, two, watcher = house.guest(1), house.guest(2), house.guest(9)
        await settle()
        assert one.last(wire.Snapshot).you.seat == SeatIndex(0)
        statuses = [(seat.seat, seat.status, seat.stack) for seat in watcher.last(wire.Snapshot).seats]
        assert statuses == [(seat, wire.SeatStatus.SITTING_OUT, BUY_IN) for seat in (0, 3)]
        for guest in (one, two):
            guest.sit_in()
        for _ in range(3):
            await trio.sleep(1.01)
            await house.play_passively()
        house.check_money()
        assert any(event.state_hash for event in watcher.all(wire.TableEvent))
        assert hash_state(public_table(follow(watcher))) == told_hash(house)
