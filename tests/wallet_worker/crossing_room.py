"""Two shards with two tables each and five players who sit at both, two workers, and a sheet of paper."""

from collections.abc import Sequence
from itertools import count
from typing import Final
from uuid import uuid4

import trio
from attrs import define, evolve, field, frozen

from cardroom.ids import CommandId, Epoch, HandId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.ledger import (
    CommandBody,
    CommandRefused,
    LedgerCommand,
    OutOfOrder,
    SeatResult,
    SettleHand,
    StaleEpoch,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.crashing import Loop, open_worker
from tests.wallet_worker.house import (
    BOOT,
    COMMANDS,
    LINK,
    PURSE,
    REPLIES,
    add_players,
    hold,
    leave,
    new_id,
    open_by,
)
from tests.wallet_worker.sheet import PaperTable, Sheet
from wallet_worker.audit.verify import verify
from wallet_worker.ledger.entries import EntryReader
from wallet_worker.store.create_table import NewTable, create_table
from wallet_worker.store.promote import Promotion, promote
from wallet_worker.store.terms import add_shards

WORKERS: Final = ("one", "two")
SHARDS: Final = count(20_000, step=2)


@frozen
class Wish:
    """What a player does next; an ``oddity`` near 0 makes it late, wrong or out of order."""

    what: str
    table: int
    player: int
    seat: int
    amount: int
    oddity: int


def hand_of_two(
    table: TableId, seated: Sequence[tuple[UserId, int]], wish: Wish, before: SettleHand | None
) -> SettleHand:
    """Two of those who sit play; some hands do not sum to zero, some cost more than is there."""
    loser = wish.player % len(seated)
    (one, seat), (other, place) = seated[loser], seated[loser - 1]
    rake = wish.amount % 3
    results = (
        SeatResult(one, SeatIndex(seat), Krw(-wish.amount), Krw(rake)),
        SeatResult(other, SeatIndex(place), Krw(wish.amount - rake + (wish.oddity == 1)), Krw(0)),
    )
    number, previous = (before.hand_no + 1, before.hand_id) if before else (1, None)
    return SettleHand(
        table, HandId(uuid4()), number, previous, 1_700_000_000_000, results, Krw(rake), b"record"
    )


@define
class Queue:
    """What was appended to a shard's stream, in order, and which of it Redis lost again."""

    shard: ShardId
    sent: list[LedgerCommand] = field(factory=list)
    lost: set[CommandId] = field(factory=set)
    altered: set[CommandId] = field(factory=set)


class CrossingRoom:
    """What happens there, and what must hold then."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    async def open(self) -> None:
        loop = self._loop
        first = next(SHARDS)
        self.shards = [ShardId(first), ShardId(first + 1)]
        await add_shards(loop.database, self.shards)
        self.tables = [
            [
                (await create_table(loop.database, NewTable(shard, name, "low", 6))).table_id
                for name in ("One", "Two")
            ]
            for shard in self.shards
        ]
        self.players = await add_players(loop.database, loop.owner, 5)
        self.sheet = Sheet(
            dict.fromkeys(self.players, PURSE),
            {
                table: PaperTable(shard)
                for shard, of in zip(self.shards, self.tables, strict=True)
                for table in of
            },
            dict.fromkeys(self.shards, 0),
        )
        self.queues = [Queue(shard) for shard in self.shards]
        self.workers = {
            (name, place): open_worker(name, shard, loop.database, loop.redis)
            for name in WORKERS
            for place, shard in enumerate(self.shards)
        }
        self.given = 0
        for place in (0, 1):
            await self._append(place, open_by(0))
            await self.serve(place, "one", None)
            for player, user in enumerate(self.players[:3]):
                await self._append(place, hold(user, self.tables[place][0], player, 20_000))
            await self.serve(place, "one", None)

    async def send(self, place: int, wish: Wish) -> None:
        """Send what a player wishes."""
        match wish.what:
            case "buy in":
                table = self.tables[place][wish.table]
                body = hold(self.players[wish.player], table, wish.seat, wish.amount)
                await self._append(place, body, -1 if wish.oddity == 0 else 0)
            case "leave":
                await self._leave(place, wish)
            case "play":
                await self._play(place, wish)

    async def _leave(self, place: int, wish: Wish) -> None:
        user, table_id = self.players[wish.player], self.tables[place][wish.table]
        seat, stack = self.sheet.tables[table_id].stacks.get(user, (wish.seat, 0))
        await self._append(place, leave(user, table_id, seat, stack + (wish.oddity < 2)))

    async def _play(self, place: int, wish: Wish) -> None:
        """Send one hand, or the next two in the wrong order."""
        table_id = self.tables[place][wish.table]
        paper = self.sheet.tables[table_id]
        seated = [(user, seat) for user, (seat, stack) in paper.stacks.items() if stack]
        if len(seated) >= 2:
            hand = hand_of_two(table_id, seated, wish, paper.last)
            hands = [hand_of_two(table_id, seated, wish, hand), hand] if wish.oddity == 0 else [hand]
            for one in hands:
                await self._append(place, one)

    async def open_anew(self, place: int, behind: int) -> None:
        await self._append(place, open_by(self._epoch(place) - behind))

    async def send_again(self, place: int, which: int, change: int) -> None:
        queue = self.queues[place]
        command = queue.sent[which % len(queue.sent)]
        if change == 0 and command.id in self.sheet.booked:
            other = hold(self.players[0], self.tables[place][0], 5, 12_345)
            await self._send(queue, evolve(command, body=other, epoch=self._epoch(place)))
            queue.altered.add(command.id)
        elif change < 4:
            await self._send(queue, evolve(command, epoch=self._epoch(place)))
        else:
            await self._send(queue, command)

    async def give(self, player: int, amount: int) -> None:
        self.given += 1
        gift = Promotion(self.players[player], Krw(amount), "a gift", f"{self.shards[0]}-{self.given}")
        await promote(self._loop.database, gift, LINK)
        self.sheet.wallets[self.players[player]] += amount

    async def both_serve(self, place: int, crash: str | None) -> None:
        async with trio.open_nursery() as nursery:
            for name in WORKERS:
                nursery.start_soon(self.workers[name, place].step, crash if name == "one" else None)
        await self._read_outcomes(place)

    async def silence_the_holder(self, place: int) -> None:
        await self._execute(
            "UPDATE shard SET term_heartbeat = now() - interval '1 hour' WHERE id = $1", place
        )

    def _epoch(self, place: int) -> Epoch:
        return Epoch(self.sheet.epochs[self.shards[place]])

    async def _append(self, place: int, body: CommandBody, late: int = 0) -> None:
        epoch = Epoch(max(0, self._epoch(place) + late))
        await self._send(self.queues[place], LedgerCommand(new_id(), self.shards[place], epoch, BOOT, body))

    async def _send(self, queue: Queue, command: LedgerCommand) -> None:
        queue.sent.append(command)
        queue.lost.discard(command.id)
        data = COMMANDS.encode(command)
        await self._loop.redis.xadd(keys.commands(queue.shard), field_values={keys.COMMAND_FIELD: data})

    async def lose(self, place: int, which: int) -> None:
        key = keys.commands(self.shards[place])
        entries = list(await self._loop.redis.xrange(key))
        if not entries:
            return
        entry = entries[which % len(entries)]
        await self._loop.redis.xdel(key, [entry.identifier])
        data = next(iter(entry.field_values.values()))
        assert isinstance(data, bytes)
        lost = COMMANDS.decode(data).id
        self.queues[place].lost.add(lost)
        self.queues[place].altered.discard(lost)

    async def serve(self, place: int, worker: str, crash: str | None) -> None:
        await self.workers[worker, place].step(crash)
        await self._read_outcomes(place)

    async def _read_outcomes(self, place: int) -> None:
        """Book on the sheet what has an outcome since the last look: by transaction, then as it was sent."""
        queue = self.queues[place]
        first: dict[CommandId, int] = {}
        for number, command in enumerate(queue.sent):
            first.setdefault(command.id, number)
        unseen = [id_ for id_ in first if id_ not in self.sheet.booked]
        async with self._loop.database.transaction() as transaction:
            rows = await transaction.fetch(
                "SELECT id, body_hash, reply, received_at FROM command WHERE id = ANY($1::uuid[])", unseen
            )
        for row in sorted(rows, key=lambda row: (row["received_at"], first[CommandId(row["id"])])):
            reader = EntryReader(queue.shard, COMMANDS)
            command = next(
                sent
                for sent in queue.sent
                if sent.id == row["id"] and reader._hash_of(sent) == row["body_hash"]
                and (sent.epoch == self._epoch(place) or "open" in type(sent.body).__name__.lower())
            )  # fmt: skip
            self.sheet.book(command, REPLIES.decode(row["reply"]).body)

    async def _execute(self, sql: str, place: int) -> None:
        async with self._loop.owner.transaction() as transaction:
            await transaction.execute(sql, self.shards[place])

    async def compare(self) -> None:
        """Money is where the sheet says."""
        await _compare(self._loop.database, self)

    async def close(self) -> None:
        """Let a worker serve what waits: then all that was not lost is answered, and the ledger is sound."""
        for place, queue in enumerate(self.queues):
            await self._execute("UPDATE shard SET term_holder = NULL WHERE id = $1", place)
            for worker in WORKERS:
                self.workers[worker, place].consumer.term.lose()
            while await self._loop.redis.xlen(keys.commands(queue.shard)):
                await self.serve(place, "one", None)
            await _check_answers(self._loop.redis, self.sheet, queue)
        await self.compare()
        report = await verify(self._loop.database, LINK)
        assert report.is_sound, "\n".join(report.as_lines())


async def _compare(database: Postgres, room: CrossingRoom) -> None:
    async with database.transaction() as transaction:
        rows = await transaction.fetch(
            "SELECT kind::text AS kind, user_id, table_id, seat, balance FROM account"
            " WHERE user_id = ANY($1::bigint[]) AND kind IN ('wallet', 'escrow')",
            room.players,
        )
        rake = await transaction.fetch_one(
            "SELECT coalesce(sum(balance), 0) AS rake FROM account WHERE shard = ANY($1::int[])",
            room.shards,
        )
    wallets = {row["user_id"]: row["balance"] for row in rows if row["kind"] == "wallet"}
    assert wallets == room.sheet.wallets
    lying = {
        (row["table_id"], row["user_id"]): (row["seat"], row["balance"])
        for row in rows
        if row["kind"] == "escrow" and row["balance"]
    }
    assert lying == {
        (table_id, user): (seat, stack)
        for table_id, table in room.sheet.tables.items()
        for user, (seat, stack) in table.stacks.items()
        if stack
    }
    assert rake is not None
    assert rake["rake"] == room.sheet.rake


async def _check_answers(redis: Redis, sheet: Sheet, queue: Queue) -> None:
    key = keys.replies(queue.shard, BOOT)
    answered, refused = set(), set()
    for data in await redis.lrange(key, 0, -1):
        reply = REPLIES.decode(data)
        answered.add(reply.id)
        if reply.body != sheet.booked.get(reply.id):
            if reply.body == CommandRefused(Refusal.COMMAND_REUSED):
                refused.add(reply.id)
            else:
                assert isinstance(reply.body, StaleEpoch | OutOfOrder), reply
    assert queue.altered <= refused
    assert {command.id for command in queue.sent} - queue.lost <= answered
    await redis.delete([key])
