"""One table, one task: waits for the next command or the deadline, in one place, and does it."""

from collections.abc import Callable
from typing import assert_never

import trio
from attrs import define, frozen

from cardroom.service.logs import Log
from cardroom.wire.ledger import CommandBody, SettleHand
from cardroom.wire.place import PlaceChanged
from cardroom.wire.player import (
    Act,
    JoinWaitingList,
    Leave,
    Resync,
    RunItTwice,
    ShowCards,
    SitDown,
    TableRequest,
    TopUp,
)
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    CloseCode,
    DealtSeat,
    Done,
    HandVoided,
    LeaveReason,
    Refused,
    StateChanged,
    TableState,
)
from node.ledger.port import LedgerPort
from node.rules.seating import seats_to_give_up
from node.tables.audience import Audience, Viewer
from node.tables.commands import (
    Ask,
    ClockRanOut,
    Command,
    Drain,
    Inspect,
    LedgerAnswered,
    TableDetail,
    Unwatch,
    Watch,
)
from node.tables.dealing import Dealer
from node.tables.deck import Shuffle
from node.tables.denied import Denied
from node.tables.directory import TableEntry
from node.tables.floor import Floor, FloorRequest
from node.tables.history import History
from node.tables.metrics import ACTION_SECONDS, HANDS, REFUSALS
from node.tables.places import Places, place_of
from node.tables.projection import refresh
from node.tables.seat_desk import SeatDesk
from node.tables.seats import Seats
from node.tables.snapshot import take_snapshot
from node.tables.turn_clock import TurnClock

_LEASE_POLL_SECONDS = 1.0


@define
class Table:
    """What outlives a crash of the table's task: everything but the hand in play."""

    entry: TableEntry
    audience: Audience
    history: History
    seats: Seats
    log: Log
    is_draining: bool = False
    has_crashed: bool = False


@frozen
class TableServices:
    """What a table gets from its shard."""

    ledger: LedgerPort
    shuffle: Shuffle
    may_deal: Callable[[], bool]
    """Whether the shard's lease is fresh enough to begin a hand."""


class TableActor:
    """The task of a table. After a crash a new one goes on with the same ``Table``."""

    def __init__(self, table: Table, services: TableServices) -> None:
        self._table = table
        self._services = services
        self._inbox = table.entry.inbox
        self._audience = table.audience
        self._history = table.history
        self._seats = table.seats
        self._clock = TurnClock()
        self._places = Places(table.seats, table.audience)
        self._dealer = Dealer(table.seats, table.history, self._clock, self._places, services.shuffle)
        self._desk = SeatDesk(
            table.seats, table.history, self._places, self._submit, self._dealer.tell_seat, table.log
        )
        self._floor = Floor(table.seats, table.history, self._desk, self._dealer, self._places)
        self._state = TableState.WAITING_FOR_PLAYERS

    async def run(self) -> None:
        """Serve the table until it is drained. An unforeseen error leaves; start a new actor then."""
        if self._table.has_crashed:
            self._recover()
        self._end_step()
        while not (self._table.is_draining and self._dealer.play is None):
            self._handle(await self._next_command())
            self._end_step()

    def _recover(self) -> None:
        """After a crash: the hand that was in play is void, everybody gets the table as it is now."""
        self._history.forget()
        self._history.public.set_up(self._seats.public(), self._seats.seating.button)
        now = trio.current_time()
        for viewer in self._audience.viewers:
            viewer.answer(take_snapshot(self._dealer, self._state, viewer.user_id, now))
        if self._history.hand_id is not None:
            HANDS.labels(outcome="void").inc()
            stacks = tuple(DealtSeat(one.seat, one.stack) for one in self._seats.public())
            self._history.tell(
                HandVoided(*self._history.next_header(), hand_id=self._history.hand_id, stacks=stacks)
            )
            self._history.end_hand()
            self._state = TableState.BETWEEN_HANDS

    async def _next_command(self) -> Command:
        with trio.move_on_at(min(self._clock.deadline, self._seats.waiting.deadline)):
            return await self._inbox.receive()
        return ClockRanOut()

    def _handle(self, command: Command) -> None:
        match command:
            case Ask():
                self._ask(command)
            case ClockRanOut():
                self._clock_ran_out()
            case LedgerAnswered(body, reply):
                self._desk.answered(body, reply)
            case Watch(viewer, last_seq):
                self._watch(viewer, last_seq)
            case Unwatch(viewer):
                self._audience.remove(viewer)
                self._seats.waiting.seen(viewer.user_id, trio.current_time())
            case Inspect(answer):
                answer(self._detail())
            case Drain():
                self._table.is_draining = True
            case _ as unreachable:
                assert_never(unreachable)

    def _ask(self, ask: Ask) -> None:
        """Carry a player's request out, or refuse it; either way the asker is told."""
        request = ask.request
        request_id = request.action_id if isinstance(request, Act) else request.request_id
        try:
            self._carry_out(ask.viewer, request)
        except Denied as denied:
            REFUSALS.labels(code=denied.code.value).inc()
            ask.viewer.answer(Refused(request_id, denied.code))
            return
        if not isinstance(request, SitDown | TopUp):  # money is answered for when the ledger has decided
            ask.viewer.answer(Done(request_id))
        if isinstance(request, Act):
            self._history.publish()
            ACTION_SECONDS.observe(trio.current_time() - ask.received_at)

    def _carry_out(self, viewer: Viewer, request: TableRequest) -> None:
        match request:
            case Act():
                self._settle(self._dealer.act(viewer.user_id, request))
            case Leave():
                self._settle(self._floor.leave(viewer, request))
            case RunItTwice():
                self._settle(self._dealer.run_it_twice(viewer.user_id, request))
            case ShowCards():
                self._dealer.show(viewer.user_id, request)
            case Resync(last_seq=last_seq):
                self._catch_up(viewer, last_seq)
            case _:
                self._refuse_when_draining(request)
                self._floor.carry_out(viewer, request, trio.current_time())

    def _refuse_when_draining(self, request: FloorRequest) -> None:
        if self._table.is_draining and isinstance(request, SitDown | TopUp | JoinWaitingList):
            raise Denied(Refusal.TABLE_UNAVAILABLE)

    def _clock_ran_out(self) -> None:
        if trio.current_time() < self._clock.deadline:
            return  # an offer of a seat has run out, which the floor sees to
        if self._dealer.play is not None:
            self._settle(self._dealer.clock_ran_out())
            return
        self._clock.stop()
        self._floor.sit_out_at_big_blind()
        if not self._dealer.can_deal():
            return
        if self._services.may_deal():
            self._settle(self._dealer.deal())
        else:
            self._clock.begin_pause(trio.current_time(), _LEASE_POLL_SECONDS)

    def _settle(self, hand: SettleHand | None) -> None:
        """Send a finished hand to the ledger, and let go who has missed too many blinds (rule 22)."""
        if hand is None:
            return
        self._submit(hand)
        limit = self._seats.game.missed_blinds_limit
        for seat in seats_to_give_up(self._seats.seating, limit):
            self._desk.start_leaving(self._seats.holders[seat], LeaveReason.MISSED_BLINDS)

    def _submit(self, body: CommandBody) -> None:
        inbox = self._inbox
        self._services.ledger.submit(body, lambda reply: inbox.deliver(LedgerAnswered(body, reply)))

    def _end_step(self) -> None:
        """After each command: tend the seats, prepare the next hand, tell what happened."""
        now = trio.current_time()
        self._floor.tend(now, is_closing=self._table.is_draining)
        is_idle = self._dealer.play is None and self._clock.is_stopped
        if is_idle and not self._table.is_draining and self._dealer.can_deal():
            self._clock.begin_pause(now, self._seats.game.limits.between_hands_seconds)
        self._tell_state()
        self._history.publish()
        self._places.tell(now)
        self._table.entry.summary = self._seats.summary()

    def _tell_state(self) -> None:
        """Tell that the table waits, or does so no more; a hand's beginning and end show by themselves."""
        before, self._state = self._state, self._find_state()
        shows = {TableState.PLAYING} if before is not TableState.PLAYING else {TableState.BETWEEN_HANDS}
        if self._state is not before and self._state not in shows:
            self._history.tell(StateChanged(*self._history.next_header(), state=self._state))

    def _find_state(self) -> TableState:
        if self._dealer.play is not None:
            return TableState.PLAYING
        if self._seats.is_halted:
            return TableState.HALTED
        if self._seats.settlements.is_full:
            return TableState.WAITING_FOR_LEDGER
        return TableState.WAITING_FOR_PLAYERS if self._clock.is_stopped else TableState.BETWEEN_HANDS

    def _watch(self, viewer: Viewer, last_seq: int | None) -> None:
        """Let a connection follow the table; who has a seat is always let in."""
        holder, now = self._seats.of_user(viewer.user_id), trio.current_time()
        if holder is not None:
            holder.address = viewer.address or holder.address
        elif self._count_spectators() >= self._seats.game.limits.spectators:
            viewer.answer(Refused(None, Refusal.SPECTATORS_FULL))
            viewer.kick(CloseCode.TRY_AGAIN_LATER)
            return
        self._audience.add(viewer)
        self._seats.waiting.seen(viewer.user_id, now)
        self._catch_up(viewer, last_seq)

    def _catch_up(self, viewer: Viewer, last_seq: int | None) -> None:
        """Tell one connection what it has missed, or the whole table where that is not known any more."""
        now, user_id = trio.current_time(), viewer.user_id
        missed = self._history.missed_since(last_seq, user_id) if last_seq is not None else None
        if missed is None:
            viewer.answer(take_snapshot(self._dealer, self._state, user_id, now))
            return
        for event in missed:
            viewer.answer(refresh(event, self._dealer.play, self._clock, now))
        place = place_of(self._seats, user_id, now)
        viewer.answer(PlaceChanged(self._seats.game.table_id, place, None))

    def _count_spectators(self) -> int:
        seated = {holder.user_id for holder in self._seats.holders.values()}
        return sum(viewer.user_id not in seated for viewer in self._audience.viewers)

    def _detail(self) -> TableDetail:
        return TableDetail(
            snapshot=take_snapshot(self._dealer, self._state, None, trio.current_time()),
            unsettled_hands=len(self._seats.settlements),
            last_settled_hand_no=self._seats.settlements.settled.hand_no,
            viewers=len(self._audience.viewers),
        )
