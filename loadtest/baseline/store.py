"""Accounts, seats and hands in PostgreSQL: balances are simply changed, one transaction for each hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from attrs import frozen

from cardroom.ids import SeatIndex, TableId, UserId
from cardroom.money import Krw
from loadtest.baseline.game import FIRST_BALANCE
from loadtest.baseline.table import Finished

_CONNECTIONS: Final = 4

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS player (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    nickname text NOT NULL UNIQUE,
    email text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    balance bigint NOT NULL CHECK (balance >= 0)
);
CREATE TABLE IF NOT EXISTS seat (
    table_id bigint NOT NULL,
    seat integer NOT NULL,
    user_id bigint NOT NULL REFERENCES player,
    stack bigint NOT NULL CHECK (stack >= 0),
    PRIMARY KEY (table_id, seat)
);
CREATE TABLE IF NOT EXISTS hand (
    id uuid PRIMARY KEY,
    table_id bigint NOT NULL,
    hand_no bigint NOT NULL,
    rake bigint NOT NULL,
    record bytea NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT now()
);
"""
_REGISTER: Final = """
INSERT INTO player (nickname, email, password_hash, balance) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING id
"""
_FIND: Final = "SELECT id, nickname, password_hash FROM player WHERE email = $1"
_PAY: Final = "UPDATE player SET balance = balance + $2 WHERE id = $1 AND balance + $2 >= 0"
_SIT: Final = "INSERT INTO seat (table_id, seat, user_id, stack) VALUES ($1, $2, $3, $4)"
_ADD: Final = "UPDATE seat SET stack = stack + $3 WHERE table_id = $1 AND seat = $2"
_FREE: Final = "DELETE FROM seat WHERE table_id = $1 AND seat = $2"
_BOOK: Final = """
UPDATE seat SET stack = seat.stack + part.net FROM unnest($2::int[], $3::bigint[]) AS part (number, net)
WHERE seat.table_id = $1 AND seat.seat = part.number
"""
_HAND: Final = "INSERT INTO hand (id, table_id, hand_no, rake, record) VALUES ($1, $2, $3, $4, $5)"
_MONEY: Final = """
SELECT (SELECT count(*) FROM player) AS players,
       (SELECT coalesce(sum(balance), 0)::bigint FROM player) AS balances,
       (SELECT coalesce(sum(stack), 0)::bigint FROM seat) AS stacks,
       (SELECT coalesce(sum(rake), 0)::bigint FROM hand) AS rakes, (SELECT count(*) FROM hand) AS hands
"""


class Poor(Exception):
    """The balance has less than that; nothing has moved."""


@frozen
class Account:
    """What a login needs to know of a player."""

    user_id: UserId
    nickname: str
    password_hash: str


@frozen
class Money:
    """Where all money is, and how many hands there were."""

    hands: int
    is_balanced: bool


class Store:
    """The database. Made by ``open_store``."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def register(self, nickname: str, email: str, password_hash: str) -> UserId | None:
        """Add an account with its first money; None where a name is taken."""
        found = await self._pool.fetchval(_REGISTER, nickname, email, password_hash, FIRST_BALANCE)
        return None if found is None else UserId(found)

    async def find(self, email: str) -> Account | None:
        """Find an account."""
        row = await self._pool.fetchrow(_FIND, email)
        return None if row is None else Account(UserId(row["id"]), row["nickname"], row["password_hash"])

    async def sit_down(self, table_id: TableId, seat: SeatIndex, user_id: UserId, buy_in: Krw) -> None:
        """Move a buy-in from the balance to the seat; raises ``Poor``."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.execute(_PAY, user_id, -buy_in) != "UPDATE 1":
                raise Poor
            await connection.execute(_SIT, table_id, seat, user_id, buy_in)

    async def fill_up(self, table_id: TableId, seat: SeatIndex, user_id: UserId, amount: Krw) -> None:
        """Move more money from the balance to the seat; raises ``Poor``."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await connection.execute(_PAY, user_id, -amount) != "UPDATE 1":
                raise Poor
            await connection.execute(_ADD, table_id, seat, amount)

    async def leave(self, table_id: TableId, seat: SeatIndex, user_id: UserId, stack: Krw) -> None:
        """Pay a seat out and free it."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_PAY, user_id, stack)
            await connection.execute(_FREE, table_id, seat)

    async def book_hand(self, table_id: TableId, hand: Finished, record: bytes) -> None:
        """Change what every player has by what the hand did, and keep the hand: one transaction."""
        parts: Sequence[int] = [part.seat for part in hand.settlement.seats]
        nets: Sequence[int] = [part.net for part in hand.settlement.seats]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_BOOK, table_id, parts, nets)
            await connection.execute(
                _HAND, hand.hand_id, table_id, hand.hand_no, hand.settlement.rake, record
            )

    async def count_money(self) -> Money:
        """Say whether all that was ever given is somewhere."""
        row = await self._pool.fetchrow(_MONEY)
        assert row is not None, "sums are always there"
        given = row["players"] * FIRST_BALANCE
        return Money(row["hands"], row["balances"] + row["stacks"] + row["rakes"] == given)


@asynccontextmanager
async def open_store(dsn: str) -> AsyncIterator[Store]:
    """Connect, and make the tables that are not there."""
    pool: asyncpg.Pool[asyncpg.Record]
    async with asyncpg.create_pool(dsn, min_size=_CONNECTIONS, max_size=_CONNECTIONS) as pool:
        await pool.execute(_SCHEMA)
        yield Store(pool)
