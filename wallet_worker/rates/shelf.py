"""Where workers share what sources said: one value in Redis, and a mark of who is asking."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from attrs import field, frozen

from cardroom.service.redis import Redis, redis_errors, set_if_absent
from cardroom.wire import keys
from wallet_worker.rules.prices import Price, read_price

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TOKEN_BYTES: Final = 8
EMPTY_SECONDS: Final = 5
"""How long it is remembered that no source had anything to say."""


@frozen
class Look:
    """What all sources said when they were asked: the prices of each coin, the first choice first."""

    asked_at: datetime
    prices: Mapping[str, tuple[Price, ...]] = field(factory=dict)

    @property
    def seconds(self) -> int:
        """Give how long it is good for."""
        return keys.RATES_SECONDS if self.prices else EMPTY_SECONDS

    def is_good(self, now: datetime) -> bool:
        """Say whether sources need not be asked again yet; a look of another time altogether is not good."""
        return abs(now - self.asked_at) < timedelta(seconds=self.seconds)


@frozen
class Shelf:
    """The value in Redis. All its methods raise ``RedisAway``."""

    redis: Redis
    token: bytes = field(factory=lambda: secrets.token_bytes(_TOKEN_BYTES))
    """What this worker's mark says."""

    async def read(self) -> Look | None:
        """Give the last look of any worker; None where there is none, or what is there cannot be read."""
        with redis_errors():
            data = await self.redis.get(keys.rates())
        return None if data is None else read_look(data)

    async def put(self, look: Look) -> None:
        """Give a look to all workers; it goes by itself."""
        with redis_errors():
            await self.redis.set(keys.rates(), write_look(look), ex=look.seconds)

    async def may_ask(self) -> bool:
        """Say whether no other worker is asking the sources; who is told so is the one, for a few seconds.

        Its own mark stops no worker: what it began to ask may have been cancelled.
        """
        if await set_if_absent(self.redis, keys.rates_asked(), self.token, keys.RATES_ASKED_SECONDS):
            return True
        with redis_errors():
            return await self.redis.get(keys.rates_asked()) == self.token


def write_look(look: Look) -> bytes:
    """Write a look; prices as texts, so that they stay exact."""
    prices = {
        coin: [[one.source, str(one.price), _to_unix(one.given_at)] for one in told]
        for coin, told in look.prices.items()
    }
    return json.dumps({"asked_at": _to_unix(look.asked_at), "prices": prices}).encode()


def read_look(data: bytes) -> Look | None:
    """Read a look; None for bytes that are none."""
    try:
        said = json.loads(data)
        asked_at = _from_unix(said["asked_at"])
        prices = {coin: tuple(_read(one, asked_at) for one in told) for coin, told in said["prices"].items()}
        return Look(asked_at, prices)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return None


def _read(said: Any, asked_at: datetime) -> Price:
    """Read a price; one that is far ahead of the moment of asking would never grow old."""
    source, text, given_at = said
    price, moment = read_price(Decimal(text)), _from_unix(given_at)
    if price is None or moment - asked_at > timedelta(seconds=keys.RATES_SECONDS):
        raise ValueError(text)
    return Price(str(source), price, moment)


def _to_unix(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _from_unix(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
