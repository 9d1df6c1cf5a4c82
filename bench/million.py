"""A ledger of a million entries, made by the ledger's own statements: hands of six in batches of 500."""

import secrets
import time
from collections.abc import Iterator, Sequence
from uuid import uuid4

from attrs import frozen

from cardroom.ids import CommandId, HandId, SeatIndex, ShardId, TableId, UserId, new_command_id
from cardroom.money import Krw
from cardroom.service.postgres import Postgres
from wallet_worker.rules.books import Account, Books, FinishedHand, Seating
from wallet_worker.rules.transfers import PlayerResult, buy_in_transfer, hand_transfer
from wallet_worker.store.book_hands import book_hands
from wallet_worker.store.create_table import NewTable, create_table
from wallet_worker.store.lock_shard import LockedShard, lock_shard
from wallet_worker.store.post_transfers import (
    BatchPlace,
    NewTransfer,
    open_account,
    open_rake,
    post_transfers,
    read_clock,
    seat_escrow,
)
from wallet_worker.store.promote import Promotion, promote
from wallet_worker.store.seal_batch import Link, SealedBatch, seal_batch
from wallet_worker.store.terms import add_shards, take_term

SEATS = 6
TABLES = 8
BATCH = 500
PURSE = Krw(10**9)
STACK = Krw(10**8)
POT = Krw(6_000)
RAKE = Krw(300)
RECORD = b"r" * 400


@frozen
class Table:
    """A table of the bench and who sits there, each at the seat of the own place."""

    id: TableId
    players: Sequence[UserId]


class Room:
    """One shard whose tables play as fast as the ledger books."""

    def __init__(self, postgres: Postgres, shard: ShardId, term: int, link: Link) -> None:
        self._postgres = postgres
        self._shard = shard
        self._term = term
        self._link = link
        self._tables: list[Table] = []
        self._last: dict[TableId, tuple[int, HandId | None]] = {}
        self._books = Books()

    async def fill(self, players: Iterator[UserId]) -> SealedBatch:
        """Make tables, and let players sit down at all of them."""
        for number in range(TABLES):
            made = await create_table(self._postgres, NewTable(self._shard, f"Table {number}", "low", SEATS))
            guests = [next(players) for _ in range(SEATS)]
            self._tables.append(Table(made.table_id, guests))
            self._last[made.table_id] = (0, None)
        seated = [(user, table.id, seat) for table in self._tables for seat, user in enumerate(table.players)]
        return await self._commit(
            [],
            [NewTransfer(_new_id(), buy_in_transfer(user, table, STACK)) for user, table, _ in seated],
            [Seating(user, table, SeatIndex(seat)) for user, table, seat in seated],
        )

    async def play(self) -> SealedBatch:
        """Settle a batch of hands, spread over all tables; the winner changes from hand to hand."""
        hands = [self._hand(self._tables[number % TABLES]) for number in range(BATCH)]
        return await self._commit(
            hands,
            [
                NewTransfer(
                    _new_id(),
                    hand_transfer(self._shard, hand.table_id, hand.results, hand.rake),
                    hand.hand_id,
                )
                for hand in hands
            ],
            [],
        )

    def _hand(self, table: Table) -> FinishedHand:
        before, previous = self._last[table.id]
        hand_id, hand_no = HandId(uuid4()), before + 1
        self._last[table.id] = (hand_no, hand_id)
        share = POT // SEATS
        results = tuple(
            PlayerResult(
                user,
                SeatIndex(seat),
                Krw(POT - RAKE - share if seat == hand_no % SEATS else -share),
                Krw(RAKE // SEATS),
            )
            for seat, user in enumerate(table.players)
        )
        return FinishedHand(
            table.id, hand_id, hand_no, previous, 1_700_000_000_000, results, RAKE, RECORD, b"m" * 32
        )

    async def _commit(
        self, hands: Sequence[FinishedHand], transfers: Sequence[NewTransfer], seatings: Sequence[Seating]
    ) -> SealedBatch:
        async with self._postgres.transaction() as transaction:
            locked: LockedShard = await lock_shard(transaction, self._shard, self._term)
            for key in (posting.account for new in transfers for posting in new.transfer.postings):
                if key not in self._books.accounts:
                    self._books.accounts[key] = Account(None, Krw(0))
                    if key.kind.value == "wallet":
                        self._books.accounts[key].id = await open_account(transaction, key)
            await seat_escrow(transaction, self._books, seatings)
            place = BatchPlace(self._shard, locked.last_batch + 1, await read_clock(transaction))
            await book_hands(transaction, hands, place.booked_at)
            await open_rake(transaction, self._books, transfers)
            await post_transfers(transaction, place, self._books, transfers)
            sealed = await seal_batch(transaction, self._shard, locked, self._link)
        assert sealed is not None, "a batch that moves money is sealed"
        return sealed


def _new_id() -> CommandId:
    return new_command_id(int(time.time() * 1000), secrets.token_bytes(10))


async def open_rooms(
    postgres: Postgres, owner: Postgres, shards: Sequence[ShardId], link: Link
) -> list[Room]:
    """Make shards whose tables are full, each player with money left in the wallet."""
    await add_shards(postgres, shards)
    rooms = []
    players = iter(await _add_players(postgres, owner, len(shards) * TABLES * SEATS, link))
    for shard in shards:
        term = await take_term(postgres, shard, "bench", 3600.0)
        assert term is not None, "nobody else serves the shard"
        rooms.append(Room(postgres, shard, term, link))
        await rooms[-1].fill(players)
    return rooms


async def _add_players(postgres: Postgres, owner: Postgres, how_many: int, link: Link) -> list[UserId]:
    async with owner.transaction() as transaction:
        rows = await transaction.fetch(
            "INSERT INTO player (nickname, email, password_hash)"
            " SELECT 'p' || n, 'p' || n || '@x', '' FROM generate_series(1, $1::int) AS n RETURNING id",
            how_many,
        )
    players = [UserId(row["id"]) for row in rows]
    for user in players:
        await promote(postgres, Promotion(user, PURSE, "bench", f"bench-{user}"), link)
    return players
