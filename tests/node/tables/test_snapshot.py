"""Who comes back in the middle of a hand sees what who stayed has followed event by event."""

from random import Random

import trio
from attrs import define, evolve, field
from trio.testing import MockClock

from cardroom.client.view import TableView, public_table, view_after, view_in_place, view_of
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.state_hash import hash_state
from node.tables.commands import Unwatch, Watch
from tests.node.tables.house import Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

QUIET = {wire.TableState.WAITING_FOR_PLAYERS, wire.TableState.BETWEEN_HANDS}


def comparable(view: TableView) -> TableView:
    """Leave out what is of the moment: milliseconds, and whether a quiet table will deal."""
    turn = None if view.turn is None else evolve(view.turn, left_ms=0)
    state = wire.TableState.BETWEEN_HANDS if view.state in QUIET else view.state
    seats = {seat: view.seats[seat] for seat in sorted(view.seats)}
    return evolve(view, turn=turn, seats=seats, state=state)


@define
class Comparison:
    """At every step somebody comes back on another device."""

    house: House
    stayed: list[Guest]
    views: dict[int, TableView] = field(factory=dict)
    read: dict[int, int] = field(factory=dict)
    compared: int = 0

    async def compare(self) -> None:
        for guest in self.stayed:
            self._follow(guest)
        back = [Guest(guest.user_id, self.house.table) for guest in self.stayed]
        for device in back:
            self.house.table.entry.inbox.deliver(Watch(device))
            self.house.table.entry.inbox.deliver(Unwatch(device))
        await settle()
        for guest, device in zip(self.stayed, back, strict=True):
            fresh = view_of(device.last(wire.Snapshot), device.user_id)
            assert comparable(fresh) == comparable(self.views[guest.user_id])
            assert hash_state(public_table(fresh)) == self._public_hash()
            self.compared += 1

    def _public_hash(self) -> bytes:
        history = self.house.table.history
        return hash_state(history.public.at(history.table_seq, history.hand_no))

    def _follow(self, guest: Guest) -> None:
        for message in guest.heard[self.read.get(guest.user_id, 0) :]:
            if isinstance(message, wire.Snapshot):
                self.views[guest.user_id] = view_of(message, guest.user_id)
            elif isinstance(message, PlaceChanged):
                self.views[guest.user_id] = view_in_place(self.views[guest.user_id], message.place)
            elif isinstance(message, wire.TableEvent):
                self.views[guest.user_id] = view_after(self.views[guest.user_id], message)
        self.read[guest.user_id] = len(guest.heard)


async def test_a_snapshot_at_every_step_says_what_the_events_said(autojump_clock: MockClock) -> None:
    async with open_house(shuffle=RecordingShuffle(Random(5))) as house:
        watcher = house.guest(99)
        players = [house.guest(user, DEEP_PURSE) for user in range(1, 5)]
        await settle()
        comparison = Comparison(house, [watcher, *players[:2]])
        play = RandomPlay(house, players, Random(5), comparison.compare)
        assert await play.play(25) == 25
        assert comparison.compared > 25 * 3 * 4


async def test_sitting_out_in_a_hand_and_timing_out_are_followed_too(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        one, two = house.guest(1), house.guest(2)
        one.sit(0)
        two.sit(3)
        await settle()
        comparison = Comparison(house, [one, two])
        await trio.sleep(1.01)
        one.sit_out()
        await settle()
        await comparison.compare()
        one.sit_in()
        for _ in range(120):
            await trio.sleep(1)
            await comparison.compare()
        statuses = {house.table.seats.status(holder) for holder in house.table.seats.holders.values()}
        assert wire.SeatStatus.SITTING_OUT in statuses
