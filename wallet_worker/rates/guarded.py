"""A source behind its breaker: asked up to three times, within a limit, never in the way of others."""

from collections.abc import Mapping
from typing import Final

import trio
from attrs import define

from cardroom.service.logs import Log
from cardroom.service.retry import retry_idempotent
from wallet_worker.rates import metrics
from wallet_worker.rates.asking import Source, SourceAway, SourceFailed
from wallet_worker.rates.breaker import Breaker, BreakerState
from wallet_worker.rules.prices import Price

TRIES: Final = 3
_LEFT_ALONE: Final = "left_alone"


@define
class GuardedSource:
    """Asks a source, and gives nothing where it fails. Whatever happens is counted."""

    source: Source
    breaker: Breaker
    seconds: float
    """How long all tries together may take."""
    log: Log

    @property
    def name(self) -> str:
        """Give the source's name."""
        return self.source.name

    @property
    def state(self) -> BreakerState:
        """Give whether the source is asked now."""
        return self.breaker.state

    async def ask(self) -> Mapping[str, Price]:
        """Give what the source says, nothing if it does not; never raises. May be repeated."""
        found: Mapping[str, Price] = {}
        try:
            with trio.move_on_after(self.seconds) as asking:
                async for attempt in retry_idempotent(SourceAway, attempts=TRIES):
                    with attempt:
                        found = await self._try()
        except SourceFailed as failed:
            if failed.outcome != _LEFT_ALONE:
                self.log.warning("rate_source.failed", source=self.name, trouble=str(failed))
        except SourceAway as away:
            self.log.warning("rate_source.away", source=self.name, trouble=str(away))
        else:
            if asking.cancelled_caught:
                self.log.warning("rate_source.too_slow", source=self.name)
        metrics.BREAKER.labels(source=self.name).set(self.state.value)
        return found

    async def _try(self) -> Mapping[str, Price]:
        if not self.breaker.lets_through():
            self._count(_LEFT_ALONE)
            raise SourceFailed(_LEFT_ALONE, "it has failed too often")
        try:
            found = await self.source.ask()
        except SourceAway:
            self._count("away")
            self.breaker.failed()
            raise
        except SourceFailed as failed:
            self._count(failed.outcome)
            self.breaker.failed(failed.wait_seconds)
            raise
        except BaseException:
            self.breaker.gave_up()
            raise
        self._count("answered")
        self.breaker.succeeded()
        return found

    def _count(self, outcome: str) -> None:
        metrics.SOURCE_CALLS.labels(source=self.name, outcome=outcome).inc()
