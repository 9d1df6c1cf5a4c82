"""The desk of one table: players come with money from the wallet, and go with it.

Every won moves by a command to the ledger; the table never waits for it, the outcome comes as a command.
"""

from collections.abc import Callable, Collection
from typing import assert_never

import trio
from attrs import define, evolve

from cardroom.ids import CommandId, SeatIndex
from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CashOut,
    CommandBody,
    CommandRefused,
    EndTable,
    HandSettled,
    HoldBuyIn,
    MakeTable,
    OpenShard,
    ReopenTable,
    ReplyBody,
    SettleHand,
    SwitchTable,
)
from cardroom.wire.player import SitDown, TopUp
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import Done, LeaveReason, Refused, SeatLeft, SeatTaken
from node.tables.answers import Answers
from node.tables.audience import Viewer
from node.tables.buy_in import check_top_up, reserve
from node.tables.denied import Denied
from node.tables.history import History
from node.tables.keeping import Keeper
from node.tables.metrics import REFUSALS
from node.tables.places import Places
from node.tables.seats import AnsweredTopUp, SeatHolder, Seats, TopUpUnderWay

Submit = Callable[[CommandBody], CommandId]
"""Gives a command to the ledger; its outcome comes back to ``SeatDesk.answered``."""


@define
class SeatDesk:
    """Moves players and their money between wallet and seats."""

    seats: Seats
    history: History
    places: Places
    answers: Answers
    keeper: Keeper
    submit: Submit
    tell_seat: Callable[[SeatHolder], None]
    log: Log

    def take_seat(self, viewer: Viewer, request: SitDown, now: float) -> None:
        """Reserve a seat and ask the ledger for the buy-in; answered when it has decided."""
        holder = reserve(self.seats, viewer, request, now)
        # Before anything that could fail: a seat whose money nobody has asked for stays reserved for ever.
        hold = HoldBuyIn(holder.user_id, request.table_id, holder.seat, request.buy_in)
        holder.command_id = self.submit(hold)
        self.history.tell(
            SeatTaken(
                *self.history.next_header(),
                seat=holder.seat,
                user_id=holder.user_id,
                nickname=holder.nickname,
                status=self.seats.status(holder),
                stack=Krw(0),
            )
        )

    def top_up(self, viewer: Viewer, request: TopUp) -> None:
        """Ask the ledger for more chips; answered when it has decided. Refused as ``TopUp`` says.

        A request that was asked before moves nothing and gets its first answer, now or when there is one.
        """
        holder = self.seats.held_by(viewer.user_id)
        number, under_way = request.request_id, holder.top_up
        answered = holder.answered_top_ups.get(number)
        if under_way is not None and under_way.request is not None and under_way.request.request_id == number:
            _check_same(under_way.request, request)
            holder.top_up = evolve(under_way, askers=self._with_asker(under_way.askers, viewer))
        elif answered is not None:
            _check_same(answered.request, request)
            self._answer(viewer, answered)
        else:
            check_top_up(self.seats, holder, request.amount)
            self._ask_for_chips(holder, TopUpUnderWay(request.amount, request, (viewer,)))

    def fill_up(self, holder: SeatHolder) -> None:
        """Between hands: ask for the chips that a player's stack lacks, if that is wanted and possible."""
        lacking = Krw(holder.auto_top_up_to - self.seats.stack(holder))
        is_busy = holder.top_up is not None or holder.buy_in is not None or holder.is_leaving
        is_busy = is_busy or holder.ends_for is not None
        if lacking <= 0 or is_busy or self.seats.is_halted or self.seats.is_sitting_out(holder):
            return
        self._ask_for_chips(holder, TopUpUnderWay(lacking))

    def _with_asker(self, askers: tuple[Viewer, ...], viewer: Viewer) -> tuple[Viewer, ...]:
        """Add a connection to those that wait; who is gone waits no more, so that they never pile up."""
        here = {id(one) for one in self.history.audience.of_user(viewer.user_id)} - {id(viewer)}
        return (*(one for one in askers if id(one) in here), viewer)

    def _ask_for_chips(self, holder: SeatHolder, top_up: TopUpUnderWay) -> None:
        holder.top_up = top_up
        hold = HoldBuyIn(holder.user_id, self.seats.game.table_id, holder.seat, top_up.amount)
        holder.command_id = self.submit(hold)

    def start_leaving(self, holder: SeatHolder, reason: LeaveReason = LeaveReason.LEFT) -> None:
        """The player wants to go: no more hands, and the money back as soon as nothing is open."""
        if not holder.is_leaving:
            holder.is_leaving, holder.leave_reason = True, reason
            holder.leaves_after_hand = False
            self.seats.sit_out(holder)
            self.tell_seat(holder)

    def pay_out_leavers(self, in_hand: Collection[SeatIndex]) -> None:
        """Send the stacks of those who leave to their wallets, where no hand and no answer is open."""
        for holder in tuple(self.seats.holders.values()):
            if holder.is_leaving and not holder.is_paying_out and holder.seat not in in_hand:
                self._pay_out(holder)

    def answered(self, command: CommandBody, reply: ReplyBody) -> None:
        """Take an outcome of the ledger. A refusal that only our mistake explains halts the table."""
        match command:
            case HoldBuyIn():
                self._hold_answered(self.seats.holders[command.seat], reply)
            case SettleHand():
                self._settlement_answered(reply)
            case CashOut():
                self._cash_out_answered(self.seats.holders[command.seat], reply)
            case OpenShard() | ReopenTable() | MakeTable() | SwitchTable() | EndTable():
                raise AssertionError("a table opens neither its shard nor itself, and closes nothing")
            case _ as unreachable:
                assert_never(unreachable)

    def halt(self, reason: str) -> None:
        """Deal no more here: the table's books and the ledger's differ, a person must look."""
        self.seats.is_halted = True
        self.log.error("table.halted", reason=reason)

    def _hold_answered(self, holder: SeatHolder, reply: ReplyBody) -> None:
        holder.command_id = None
        if holder.buy_in is not None:
            self._buy_in_answered(holder, reply)
        else:
            self._top_up_answered(holder, reply)

    def _buy_in_answered(self, holder: SeatHolder, reply: ReplyBody) -> None:
        request, asker = holder.buy_in, holder.asker
        assert request is not None, "only a reserved seat waits for its money"
        assert asker is not None, "somebody asked for the seat"
        holder.asker = None
        match reply:
            case BuyInHeld(_, _, _, escrow):
                self.seats.seat(holder, escrow)
                self.answers.note(asker, Done(request.request_id))
                self.tell_seat(holder)
                self.places.changed(holder.user_id)
            case CommandRefused(code):
                REFUSALS.labels(code=code.value).inc()
                holder.leave_reason = LeaveReason.BUY_IN_REFUSED
                self.answers.note(asker, Refused(request.request_id, code))
                self._free(holder, Krw(0))
            case _:
                raise AssertionError(f"{reply} is no answer to a buy-in")

    def _top_up_answered(self, holder: SeatHolder, reply: ReplyBody) -> None:
        """The chips lie in escrow and play from the next hand; or the wallet keeps them."""
        under_way = holder.top_up
        refusal: Refusal | None = None
        assert under_way is not None, "somebody asked for chips"
        holder.top_up = None
        match reply:
            case BuyInHeld(amount=amount):
                holder.escrow = Krw(holder.escrow + amount)
                holder.arriving = Krw(holder.arriving + amount)
                holder.brought = Krw(holder.brought + amount)
            case CommandRefused(code):
                REFUSALS.labels(code=code.value).inc()
                refusal = code
            case _:
                raise AssertionError(f"{reply} is no answer to a top-up")
        if under_way.request is not None:
            answered = AnsweredTopUp(under_way.request, refusal)
            remember_answer(holder, answered, self.seats.game.limits.known_top_ups)
            for asker in under_way.askers:
                self._answer(asker, answered)
        elif refusal is not None:
            holder.auto_top_up_to = Krw(0)
        self.places.changed(holder.user_id, None if under_way.request else refusal)

    def _settlement_answered(self, reply: ReplyBody) -> None:
        match reply:
            case HandSettled(_, _, hand_no):
                self.seats.settle_up_to(hand_no)
                self.keeper.settled(hand_no)
            case CommandRefused(code):
                self.halt(f"settlement refused: {code.value}")
            case _:
                raise AssertionError(f"{reply} is no answer to a settlement")

    def _cash_out_answered(self, holder: SeatHolder, reply: ReplyBody) -> None:
        match reply:
            case CashedOut(_, _, amount):
                self._free(holder, amount)
            case CommandRefused(code):
                self.halt(f"cash-out refused: {code.value}")
            case _:
                raise AssertionError(f"{reply} is no answer to a cash-out")

    def _pay_out(self, holder: SeatHolder) -> None:
        is_open = holder.buy_in is not None or holder.top_up is not None
        if is_open or self.seats.settlements.concerns(holder.user_id):
            return
        stack = self.seats.stack(holder)
        if stack == 0:
            self._free(holder, stack)
            return
        holder.is_paying_out = True
        cash_out = CashOut(holder.user_id, self.seats.game.table_id, holder.seat, stack)
        holder.command_id = self.submit(cash_out)

    def _free(self, holder: SeatHolder, paid: Krw) -> None:
        self.seats.free(holder)
        if holder.leave_reason is not LeaveReason.BUY_IN_REFUSED:
            self.seats.departures.note(holder.user_id, paid, trio.current_time(), trio.current_time())
        self.places.changed(holder.user_id)
        self.history.tell(
            SeatLeft(
                *self.history.next_header(),
                seat=holder.seat,
                user_id=holder.user_id,
                paid=paid,
                reason=holder.leave_reason,
            )
        )

    def _answer(self, asker: Viewer, top_up: AnsweredTopUp) -> None:
        number = top_up.request.request_id
        refusal = top_up.refusal
        self.answers.note(asker, Done(number) if refusal is None else Refused(number, refusal))


def remember_answer(holder: SeatHolder, answered: AnsweredTopUp, limit: int) -> None:
    """Keep what a top-up was answered with, so that its repeat moves nothing; the newest ones are known."""
    known = holder.answered_top_ups
    known[answered.request.request_id] = answered
    if len(known) > limit:
        del known[next(iter(known))]


def _check_same(first: TopUp, again: TopUp) -> None:
    if first != again:
        raise Denied(Refusal.ACTION_ID_REUSED)
