"""A small card room to test the ledger with: players with money, tables, and commands about them."""

import secrets
import time
from collections.abc import Sequence
from typing import Any
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
from cardroom.service.logs import open_log
from cardroom.service.postgres import Postgres, Row
from cardroom.service.settings import LogSettings, Secret
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

LOG = open_log(LogSettings(level="error"), "tests")
CHAIN_KEY = Secret("a chain key of tests")
LINK = chain_linker(CHAIN_KEY)
NODE = NodeId("node-1")
BOOT = BootNonce("a" * 32)
PURSE = 100_000
COMMANDS = command_codec()
REPLIES = reply_codec()


def new_id(age_ms: int = 0) -> CommandId:
    return new_command_id(int(time.time() * 1000) - age_ms, secrets.token_bytes(10))


def open_by(from_epoch: int, node: NodeId = NODE) -> OpenShard:
    return OpenShard(node, Epoch(from_epoch))


def hold(user: UserId, table: TableId, seat: int, amount: int) -> HoldBuyIn:
    return HoldBuyIn(user, table, SeatIndex(seat), Krw(amount))


def leave(user: UserId, table: TableId, seat: int, stack: int) -> CashOut:
    return CashOut(user, table, SeatIndex(seat), Krw(stack))


Net = tuple[UserId, int, int]
"""A player, the seat, and what the hand did to the player."""


def hand_of(
    table: TableId, nets: Sequence[Net], before: SettleHand | None = None, *, record: bytes = b"record"
) -> SettleHand:
    """Give a hand that follows ``before``; what the nets lack is the rake, which the first one paid."""
    rake = -sum(net for _, _, net in nets)
    results = tuple(
        SeatResult(user, SeatIndex(seat), Krw(net), Krw(rake if place == 0 else 0))
        for place, (user, seat, net) in enumerate(nets)
    )
    return SettleHand(
        table, HandId(uuid4()), before.hand_no + 1 if before else 1, before.hand_id if before else None,
        1_700_000_000_000, results, Krw(rake), record,
    )  # fmt: skip


@define
class House:
    """One shard under a worker's term, and who plays there."""

    database: Postgres
    owner: Postgres
    shard: ShardId
    tables: list[TableId]
    players: list[UserId]
    epoch: Epoch = field(default=Epoch(0))
    term: int = 0
    _stream_ids: int = field(default=0)

    @property
    def tools(self) -> BatchTools:
        return BatchTools(self.database, REPLIES, LINK)

    def command(self, body: CommandBody, *, id_: CommandId | None = None) -> LedgerCommand:
        return LedgerCommand(id_ or new_id(), self.shard, self.epoch, BOOT, body)

    def entry(self, command: LedgerCommand | bytes) -> Entry:
        """Read a command, or raw bytes, as the stream would give it."""
        self._stream_ids += 1
        data = command if isinstance(command, bytes) else COMMANDS.encode(command)
        stream_id = f"{int(time.time() * 1000)}-{self._stream_ids}".encode()
        return EntryReader(self.shard, COMMANDS).read(stream_id, {keys.COMMAND_FIELD: data})

    async def send_raw(self, *commands: LedgerCommand | bytes) -> list[bytes]:
        """Commit commands in one batch; gives the replies' bytes."""
        entries = [self.entry(command) for command in commands]
        return [one.reply for one in await apply_batch(self.tools, self.shard, self.term, entries)]

    async def send(self, *commands: LedgerCommand) -> list[ReplyBody]:
        replies = [REPLIES.decode(data) for data in await self.send_raw(*commands)]
        assert [reply.id for reply in replies] == [command.id for command in commands]
        return [reply.body for reply in replies]

    async def ask(self, *bodies: CommandBody) -> list[ReplyBody]:
        return await self.send(*map(self.command, bodies))

    async def seat(self, table: int, *amounts: int) -> None:
        """Let the first players sit down, each at the seat of their own number."""
        places = zip(self.players, range(len(amounts)), amounts, strict=False)
        await self.ask(*[hold(user, self.tables[table], seat, amount) for user, seat, amount in places])

    async def rows(self, sql: str, *values: object) -> Sequence[Row]:
        async with self.owner.transaction() as transaction:
            return await transaction.fetch(sql, *values)

    async def number(self, sql: str, *values: object) -> int:
        return int((await self.rows(sql, *values))[0][0])

    async def change(self, *statements: str) -> None:
        """Change rows as a superuser who has switched triggers and foreign keys off."""
        async with self.owner.transaction() as transaction:
            await transaction.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await transaction.execute(statement)

    async def wallet(self, player: int) -> int:
        sql = "SELECT balance FROM account WHERE kind = 'wallet' AND user_id = $1"
        return await self.number(sql, self.players[player])

    async def escrow(self, table: int) -> dict[int, int]:
        """Give what lies at the seats of a table."""
        sql = "SELECT seat, balance FROM account WHERE kind = 'escrow' AND table_id = $1 AND balance > 0"
        return {row["seat"]: row["balance"] for row in await self.rows(sql, self.tables[table])}

    async def is_halted(self, table: int) -> bool:
        sql = "SELECT count(halted_at) FROM game_table WHERE id = $1"
        return await self.number(sql, self.tables[table]) == 1

    async def stored(self) -> int:
        return await self.number("SELECT count(*) FROM command WHERE kind <> 'open_shard'")

    async def verify(self) -> Report:
        return await verify(self.database, LINK)

    async def assert_sound(self) -> None:
        report = await self.verify()
        assert report.is_sound, "\n".join(report.as_lines())


async def add_players(database: Postgres, owner: Postgres, how_many: int) -> list[UserId]:
    players = []
    for _ in range(how_many):
        name = secrets.token_hex(6)
        async with owner.transaction() as transaction:
            row = await transaction.fetch_one(
                "INSERT INTO player (nickname, email, password_hash)"
                " VALUES ($1, $1 || '@x', '') RETURNING id",
                name,
            )
        assert row is not None
        players.append(UserId(row["id"]))
        await promote(database, Promotion(players[-1], Krw(PURSE), "start", name), LINK)
    return players


async def open_house(
    database: Postgres, owner: Postgres, shard: ShardId, players: Sequence[UserId] = ()
) -> House:
    await add_shards(database, [shard])
    new = [NewTable(shard, name, "50/100", 6) for name in ("One", "Two")]
    tables = [(await create_table(database, table)).table_id for table in new]
    guests = list(players) or await add_players(database, owner, 4)
    house = House(database, owner, shard, tables, guests)
    term = await take_term(database, shard, "test", 60.0)
    assert term is not None
    house.term = term
    await house.ask(open_by(0))
    house.epoch = Epoch(1)
    return house


def again(command: LedgerCommand, **changes: Any) -> LedgerCommand:
    return evolve(command, **changes)
