"""A rate desk over sources that a test speaks for."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from attrs import define, field
from structlog.testing import LogCapture

from cardroom.money import Krw
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.wire import keys
from tests.fakes.clocks import MovedClock
from tests.fakes.logs import captured_by
from tests.fakes.rate_sources import RateSources, rate_sources
from wallet_worker.cashier.rate_desk import Rates
from wallet_worker.payment_settings import CoinBook, CoinSettings, Network
from wallet_worker.rates.market import open_market
from wallet_worker.rules.coins import COINS

MINUTE = 61.0


def _coin(*, is_in: bool = True, is_out: bool = True) -> CoinSettings:
    return CoinSettings(
        gateway="generic",
        gateway_coin="coin",
        confirmations=3,
        smallest_deposit="0.001",
        hot_wallet_daily=Krw(10**9),
        deposits_open=is_in,
        withdrawals_open=is_out,
    )


BOOK = CoinBook(
    Network.REGTEST,
    {"BTC": _coin(), "ETH": _coin(is_in=False), "USDT": _coin(), "USDC": _coin(is_out=False)},
)
"""ETH is closed to deposits, USDC to withdrawals."""


@define
class RateRoom:
    """The desk, what it asks, and the clock that prices grow old by."""

    sources: RateSources
    clock: MovedClock
    redis: Redis
    rates: Rates
    lines: LogCapture = field(factory=LogCapture)

    async def pass_time(self, seconds: float = MINUTE) -> None:
        """Move the clock on, for Redis too: sources are asked again after a minute."""
        self.clock.seconds += seconds
        self.sources.seconds_old -= seconds
        await self.redis.delete([keys.rates(), keys.rates_asked()])

    def events(self) -> list[str]:
        """Give what was logged of rates, and forget it."""
        found = [line["event"] for line in self.lines.entries]
        self.lines.entries.clear()
        return found


@asynccontextmanager
async def open_rate_room(
    postgres: Postgres, redis: Redis, coins: Sequence[str] = tuple(COINS)
) -> AsyncIterator[RateRoom]:
    """Open a desk of its own; others over the same database and Redis are other workers."""
    lines, clock = LogCapture(), MovedClock()
    log = captured_by(lines)
    async with rate_sources() as sources, open_market(sources.settings(), redis, log, clock) as market:
        rates = Rates(market, postgres, sources.settings(), coins, log)
        yield RateRoom(sources, clock, redis, rates, lines)
