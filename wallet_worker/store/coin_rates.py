"""What each coin was last converted at, and whether it is converted at all."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from attrs import frozen

from cardroom.service.postgres import Reader, Row, Transaction
from wallet_worker.rules.prices import Standing, StopReason

_FACTS: Final = "coin, price, source, used_at, stopped_at, stopped_reason, stopped_price"

READ_RATE: Final = f"SELECT {_FACTS} FROM coin_rate WHERE coin = $1"

READ_RATES: Final = f"SELECT {_FACTS} FROM coin_rate"

_NOTE_USED: Final = """
INSERT INTO coin_rate (coin, price, source, used_at) VALUES ($1, $2, $3, now())
ON CONFLICT (coin) DO UPDATE SET price = excluded.price, source = excluded.source, used_at = excluded.used_at
"""

# What is stopped stays stopped since when it was; only a jump, which somebody must look at, takes a
# disagreement's place.
_STOP: Final = """
INSERT INTO coin_rate (coin, stopped_at, stopped_reason, stopped_price) VALUES ($1, now(), $2, $3)
ON CONFLICT (coin) DO UPDATE
SET stopped_at = excluded.stopped_at, stopped_reason = excluded.stopped_reason, stopped_price = excluded.stopped_price
WHERE coin_rate.stopped_reason IS NULL
      OR (coin_rate.stopped_reason = 'disagreement' AND excluded.stopped_reason = 'jump')
"""

_END_STOP: Final = """
UPDATE coin_rate SET stopped_at = NULL, stopped_reason = NULL, stopped_price = NULL WHERE coin = $1
"""

LOCK_RATE: Final = f"SELECT {_FACTS} FROM coin_rate WHERE coin = $1 FOR UPDATE"

_ACCEPT: Final = """
UPDATE coin_rate
SET price = $2, source = $3, used_at = now(), stopped_at = NULL, stopped_reason = NULL, stopped_price = NULL
WHERE coin = $1
"""

ACCEPTED: Final = "accepted"
"""The source of a price that an administrator has accepted."""


class UsedPrice(Protocol):
    """A price that money is converted at."""

    @property
    def coin(self) -> str:
        """Give the coin's symbol."""

    @property
    def price(self) -> Decimal:
        """Give the price in won of one coin, as the source gave it."""

    @property
    def source(self) -> str:
        """Give the source's name."""


class NotStopped(Exception):
    """The coin is not stopped, or no price is known that could be accepted."""


@frozen
class Stop:
    """Since when and why a coin is not converted; ``price`` is the one that would have been used then."""

    stopped_at: datetime
    reason: StopReason
    price: Decimal | None


@frozen
class Accepted:
    """What had stopped a coin, and which price was accepted."""

    reason: StopReason
    price: Decimal


@frozen
class CoinRate:
    """How a coin stands; ``price`` is the last one used, None before the first."""

    coin: str
    price: Decimal | None = None
    source: str | None = None
    used_at: datetime | None = None
    stop: Stop | None = None

    @property
    def standing(self) -> Standing:
        """Give what the rules want to know of it."""
        return Standing(self.price, None if self.stop is None else self.stop.reason)


async def read_coin_rate(reader: Reader, coin: str) -> CoinRate:
    """Give how a coin stands; one that was never converted has no price."""
    row = await reader.fetch_one(READ_RATE, coin)
    return CoinRate(coin) if row is None else _coin_rate(row)


async def read_coin_rates(reader: Reader) -> Mapping[str, CoinRate]:
    """Give how all coins stand that were ever converted or stopped."""
    return {row["coin"]: _coin_rate(row) for row in await reader.fetch(READ_RATES)}


async def note_used(transaction: Transaction, used: UsedPrice) -> None:
    """Write down that money is converted at a price, in the very transaction that converts it.

    The next price is compared with it. Locks the coin's row: call it after all other locks are held. May be
    repeated.
    """
    await transaction.execute(_NOTE_USED, used.coin, used.price, used.source)


async def stop_conversion(
    transaction: Transaction, coin: str, reason: StopReason, price: Decimal | None
) -> bool:
    """Stop a coin, ``price`` being the one that would have been used; say whether that is news."""
    return await transaction.execute(_STOP, coin, reason.value, price) > 0


async def lock_coin_rate(transaction: Transaction, coin: str) -> CoinRate:
    """Give how a coin stands, and let nobody change it before the transaction ends, if it stands anywhere yet."""
    row = await transaction.fetch_one(LOCK_RATE, coin)
    return CoinRate(coin) if row is None else _coin_rate(row)


async def end_stop(transaction: Transaction, coin: str) -> None:
    """Let a coin be converted again; prices are compared with the last one used, as before the stop."""
    await transaction.execute(_END_STOP, coin)


async def accept_price(transaction: Transaction, coin: str, price: Decimal | None) -> Accepted:
    """End a stop, whatever its reason: prices are compared with ``price`` from now on, as if it had been used.

    Without one, with that at which it was stopped. Raises ``NotStopped`` where it is not stopped, or nothing says
    what to accept.
    """
    stop = (await lock_coin_rate(transaction, coin)).stop
    accepted = None if stop is None else price or stop.price
    if stop is None or accepted is None:
        raise NotStopped
    await transaction.execute(_ACCEPT, coin, accepted, ACCEPTED)
    return Accepted(stop.reason, accepted)


def _coin_rate(row: Row) -> CoinRate:
    stop = None
    if row["stopped_at"] is not None:
        stop = Stop(row["stopped_at"], StopReason(row["stopped_reason"]), row["stopped_price"])
    return CoinRate(row["coin"], row["price"], row["source"], row["used_at"], stop)
