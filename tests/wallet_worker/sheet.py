"""The ledger as somebody keeps it on a sheet of paper: what each command must have done, in order."""

from attrs import define, field

from cardroom.ids import CommandId, HandId, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CashOut,
    CommandRefused,
    HandSettled,
    HoldBuyIn,
    LedgerCommand,
    OpenShard,
    ReplyBody,
    SettleHand,
    ShardOpened,
)
from cardroom.wire.refusals import Refusal
from wallet_worker.ledger.entries import Barrier


@define
class PaperTable:
    """Who sits where with how much, and the last settled hand."""

    shard: ShardId
    stacks: dict[UserId, tuple[int, int]] = field(factory=dict)
    last: SettleHand | None = None
    is_halted: bool = False


@define
class Sheet:
    """Wallets, tables and epochs. ``book`` carries out a command that the ledger has an outcome of."""

    wallets: dict[UserId, int]
    tables: dict[TableId, PaperTable]
    epochs: dict[ShardId, int]
    rake: int = 0
    hands: dict[HandId, SettleHand] = field(factory=dict)
    booked: dict[CommandId, ReplyBody] = field(factory=dict)

    def book(self, command: LedgerCommand, reply: ReplyBody) -> None:
        """Carry out, and compare with what the ledger says; each id once, and of the present epoch only."""
        assert command.id not in self.booked, "an id has one outcome"
        self.booked[command.id] = reply
        body = command.body
        if isinstance(body, OpenShard):
            self._open(command.shard, body, reply)
            return
        assert command.epoch == self.epochs[command.shard], "an older epoch has no outcome that is stored"
        assert not isinstance(body, Barrier), "nobody resolves dead letters here, or makes tables"
        assert reply == self._outcome(body)

    def _open(self, shard: ShardId, body: OpenShard, reply: ReplyBody) -> None:
        assert isinstance(reply, ShardOpened), reply
        assert body.from_epoch == self.epochs[shard]
        self.epochs[shard] += 1
        assert reply.epoch == self.epochs[shard]
        for told in reply.tables:
            table = self.tables[told.table_id]
            lying = {one.user_id: (one.seat, one.amount) for one in told.escrow}
            assert lying == {user: place for user, place in table.stacks.items() if place[1]}
            assert told.last_hand_no == (table.last.hand_no if table.last else 0)
            assert told.is_halted == table.is_halted

    def _outcome(self, body: HoldBuyIn | SettleHand | CashOut) -> ReplyBody:
        table = self.tables[body.table_id]
        match body:
            case HoldBuyIn():
                return self._hold(table, body)
            case CashOut():
                return self._cash_out(table, body)
            case SettleHand():
                return self._settle(table, body)

    def _hold(self, table: PaperTable, body: HoldBuyIn) -> ReplyBody:
        seat, stack = table.stacks.get(body.user_id, (body.seat, 0))
        taken = {place for user, (place, held) in table.stacks.items() if held and user != body.user_id}
        if table.is_halted:
            return CommandRefused(Refusal.TABLE_HALTED)
        if body.seat in taken or (stack and seat != body.seat):
            return CommandRefused(Refusal.SEAT_TAKEN)
        if self.wallets[body.user_id] < body.amount:
            return CommandRefused(Refusal.INSUFFICIENT_FUNDS)
        self.wallets[body.user_id] -= body.amount
        table.stacks[body.user_id] = (body.seat, stack + body.amount)
        return BuyInHeld(body.table_id, body.seat, body.amount, Krw(stack + body.amount))

    def _cash_out(self, table: PaperTable, body: CashOut) -> ReplyBody:
        if table.is_halted:
            return CommandRefused(Refusal.TABLE_HALTED)
        if table.stacks.get(body.user_id) != (body.seat, body.stack):
            return CommandRefused(Refusal.STACK_MISMATCH)
        table.stacks[body.user_id] = (body.seat, 0)
        self.wallets[body.user_id] += body.stack
        return CashedOut(body.table_id, body.seat, body.stack)

    def _settle(self, table: PaperTable, body: SettleHand) -> ReplyBody:
        if body.hand_id in self.hands:
            assert self.hands[body.hand_id] == body, "the tests send no other hand under an id"
            return HandSettled(body.table_id, body.hand_id, body.hand_no)
        if sum(one.net for one in body.results) + body.rake != 0:
            return CommandRefused(Refusal.HAND_UNBALANCED)
        assert body.hand_no == (table.last.hand_no if table.last else 0) + 1, (
            "a hand out of order is not stored"
        )
        assert body.previous_hand_id == (table.last.hand_id if table.last else None)
        if table.is_halted:
            return CommandRefused(Refusal.TABLE_HALTED)
        after = dict(table.stacks)
        for one in body.results:
            seat, stack = after.get(one.user_id, (-1, 0))
            if seat != one.seat or stack == 0 or stack + one.net < 0:
                table.is_halted = True  # a dead letter: the game went another way than the books
                return CommandRefused(Refusal.TABLE_HALTED)
            after[one.user_id] = (seat, stack + one.net)
        table.stacks, table.last = after, body
        self.rake += body.rake
        self.hands[body.hand_id] = body
        return HandSettled(body.table_id, body.hand_id, body.hand_no)
