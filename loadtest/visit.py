"""One visit of a bot to a table: take a seat, play, leave."""

from collections.abc import Iterable
from random import Random
from typing import Final

import trio

from cardroom.client import ClientError, ConnectionLost, RequestRefused, Table, TableMoved, TableUpdate
from cardroom.wire.moved import Moved
from cardroom.wire.place import PlaceChanged
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    Acted,
    HandEnded,
    HandVoided,
    RunItTwiceOffered,
    SeatChanged,
    SeatLeft,
    SeatStatus,
    SeatTaken,
    SeatView,
    Snapshot,
    TablePaused,
    TurnBegan,
    TurnView,
)
from loadtest.fairness import CardWatch, snapshot_faults
from loadtest.habits import Habits
from loadtest.offers import CROWDED, LATE, Offers
from loadtest.profile import Pace
from loadtest.stop import Stop
from loadtest.strategy import Choice, choose, choose_buy_in
from loadtest.tally import Tally

_NO_TURN: Final = (0, 0)

_CROWDED_SECONDS: Final = 0.2
_TRIES: Final = 5

_WAKES: Final = (
    HandEnded,
    HandVoided,
    RunItTwiceOffered,
    SeatTaken,
    SeatChanged,
    SeatLeft,
    Snapshot,
    Moved,
    TablePaused,
    PlaceChanged,
)
"""After these everybody at the table looks whether there is something to do."""


class Visit:
    """Plays one seat over one connection; hears of everything where it is read, and wakes to act."""

    def __init__(self, table: Table, pace: Pace, random: Random, tally: Tally, stop: Stop) -> None:
        self._table = table
        self._pace = pace
        self._random = random
        self._tally = tally
        self._stop = stop
        self._watch = CardWatch(table.view)
        self._sight = tally.record.open(table)
        self._habits = Habits(table, random, tally)
        self._offers = Offers(table, random, tally)
        self._used_turn = _NO_TURN
        self._is_idle = False
        self._hands_left = 1 + round(random.expovariate(1 / pace.hands_per_visit))
        self._something = trio.Event()
        self._was_heard = True
        self._ended_hand: HandEnded | None = None
        self._end: ClientError | None = None

    async def run(self) -> None:
        """Play until it is time to go, and leave; returns without a seat."""
        tally, table_id = self._tally, self._table.view.table_id
        tally.connected += 1
        tally.fanout.arrived(table_id)
        end: ConnectionLost | None = None
        try:
            self._note_faults(snapshot_faults(self._table.view))
            self._table.listen(self)
            await self._take_seat()
            await self._play_seated()
        except ConnectionLost as lost:
            end = lost
        finally:
            tally.connected -= 1
            tally.fanout.left(table_id)
        if end is None:
            self._sight.left()
            return
        self._sight.lost()
        raise end

    def break_off(self) -> None:
        """Lose the connection, as when a network fails."""
        self._table.break_off()

    async def say(self, text: str) -> None:
        """Say something at the table, and measure how long that takes."""
        await self._habits.say(text)

    def heard(self, update: TableUpdate) -> None:
        """Take the next update, and wake up if there may be something to do."""
        self._was_heard = True
        self._sight.saw(update)
        if isinstance(update, Acted):
            self._tally.fanout.heard(update.table_id, update.seat, trio.current_time())
        elif isinstance(update, TurnBegan):
            if update.turn.seat == self._table.view.my_seat:
                self._something.set()
        elif isinstance(update, _WAKES):
            self._something.set()
        self._note(update)

    def ended(self, end: ClientError) -> None:
        """The connection has ended."""
        self._end = end
        self._something.set()

    async def _take_seat(self) -> None:
        view = self._table.view
        if view.me is None:
            await self._table.sit_down(choose_buy_in(view, self._random), posts_blind=True)
            self._tally.count("buy_ins")
            await self._offers.choose()

    async def _play_seated(self) -> None:
        self._tally.seated += 1
        try:
            while not self._has_to_go():
                try:
                    await self._play_on()
                except TableMoved:
                    self._used_turn = _NO_TURN
                except RequestRefused as refusal:
                    if refusal.code is not Refusal.TABLE_PAUSED:
                        raise
                    self._tally.refused(refusal.code)
            await self._leave()
        finally:
            self._tally.seated -= 1

    async def _play_on(self) -> None:
        """Do what is due, and wait for what happens next."""
        if turn := self._table.view.my_turn:
            await self._use(turn)
        await self._offers.answer()
        await self._sit_in_again()
        if ended := self._ended_hand:
            self._ended_hand = None
            await self._habits.after_hand(ended)
        await self._wait()

    def _has_to_go(self) -> bool:
        me = self._table.view.me
        if me is None or self._stop.is_ordered or self._is_idle:
            return True
        return not me.is_in_hand and (self._hands_left <= 0 or is_without_chips(me))

    async def _wait(self) -> None:
        """Wait until there may be something to do; raises why the connection has ended, if it has."""
        with trio.move_on_after(self._pace.idle_seconds) as scope, self._stop.wakes(scope):
            await self._something.wait()
        if self._end is not None:
            raise self._end
        if self._something.is_set():
            self._something = trio.Event()
        else:
            self._is_idle, self._was_heard = not self._was_heard, False

    async def _use(self, turn: TurnView) -> None:
        """Choose, think, then act, unless the turn has passed meanwhile; each turn is used once."""
        this_turn = (self._table.view.hand_no, turn.turn)
        if this_turn == self._used_turn:
            return
        self._used_turn = this_turn
        for _ in range(_TRIES):
            choice = choose(self._table.view, turn, self._random)
            street = self._table.view.street
            await trio.sleep(self._pace.thought.draw(turn, street, choice[0], self._random))
            view = self._table.view
            if view.my_turn is None or (view.hand_no, view.my_turn.turn) != this_turn:
                return
            if await self._act(turn, choice):
                return
            await trio.sleep(_CROWDED_SECONDS)

    async def _act(self, turn: TurnView, choice: Choice) -> bool:
        """Act and measure; False if the node has no time for it now."""
        kind, amount = choice
        table_id, fanout = self._table.view.table_id, self._tally.fanout
        sent_at = trio.current_time()
        fanout.sent(table_id, turn.seat, sent_at)
        try:
            await self._table.act(turn, kind, amount)
        except RequestRefused as refusal:
            fanout.dropped(table_id, turn.seat)
            if refusal.code is Refusal.TABLE_PAUSED:
                raise
            self._tally.refused(refusal.code)
            if refusal.code not in LATE | CROWDED:
                self._tally.broken(f"legal_action_refused_{kind.value}")
            return refusal.code not in CROWDED
        self._sight.accepted()
        self._tally.acted(trio.current_time() - sent_at)
        return True

    async def _sit_in_again(self) -> None:
        """Play again after a broken connection or a time-out made the seat sit out."""
        me = self._table.view.me
        if me is not None and me.status is SeatStatus.SITTING_OUT and me.stack > 0:
            await self._table.sit_in(posts_blind=True)

    def _note(self, update: TableUpdate) -> None:
        if isinstance(update, Snapshot):
            self._watch = CardWatch(self._table.view)
            return
        if isinstance(update, Moved | TablePaused):  # what was refused meanwhile is done now
            self._used_turn = _NO_TURN
            self._offers.ask_again()
            return
        self._habits.note(update)
        self._note_faults(self._watch.faults(update))
        if isinstance(update, HandEnded):
            my_seat = self._table.view.my_seat
            self._ended_hand = update
            if any(one.seat == my_seat for one in update.results):
                self._hands_left -= 1
            if update.results and update.results[0].seat == my_seat:
                self._tally.count("hands_seen")

    def _note_faults(self, faults: Iterable[str]) -> None:
        for fault in faults:
            self._tally.broken(fault)

    async def _leave(self) -> None:
        """Give up the seat and wait until it is paid out; a seat that is gone already is fine."""
        if not self._is_seated():
            return
        await self._table.leave()
        with trio.move_on_after(self._pace.leave_seconds):
            while self._is_seated():
                await self._something.wait()
                if self._end is not None:
                    raise self._end
                self._something = trio.Event()
            self._tally.count("cash_outs")

    def _is_seated(self) -> bool:
        return self._table.view.me is not None


def is_without_chips(me: SeatView) -> bool:
    """Say whether a seat that is not in a hand has nothing to play with."""
    return me.stack == 0 and me.status is not SeatStatus.RESERVED
