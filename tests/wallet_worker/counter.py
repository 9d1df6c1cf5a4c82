"""A shard of a real ledger, driven by hand: commands in, replies out, balances read back."""

import secrets
import time
from itertools import count
from uuid import uuid4

from attrs import define, evolve, field

from cardroom.ids import (
    BootNonce,
    CommandId,
    Epoch,
    HandId,
    NodeId,
    SeatIndex,
    ShardId,
    TableId,
    UserId,
    new_command_id,
)
from cardroom.money import Krw
from cardroom.service.postgres import Postgres
from cardroom.service.settings import Secret
from cardroom.wire import keys
from cardroom.wire.ledger import (
    CashOut,
    CommandBody,
    HoldBuyIn,
    LedgerCommand,
    OpenShard,
    ReplyBody,
    SeatResult,
    SettleHand,
    command_codec,
    reply_codec,
)
from wallet_worker.audit.chain import chain_linker
from wallet_worker.audit.verify import Report, verify
from wallet_worker.ledger.batch import BatchTools, apply_batch
from wallet_worker.ledger.entries import Entry, EntryReader
from wallet_worker.store.create_table import NewTable, create_table
from wallet_worker.store.promote import Promotion, promote
from wallet_worker.store.terms import add_shards, take_term

SHARD = ShardId(0)
LINK = chain_linker(Secret("the chain key of these tests"))
PURSE = Krw(1_000_000)
BOOT = BootNonce("a" * 32)
PLAYERS = (UserId(1), UserId(2), UserId(3), UserId(4))


def new_id() -> CommandId:
    return new_command_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def buy_in(user: int, seat: int, amount: int = 200_000, table: int = 1) -> HoldBuyIn:
    return HoldBuyIn(UserId(user), TableId(table), SeatIndex(seat), Krw(amount))


def cash_out(user: int, seat: int, stack: int, table: int = 1) -> CashOut:
    return CashOut(UserId(user), TableId(table), SeatIndex(seat), Krw(stack))


@define
class Counter:
    """The counter of the cashier: one shard, its term, its epoch."""

    ledger: Postgres
    owner: Postgres
    term: int = 0
    epoch: Epoch = field(default=Epoch(0))
    shard: ShardId = SHARD
    _stream_ids: "count[int]" = field(factory=count)
    _last_hand: HandId | None = None
    _hand_no: int = 0

    @classmethod
    async def open(cls, ledger: Postgres, owner: Postgres) -> "Counter":
        counter = cls(ledger, owner)
        async with owner.transaction() as transaction:
            for user in PLAYERS:
                await transaction.execute(
                    "INSERT INTO player (nickname, email, password_hash) VALUES ($1, $2, '')",
                    f"player-{user}",
                    f"{user}@players.invalid",
                )
        await add_shards(ledger, [SHARD, ShardId(1)])
        for name in ("Han", "Geum"):
            await create_table(ledger, NewTable(SHARD, name, "low", 6))
        for user in PLAYERS:
            await promote(ledger, Promotion(user, PURSE, "test", f"first-{user}"), LINK)
        counter.term = await take_term(ledger, SHARD, "test", 10.0) or 0
        assert counter.term
        await counter.give(OpenShard(NodeId("node-1"), Epoch(0)))
        counter.epoch = Epoch(1)
        return counter

    def command(self, body: CommandBody, command_id: CommandId | None = None) -> LedgerCommand:
        return LedgerCommand(command_id or new_id(), self.shard, self.epoch, BOOT, body)

    def entry(self, command: LedgerCommand) -> Entry:
        """Put a command into the form in which it is read from the stream."""
        reader = EntryReader(self.shard, command_codec())
        payload = command_codec().encode(command)
        return reader.read(b"%d-0" % next(self._stream_ids), {keys.COMMAND_FIELD: payload})

    async def commit(self, *commands: LedgerCommand) -> list[ReplyBody]:
        """Commit commands as one batch and give the replies, in order."""
        entries = [self.entry(command) for command in commands]
        answers = await apply_batch(
            BatchTools(self.ledger, reply_codec(), LINK), self.shard, self.term, entries
        )
        replies = [reply_codec().decode(answer.reply) for answer in answers]
        assert [reply.id for reply in replies] == [command.id for command in commands]
        return [reply.body for reply in replies]

    async def give(self, body: CommandBody) -> ReplyBody:
        """Commit one new command."""
        return (await self.commit(self.command(body)))[0]

    def hand(self, nets: dict[tuple[int, int], int], rake: int = 0, table: int = 1) -> SettleHand:
        """Make the table's next hand: nets by player and seat; the first pays the rake's contribution."""
        previous, self._last_hand = self._last_hand, HandId(uuid4())
        self._hand_no += 1
        results = tuple(
            SeatResult(UserId(user), SeatIndex(seat), Krw(net), Krw(rake if place == 0 else 0))
            for place, ((user, seat), net) in enumerate(nets.items())
        )
        return SettleHand(
            TableId(table), self._last_hand, self._hand_no, previous, 1_700_000_000_000, results,
            Krw(rake), b"record",
        )  # fmt: skip

    async def balances(self) -> dict[str, int]:
        """Give all balances that are not zero: ``wallet 1``, ``escrow 1``, ``rake`` ..."""
        async with self.ledger.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT kind::text AS kind, user_id, balance FROM account WHERE balance <> 0 ORDER BY id"
            )
        return {f"{row['kind']} {row['user_id'] or ''}".strip(): row["balance"] for row in rows}

    async def verify(self) -> Report:
        return await verify(self.ledger, LINK)

    def under(self, epoch: int) -> "Counter":
        """Give the same counter as an owner of another epoch."""
        return evolve(self, epoch=Epoch(epoch))
