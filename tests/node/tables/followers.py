"""Players who follow a table event by event, and at every step are compared with who has just come."""

from attrs import define, evolve, field

from cardroom.client.view import TableView, public_table, view_after, view_in_place, view_of
from cardroom.wire import table as wire
from cardroom.wire.place import PlaceChanged
from cardroom.wire.state_hash import hash_state
from node.tables.commands import Unwatch, Watch
from tests.node.tables.house import Guest, House, settle


def comparable(view: TableView) -> TableView:
    """Leave out what is of the moment: milliseconds, and cards shown when the hand was over."""
    turn = None if view.turn is None else evolve(view.turn, left_ms=0)
    offer = None if view.run_it_twice is None else evolve(view.run_it_twice, left_ms=0)
    place = evolve(view.place, offer_left_ms=0)
    seats = {seat: view.seats[seat] for seat in sorted(view.seats)}
    if view.hand_id is None:
        seats = {seat: evolve(one, cards=()) for seat, one in seats.items()}
    return evolve(view, turn=turn, run_it_twice=offer, place=place, seats=seats)


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

    def _is_new(self, guest: Guest, event: wire.TableEvent) -> bool:
        """Who asks for what was told before hears it again."""
        return event.table_seq > self.views[guest.user_id].table_seq

    def _follow(self, guest: Guest) -> None:
        for message in guest.heard[self.read.get(guest.user_id, 0) :]:
            if isinstance(message, wire.Snapshot):
                self.views[guest.user_id] = view_of(message, guest.user_id)
            elif isinstance(message, PlaceChanged):
                self.views[guest.user_id] = view_in_place(self.views[guest.user_id], message.place)
            elif isinstance(message, wire.TableEvent) and self._is_new(guest, message):
                self.views[guest.user_id] = view_after(self.views[guest.user_id], message)
        self.read[guest.user_id] = len(guest.heard)
