"""A ledger in memory behind ``LedgerPort``: wallets and escrow in dictionaries, answers when told to."""

from collections import deque
from uuid import uuid4

from attrs import define, evolve, field

from cardroom.ids import CommandId, Epoch, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CashOut,
    CommandBody,
    CommandRefused,
    EndTable,
    HandSettled,
    HoldBuyIn,
    LedgerTable,
    MakeTable,
    OpenShard,
    OutOfOrder,
    ReopenTable,
    ReplyBody,
    SeatEscrow,
    SettleHand,
    ShardOpened,
    SwitchTable,
    TableEnded,
    TableMade,
    TableMode,
    TableReopened,
    TableSwitched,
)
from cardroom.wire.refusals import Refusal
from node.ledger.port import ReplyHandler

_NO_TABLE = CommandRefused(Refusal.NO_SUCH_TABLE)


@define
class LedgerInMemory:
    """Carries commands out in order. ``is_silent`` keeps the answers back until ``speak``."""

    wallets: dict[UserId, Krw]
    escrow: dict[tuple[TableId, SeatIndex], tuple[UserId, Krw]] = field(factory=dict)
    rake: Krw = field(default=Krw(0))
    settled: list[SettleHand] = field(factory=list)
    is_silent: bool = False
    refuses: Refusal | None = None
    """What every command is refused with, when somebody has made a mistake."""
    outcomes: dict[CommandId, ReplyBody] = field(factory=dict)
    tables: dict[TableId, LedgerTable] = field(factory=dict)
    """The tables that may be opened anew; what lies at their seats is ``escrow``."""
    released: set[TableId] = field(factory=set)
    """Halted tables whose letters are resolved."""
    _held_back: deque[tuple[ReplyHandler, ReplyBody]] = field(factory=deque)

    def submit(
        self, body: CommandBody, on_reply: ReplyHandler, command_id: CommandId | None = None
    ) -> CommandId:
        """Carry a command out, once; answer now, or later when silent."""
        command_id = command_id or CommandId(uuid4())
        if command_id not in self.outcomes:
            self.outcomes[command_id] = self._carry_out(body)
        self._held_back.append((on_reply, self.outcomes[command_id]))
        if not self.is_silent:
            self.speak()
        return command_id

    def speak(self) -> None:
        """Give all answers that were kept back, and no longer keep any."""
        self.is_silent = False
        while self._held_back:
            on_reply, reply = self._held_back.popleft()
            on_reply(reply)

    @property
    def unanswered(self) -> int:
        """Count the answers that are kept back."""
        return len(self._held_back)

    @property
    def total(self) -> int:
        """Sum all money there is: it never changes."""
        return sum(self.wallets.values()) + sum(amount for _, amount in self.escrow.values()) + self.rake

    def _carry_out(self, body: CommandBody) -> ReplyBody:
        if self.refuses is not None:
            return CommandRefused(self.refuses)
        match body:
            case OpenShard(_, from_epoch):
                return ShardOpened(Epoch(from_epoch + 1), ())
            case HoldBuyIn():
                return self._hold(body)
            case SettleHand():
                return self._settle(body)
            case CashOut():
                return self._cash_out(body)
            case ReopenTable():
                return self._reopen(body)
            case MakeTable():
                return self._make(body)
            case SwitchTable(table_id):
                return self._switch(body) if table_id in self.tables else _NO_TABLE
            case EndTable(table_id):
                return self._end(table_id)

    def _make(self, body: MakeTable) -> ReplyBody:
        if body.name in {table.name for table in self.tables.values()}:
            return CommandRefused(Refusal.NAME_TAKEN)
        number, code = TableId(max(self.tables, default=0) + 1), "ABCDEFGH23" if body.is_private else ""
        self.tables[number] = LedgerTable(
            number, body.name, body.stake, body.seat_count, False, None, 0, (), code, (),
            is_extra=body.is_extra,
        )  # fmt: skip
        return TableMade(number, code)

    def _switch(self, body: SwitchTable) -> ReplyBody:
        told = self.tables[body.table_id]
        if told.is_closing and body.mode is not TableMode.CLOSING:
            return CommandRefused(Refusal.TABLE_CLOSING)
        self.tables[body.table_id] = evolve(
            told,
            is_paused=body.mode is TableMode.PAUSED,
            is_closing=body.mode is TableMode.CLOSING,
            switch_no=told.switch_no + 1,
        )
        return TableSwitched(body.table_id, body.mode, told.switch_no + 1)

    def _end(self, table_id: TableId) -> ReplyBody:
        if any(of_table == table_id and amount > 0 for (of_table, _), (_, amount) in self.escrow.items()):
            return CommandRefused(Refusal.TABLE_NOT_EMPTY)
        del self.tables[table_id]
        return TableEnded(table_id)

    def _hold(self, body: HoldBuyIn) -> ReplyBody:
        if self.wallets.get(body.user_id, 0) < body.amount:
            return CommandRefused(Refusal.INSUFFICIENT_FUNDS)
        user_id, lying = self.escrow.get((body.table_id, body.seat), (body.user_id, Krw(0)))
        if user_id != body.user_id and lying > 0:
            return CommandRefused(Refusal.SEAT_TAKEN)
        self.wallets[body.user_id] = Krw(self.wallets[body.user_id] - body.amount)
        escrow = Krw(lying + body.amount)
        self.escrow[body.table_id, body.seat] = (body.user_id, escrow)
        return BuyInHeld(body.table_id, body.seat, body.amount, escrow)

    def _settle(self, body: SettleHand) -> ReplyBody:
        last = self.settled[-1] if self.settled else None
        if body.previous_hand_id != (last.hand_id if last else None):
            return OutOfOrder(last.hand_id if last else None, last.hand_no if last else 0)
        if sum(result.net for result in body.results) + body.rake != 0:
            return CommandRefused(Refusal.HAND_UNBALANCED)
        for result in body.results:
            user_id, amount = self.escrow[body.table_id, result.seat]
            assert user_id == result.user_id
            self.escrow[body.table_id, result.seat] = (user_id, Krw(amount + result.net))
        self.rake = Krw(self.rake + body.rake)
        self.settled.append(body)
        return HandSettled(body.table_id, body.hand_id, body.hand_no)

    def _cash_out(self, body: CashOut) -> ReplyBody:
        user_id, amount = self.escrow.get((body.table_id, body.seat), (None, None))
        if user_id != body.user_id or amount != body.stack:
            return CommandRefused(Refusal.STACK_MISMATCH)
        del self.escrow[body.table_id, body.seat]
        self.wallets[body.user_id] = Krw(self.wallets.get(body.user_id, 0) + body.stack)
        return CashedOut(body.table_id, body.seat, body.stack)

    def _reopen(self, body: ReopenTable) -> ReplyBody:
        table = self.tables.get(body.table_id)
        if table is None:
            return CommandRefused(Refusal.NO_SUCH_TABLE)
        last = self.settled[-1] if self.settled else None
        lying = tuple(
            SeatEscrow(user_id, f"player-{user_id}", seat, amount)
            for (table_id, seat), (user_id, amount) in self.escrow.items()
            if table_id == body.table_id and amount > 0
        )
        if last is not None:
            table = evolve(table, last_hand_id=last.hand_id, last_hand_no=last.hand_no)
        is_halted = table.is_halted and body.table_id not in self.released
        return TableReopened(evolve(table, is_halted=is_halted, escrow=lying))
