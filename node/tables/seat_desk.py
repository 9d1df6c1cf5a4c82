"""The desk of one table: players come with money from the wallet, and go with it.

Every won moves by a command to the ledger; the table never waits for it, the outcome comes as a command.
"""

from collections.abc import Callable
from typing import assert_never

from attrs import define

from cardroom.ids import SeatIndex
from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CashOut,
    CommandBody,
    CommandRefused,
    HandSettled,
    HoldBuyIn,
    OpenShard,
    ReplyBody,
    SettleHand,
)
from cardroom.wire.player import SitDown
from cardroom.wire.table import Done, Refused, SeatLeft, SeatTaken
from node.tables.audience import Viewer
from node.tables.history import History
from node.tables.metrics import REFUSALS
from node.tables.seats import SeatHolder, Seats

Submit = Callable[[CommandBody], None]
"""Gives a command to the ledger; its outcome comes back to ``SeatDesk.answered``."""


@define
class SeatDesk:
    """Moves players and their money between wallet and seats."""

    seats: Seats
    history: History
    submit: Submit
    tell_seat: Callable[[SeatHolder], None]
    log: Log

    def take_seat(self, viewer: Viewer, request: SitDown) -> None:
        """Reserve a seat and ask the ledger for the buy-in; answered when it has decided."""
        holder = self.seats.reserve(viewer, request)
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
        self.submit(HoldBuyIn(holder.user_id, request.table_id, holder.seat, request.buy_in))

    def start_leaving(self, holder: SeatHolder) -> None:
        """The player wants to go: no more hands, and the money back as soon as nothing is open."""
        if not holder.is_leaving:
            holder.is_leaving = True
            self.seats.sit_out(holder)
            self.tell_seat(holder)

    def pay_out_leavers(self, in_hand: frozenset[SeatIndex]) -> None:
        """Send the stacks of those who leave to their wallets, where no hand and no answer is open."""
        for holder in tuple(self.seats.holders.values()):
            if holder.is_leaving and not holder.is_paying_out and holder.seat not in in_hand:
                self._pay_out(holder)

    def answered(self, command: CommandBody, reply: ReplyBody) -> None:
        """Take an outcome of the ledger. A refusal that only our mistake explains halts the table."""
        match command:
            case HoldBuyIn():
                self._buy_in_answered(self.seats.holders[command.seat], reply)
            case SettleHand():
                self._settlement_answered(reply)
            case CashOut():
                self._cash_out_answered(self.seats.holders[command.seat], reply)
            case OpenShard():
                raise AssertionError("a table does not open its shard")
            case _ as unreachable:
                assert_never(unreachable)

    def halt(self, reason: str) -> None:
        """Deal no more here: the table's books and the ledger's differ, a person must look."""
        self.seats.is_halted = True
        self.log.error("table.halted", reason=reason)

    def _buy_in_answered(self, holder: SeatHolder, reply: ReplyBody) -> None:
        request, asker = holder.buy_in, holder.asker
        assert request is not None, "only a reserved seat waits for its money"
        assert asker is not None, "somebody asked for the seat"
        holder.asker = None
        match reply:
            case BuyInHeld(_, _, _, escrow):
                self.seats.seat(holder, escrow)
                self.tell_seat(holder)
                asker.answer(Done(request.request_id))
            case CommandRefused(code):
                REFUSALS.labels(code=code.value).inc()
                self._free(holder, Krw(0))
                asker.answer(Refused(request.request_id, code))
            case _:
                raise AssertionError(f"{reply} is no answer to a buy-in")

    def _settlement_answered(self, reply: ReplyBody) -> None:
        match reply:
            case HandSettled(_, _, hand_no):
                self.seats.settle_up_to(hand_no)
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
        if holder.buy_in is not None or self.seats.settlements.concerns(holder.user_id):
            return
        stack = self.seats.stack(holder)
        if stack == 0:
            self._free(holder, stack)
            return
        holder.is_paying_out = True
        self.submit(CashOut(holder.user_id, self.seats.game.table_id, holder.seat, stack))

    def _free(self, holder: SeatHolder, paid: Krw) -> None:
        self.seats.free(holder)
        self.history.tell(
            SeatLeft(*self.history.next_header(), seat=holder.seat, user_id=holder.user_id, paid=paid)
        )
