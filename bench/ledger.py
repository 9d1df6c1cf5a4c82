"""How fast hands are settled, beside the simple way on the same server: ``python -m bench.ledger``.

- Ours: six players and rake, from the stream of four shards to the reply, integrity chain on, in one process.
- The simple way: one transaction per hand, in it one UPDATE for each player, a row for what each won or
  lost, the hand with its record, and the one rake row. Through the same driver as ours on one connection
  (``settlements_vs_naive``) and on four (``settlements_vs_naive_4``), and from bare asyncpg without Trio
  (``settlements_vs_bare_driver``).

Ratios are medians of paired rounds. How long a settlement takes is measured at 200 commands a second, from
the moment it was due to be appended to the moment its reply was there; so are the transactions that
PostgreSQL committed for each hand then, beside a design that writes each action
(``db_transactions_saved_percent``).
"""

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg
import trio

from bench.ledger_room import (
    LOSES,
    RECORD_BYTES,
    SEATS,
    WINS,
    BenchServers,
    LedgerRoom,
    open_room,
    open_servers,
)
from cardroom.ids import SeatIndex, ShardId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.wire import keys
from cardroom.wire.ledger import CashOut, CommandBody, HoldBuyIn
from tests.wallet_worker.house import BOOT, COMMANDS, LINK, REPLIES
from wallet_worker.main import spare_collector
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.deposit import Deposit
from wallet_worker.store.book_deposit import book_deposit

ROUNDS: Final = 3
OUR_HANDS: Final = 8_000
NAIVE_HANDS: Final = 300
RATE: Final = 200
RATE_SECONDS: Final = 8
MOVES: Final = 2_000
DEPOSITS: Final = 300
TELLERS: Final = 4

SIMPLE_SCHEMA: Final = """
CREATE TABLE simple_wallet (user_id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
CREATE TABLE simple_house (id integer PRIMARY KEY, rake bigint NOT NULL);
CREATE TABLE simple_hand (
    id uuid PRIMARY KEY, table_id bigint NOT NULL, hand_no bigint NOT NULL, rake bigint NOT NULL,
    record bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE simple_transaction (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL REFERENCES simple_wallet,
    hand_id uuid NOT NULL REFERENCES simple_hand, amount bigint NOT NULL, balance_after bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON simple_transaction (user_id, created_at);
INSERT INTO simple_house VALUES (1, 0);
INSERT INTO simple_wallet SELECT number, 1000000000 FROM generate_series(1, 600) AS number
"""
ADD_HAND: Final = "INSERT INTO simple_hand (id, table_id, hand_no, rake, record) VALUES ($1, $2, $3, $4, $5)"
MOVE: Final = "UPDATE simple_wallet SET balance = balance + $2 WHERE user_id = $1 RETURNING balance"
ADD_ROW: Final = (
    "INSERT INTO simple_transaction (user_id, hand_id, amount, balance_after) VALUES ($1, $2, $3, $4)"
)
ADD_RAKE: Final = "UPDATE simple_house SET rake = rake + $1 WHERE id = 1"
RAKE: Final = LOSES * (SEATS - 1) - WINS


def measure() -> Mapping[str, float]:
    """Give rates, ratios and milliseconds by name."""
    return trio.run(_measure)


async def _measure() -> Mapping[str, float]:
    async with open_servers() as servers, open_room(servers) as room:
        thresholds = gc.get_threshold()
        gc.collect()
        spare_collector()  # as the worker does before it serves
        try:
            return await _compare(servers, room) | await _move_money(room) | await _keep_pace(servers, room)
        finally:
            gc.unfreeze()
            gc.set_threshold(*thresholds)


async def _compare(servers: BenchServers, room: LedgerRoom) -> dict[str, float]:
    ours: list[float] = []
    others: dict[str, list[float]] = {}
    async with open_postgres(servers.owner) as postgres:
        async with postgres.transaction() as transaction:
            for statement in SIMPLE_SCHEMA.split(";"):
                await transaction.execute(statement)
        ways: Mapping[str, Callable[[], Awaitable[float]]] = {
            "settlements_vs_naive": partial(_simple_way, postgres, 1),
            "settlements_vs_naive_4": partial(_simple_way, postgres, 4),
            "settlements_vs_bare_driver": partial(_bare_driver, servers.owner.dsn),
        }
        await room.seconds_for(room.hands(1_000))
        for _ in range(ROUNDS):
            seconds = await room.seconds_for(room.hands(OUR_HANDS))
            ours.append(OUR_HANDS / seconds)
            for name, way in ways.items():
                others.setdefault(name, []).append(ours[-1] / await way())
    return {"settlements_per_s": statistics.median(ours)} | {
        name: statistics.median(ratios) for name, ratios in others.items()
    }


async def _simple_way(postgres: Postgres, connections: int) -> float:
    """Give hands a second, the simple way, by so many tables at once."""

    async def play(table: int) -> None:
        for number in range(NAIVE_HANDS // connections):
            await _settle_simply(postgres, table, number)

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for table in range(connections):
            nursery.start_soon(play, table)
    return NAIVE_HANDS / (trio.current_time() - began)


async def _settle_simply(postgres: Postgres, table: int, number: int) -> None:
    hand_id = uuid4()
    async with postgres.transaction() as transaction:
        await transaction.execute(ADD_HAND, hand_id, table, number, RAKE, bytes(RECORD_BYTES))
        for seat in range(SEATS):
            user, amount = table * SEATS + seat + 1, WINS if seat == number % SEATS else -LOSES
            row = await transaction.fetch_one(MOVE, user, amount)
            assert row is not None, "the player has a wallet"
            await transaction.execute(ADD_ROW, user, hand_id, amount, row["balance"])
        await transaction.execute(ADD_RAKE, RAKE)


async def _bare_driver(dsn: str) -> float:
    """Give hands a second, the simple way, on one connection of an asyncio program."""
    return await trio.to_thread.run_sync(lambda: asyncio.run(_settle_barely(dsn)))


async def _settle_barely(dsn: str) -> float:
    connection = await asyncpg.connect(dsn)
    began = time.perf_counter()
    for number in range(NAIVE_HANDS):
        hand_id = uuid4()
        async with connection.transaction():
            await connection.execute(ADD_HAND, hand_id, 9, number, RAKE, bytes(RECORD_BYTES))
            for seat in range(SEATS):
                user, amount = 9 * SEATS + seat + 1, WINS if seat == number % SEATS else -LOSES
                balance = await connection.fetchval(MOVE, user, amount)
                await connection.execute(ADD_ROW, user, hand_id, amount, balance)
            await connection.execute(ADD_RAKE, RAKE)
    seconds = time.perf_counter() - began
    await connection.close()
    return NAIVE_HANDS / seconds


async def _move_money(room: LedgerRoom) -> dict[str, float]:
    """Measure top-ups, and players who leave and come back."""
    seats = [(table, seat) for table in room.tables for seat in range(SEATS)]
    chosen = [seats[number % len(seats)] for number in range(MOVES)]
    top_ups: list[tuple[ShardId, CommandBody]] = [
        (table.shard, HoldBuyIn(table.players[seat], table.table_id, SeatIndex(seat), Krw(1)))
        for table, seat in chosen
    ]
    seconds = await room.seconds_for(top_ups)
    leaving = returning = 0.0
    for _ in range(ROUNDS):
        stacks = [(table, seat, await _escrow(room, table.players[seat])) for table, seat in seats]
        leaving += await room.seconds_for(
            [
                (table.shard, CashOut(table.players[seat], table.table_id, SeatIndex(seat), Krw(stack)))
                for table, seat, stack in stacks
            ]
        )
        returning += await room.seconds_for(
            [
                (table.shard, HoldBuyIn(table.players[seat], table.table_id, SeatIndex(seat), Krw(stack)))
                for table, seat, stack in stacks
            ]
        )
    moved = ROUNDS * len(seats)
    return {
        "deposits_per_s": await _deposit(room),
        "top_ups_per_s": MOVES / seconds,
        "cash_outs_per_s": moved / leaving,
        "buy_ins_per_s": moved / returning,
    }


async def _deposit(room: LedgerRoom) -> float:
    """Credit deposits, told of by several at once: each is a transaction under the house's lock."""

    async def tell(first: int) -> None:
        for number in range(first, DEPOSITS, TELLERS):
            tx_hash = sha256(f"deposit {number}".encode()).hexdigest()
            player = room.tables[number % len(room.tables)].players[0]
            deposit = Deposit(player, "USDT", 5_000_000, tx_hash, 0, "an address", Rate(1_400, 6))
            await book_deposit(room.database, deposit, LINK)

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for first in range(TELLERS):
            nursery.start_soon(tell, first)
    return DEPOSITS / (trio.current_time() - began)


async def _escrow(room: LedgerRoom, user: int) -> int:
    async with room.database.transaction() as transaction:
        row = await transaction.fetch_one(
            "SELECT balance FROM account WHERE kind = 'escrow' AND user_id = $1", user
        )
    assert row is not None, "the player sits"
    return int(row["balance"])


async def _keep_pace(servers: BenchServers, room: LedgerRoom) -> dict[str, float]:
    """Settle hands at a steady rate, each as soon as it is due."""
    waits: dict[object, float] = {}
    took: list[float] = []
    stopping = trio.Event()
    hands = [(shard, room.command(shard, body)) for shard, body in room.hands(RATE * RATE_SECONDS)]
    before = await _committed(room)
    async with trio.open_nursery() as nursery:
        for shard, consumer in room.consumers.items():
            nursery.start_soon(consumer.run, "bench", stopping)
            nursery.start_soon(_take_replies, servers, shard, waits, took, len(hands))
        began = trio.current_time()
        for number, (shard, data) in enumerate(hands):
            due = began + number / RATE
            await trio.sleep_until(due)
            waits[_id_of(data)] = due
            await room.fill([(shard, data)])
        with trio.fail_after(10):
            while len(took) < len(hands):  # noqa: ASYNC110
                await trio.sleep(0.05)
        stopping.set()
        nursery.cancel_scope.deadline = trio.current_time() + 2
    transactions = (await _committed(room) - before) / len(hands)
    in_order = sorted(took)
    return {
        "settle_p50_ms": in_order[len(in_order) // 2] * 1e3,
        "settle_p99_ms": in_order[len(in_order) * 99 // 100] * 1e3,
        "db_transactions_per_hand": transactions,
        "db_transactions_saved_percent": 100 * (1 - transactions / (_actions_per_hand() + 1)),
    }


def _id_of(data: bytes) -> object:
    return COMMANDS.decode(data).id


async def _take_replies(
    servers: BenchServers, shard: ShardId, waits: dict[object, float], took: list[float], enough: int
) -> None:
    while len(took) < enough:
        found = await servers.redis.blpop([keys.replies(shard, BOOT)], timeout=0.5)
        if found:
            took.append(trio.current_time() - waits[REPLIES.decode(found[1]).id])


async def _committed(room: LedgerRoom) -> int:
    """Count the transactions that the server committed, once it has told its statistics."""
    await trio.sleep(1.5)
    async with room.database.transaction() as transaction:
        row = await transaction.fetch_one(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
    assert row is not None, "a database has statistics"
    return int(row["xact_commit"])


def _actions_per_hand() -> float:
    """Count the players' actions of recorded hands: so often writes who writes each action."""
    file = Path(__file__).parent.parent / "tests" / "data" / "pluribus_sample.log"
    lines = file.read_text().splitlines()
    played = [line.split(":")[2] for line in lines if line.startswith("STATE:")]
    return statistics.fmean(sum(hand.count(action) for action in "fcr") for hand in played)


def main() -> None:
    """Print the figures, and as the last line one JSON object."""
    figures = measure()
    for name, value in figures.items():
        sys.stdout.write(f"{name:32} {value:>14,.3f}\n")
    sys.stdout.write(json.dumps({name: round(value, 3) for name, value in figures.items()}) + "\n")


if __name__ == "__main__":
    main()
