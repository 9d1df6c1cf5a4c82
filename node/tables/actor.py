"""One table, one task: waits for the next command or the deadline, in one place, and does it."""

import math
from functools import partial
from typing import assert_never

import trio

from cardroom.ids import CommandId
from cardroom.wire.ledger import CommandBody, SettleHand
from cardroom.wire.player import (
    Act,
    Chat,
    JoinWaitingList,
    Leave,
    Mute,
    Prove,
    Resync,
    RunItTwice,
    ShowCards,
    ShowEmote,
    SitDown,
    TableRequest,
    TopUp,
)
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import (
    Done,
    LeaveReason,
    Refused,
    TableState,
)
from node.rules.seating import seats_to_give_up
from node.tables.audience import Viewer
from node.tables.commands import (
    Announce,
    Ask,
    ClockRanOut,
    Command,
    Drain,
    EndPlay,
    HearHouse,
    Inspect,
    KeepEmpty,
    LedgerAnswered,
    Order,
    Pause,
    Silence,
    Switch,
    TableDetail,
    TellNotice,
    TellReality,
    Unwatch,
    Watch,
)
from node.tables.dealing import Dealer
from node.tables.denied import Denied
from node.tables.entrance import Entrance
from node.tables.floor import Floor
from node.tables.guardian import Guardian
from node.tables.held_money import held_money
from node.tables.metrics import ACTION_SECONDS, REFUSALS
from node.tables.places import Places
from node.tables.remembering import remember
from node.tables.seat_desk import SeatDesk, Submit
from node.tables.snapshot import take_snapshot
from node.tables.standing import Standing
from node.tables.table import Table, TableServices
from node.tables.turn_clock import TurnClock

_LEASE_POLL_SECONDS = 1.0
_HELD_POLL_SECONDS = 0.05
_ANSWERED_OTHERWISE = (SitDown, TopUp, Prove)
"""Money is answered for when the ledger has decided, and a proof is an answer of its own."""


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
        self._places = Places(table.seats, table.audience, table.telling)
        self._telling = table.telling
        self._keeper = table.keeper
        self._answers = table.answers
        self._dealer = _hire_dealer(table, services, self._clock, self._places)
        self._desk = _open_desk(table, self._dealer, self._submit)
        self._floor = Floor(table.seats, table.history, self._desk, self._dealer, self._places)
        self._entrance = Entrance(self._dealer, table.invitations, table.rail)
        self._standing = Standing(self._dealer, table.holding)

    async def run(self) -> None:
        """Serve the table until it is drained. An unforeseen error leaves; start a new actor then."""
        if self._table.has_crashed:
            self._standing.recover()
        self._table.holding.house = self._services.house()
        _take_up(self._table, self._dealer, self._standing, self._submit)
        self._end_step()
        while not self._is_done:
            await self._serve()

    async def _serve(self) -> None:
        """Wait for commands, and do them, until the deadline; then do what is due."""
        # One scope for all of them, whose deadline moves: making one costs a third of an action's waiting.
        with trio.CancelScope() as waiting:
            while not self._is_done:
                waiting.deadline = self._next_deadline()
                self._do(await self._inbox.receive())
        # What was done last may have moved the deadline that passed meanwhile: a pause, an action in time.
        if waiting.cancelled_caught and trio.current_time() >= self._next_deadline():
            self._do(ClockRanOut())

    @property
    def _is_done(self) -> bool:
        return self._table.is_vacated or (self._table.is_draining and self._dealer.play is None)

    def _do(self, command: Command) -> None:
        self._handle(command)
        self._end_step()

    def _next_deadline(self) -> float:
        """Say when the table acts by itself; no time passes for players who cannot see or act."""
        if self._table.pausing.is_paused:
            return math.inf
        deadline = min(self._clock.deadline, self._seats.waiting.deadline)
        if self._telling.is_held:
            return max(deadline, trio.current_time() + _HELD_POLL_SECONDS)
        return deadline

    def _handle(self, command: Command) -> None:
        self._keeper.is_touched |= not _is_act(command)  # an action that changes more than the hand says so
        match command:
            case Ask():
                self._ask(command)
            case ClockRanOut():
                self._clock_ran_out()
            case LedgerAnswered(body, reply):
                self._desk.answered(body, reply)
            case Watch(viewer=viewer):
                self._table.pausing.greet(viewer)
                self._entrance.watch(command, self._standing.state)
                if self._audience.has(viewer):
                    self._table.holding.greet(viewer)
            case Unwatch(viewer):
                self._entrance.unwatch(viewer)
            case EndPlay() | TellReality():
                Guardian(self._desk, self._dealer).obey(command)
            case TellNotice(viewer, notice):
                if self._audience.has(viewer):
                    self._telling.answer(viewer, notice)
            case _:
                _obey(command, self._table, self._dealer, self._standing)

    def _ask(self, ask: Ask) -> None:
        """Carry a player's request out, or refuse it; either way the asker is told."""
        request = ask.request
        request_id = request.action_id if isinstance(request, Act) else request.request_id
        if self._table.pausing.is_paused:
            self._table.pausing.refuse(ask.viewer, request_id)
            return
        try:
            self._entrance.check(ask.viewer)
            self._carry_out(ask.viewer, request)
        except Denied as denied:
            REFUSALS.labels(code=denied.code.value).inc()
            self._telling.answer(ask.viewer, Refused(request_id, denied.code))
            return
        if not isinstance(request, _ANSWERED_OTHERWISE):
            self._answers.note(ask.viewer, Done(request_id))
        if isinstance(request, Act):
            self._keeper.is_touched |= self._dealer.play is None
            self._telling.call(partial(_observe_action, ask.received_at))

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
                self._entrance.catch_up(viewer, last_seq, self._standing.state)
            case Chat() | ShowEmote() | Mute() | Prove():
                self._table.rail.serve(viewer, request, self._dealer.play)
            case _:
                if self._table.is_draining and isinstance(request, SitDown | TopUp | JoinWaitingList):
                    raise Denied(Refusal.TABLE_UNAVAILABLE)
                self._table.holding.check(request, self._seats.of_user(viewer.user_id))
                self._floor.carry_out(viewer, request, trio.current_time())

    def _clock_ran_out(self) -> None:
        if trio.current_time() < self._clock.deadline or self._telling.is_held:
            return  # an offer of a seat has run out, which the floor sees to; or the turn is not told yet
        if self._dealer.play is not None:
            self._settle(self._dealer.clock_ran_out())
            return
        self._clock.stop()
        if self._table.holding.is_on:
            return
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
        self._dealer.tell_changed()
        limit = self._seats.game.missed_blinds_limit
        for seat in seats_to_give_up(self._seats.seating, limit):
            self._desk.start_leaving(self._seats.holders[seat], LeaveReason.MISSED_BLINDS)

    def _submit(self, body: CommandBody) -> CommandId:
        inbox = self._inbox
        return self._services.ledger.submit(body, lambda reply: inbox.deliver(LedgerAnswered(body, reply)))

    def _end_step(self) -> None:
        """After each command: see to the seats, and tell what happened."""
        now = trio.current_time()
        if self._keeper.is_touched:  # or else only the hand in play is another one
            self._look_around(now)
        self._history.publish()
        self._places.tell(now)
        self._answers.give(self._telling)
        self._keep(now)

    def _look_around(self, now: float) -> None:
        """Tend the seats, prepare the next hand, and tell all who look from outside."""
        holding, is_draining = self._table.holding, self._table.is_draining
        if holding.is_closing:
            self._floor.send_away()
        self._floor.tend(now, takes_nobody=is_draining or holding.is_on)
        is_idle = self._dealer.play is None and self._clock.is_stopped
        if is_idle and not is_draining and not holding.is_on and self._dealer.can_deal():
            self._clock.begin_pause(now, self._seats.game.limits.between_hands_seconds)
        self._standing.tell()
        holding.tell()
        seats = self._seats
        self._telling.call(partial(self._table.entry.tell, seats.summary(now), seats.tempo.rhythm))

    def _keep(self, now: float) -> None:
        """Bring to the journal what this step has changed; what it tells is told when that is there."""
        keeper, table = self._keeper, self._table
        changes = keeper.take_changes(
            self._history.table_seq,
            remember(self._seats, table.invitations, table.entry.run, now) if keeper.is_touched else None,
            table.rail.chat.remember(now) if keeper.is_talked else None,
        )
        if changes is None:
            self._telling.end_step(None)
            return
        began = self._clock.take_untold()
        if began is not None:
            self._telling.call(lambda: self._clock.told(began, trio.current_time()))
        self._telling.end_step(partial(self._services.journal.keep, self._seats.game.table_id, changes))


def _hire_dealer(table: Table, services: TableServices, clock: TurnClock, places: Places) -> Dealer:
    return Dealer(
        seats=table.seats,
        history=table.history,
        clock=clock,
        places=places,
        shuffle=services.shuffle,
        seal=services.seal,
        keeper=table.keeper,
        proofs=table.rail.proofs,
    )


def _open_desk(table: Table, dealer: Dealer, submit: Submit) -> SeatDesk:
    return SeatDesk(
        seats=table.seats,
        history=table.history,
        places=dealer.places,
        answers=table.answers,
        keeper=table.keeper,
        submit=submit,
        tell_seat=dealer.tell_seat,
        log=table.log,
    )


def _take_up(table: Table, dealer: Dealer, standing: Standing, submit: Submit) -> None:
    """Go on with what an earlier owner of the table has left in the journal, if anything."""
    hands, table.resubmits = table.resubmits, ()
    for hand in hands:
        submit(hand)
    left, table.left_by_owner = table.left_by_owner, None
    if left is not None:
        left.take_up(dealer)
        standing.state = TableState.PLAYING


def _obey(order: Order, table: Table, dealer: Dealer, standing: Standing) -> None:
    """Do what somebody wants who is no player."""
    match order:
        case Inspect(answer):
            table.telling.call(partial(answer, _detail(table, dealer, standing)))
        case Announce() | Silence():
            table.rail.obey(order)
        case Drain():
            table.is_draining = True
        case Pause(is_paused):
            table.pausing.turn(is_paused=is_paused)
            if not is_paused:
                dealer.begin_clock_anew()
        case Switch() | KeepEmpty() | HearHouse():
            table.holding.obey(order, table.seats)
        case _ as unreachable:
            assert_never(unreachable)


def _is_act(command: Command) -> bool:
    return isinstance(command, Ask) and isinstance(command.request, Act)


def _observe_action(received_at: float) -> None:
    ACTION_SECONDS.observe(trio.current_time() - received_at)


def _detail(table: Table, dealer: Dealer, standing: Standing) -> TableDetail:
    return TableDetail(
        snapshot=take_snapshot(dealer, standing.state, None, trio.current_time()),
        unsettled_hands=len(table.seats.settlements),
        last_settled_hand_no=table.seats.settlements.settled.hand_no,
        viewers=len(table.audience.viewers),
        money=held_money(table.seats),
    )
