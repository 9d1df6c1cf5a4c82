"""Keeps the ledger's tables in order beside its work: never in its way, and never its end."""

from collections.abc import Awaitable, Callable
from typing import Final

import trio
from attrs import frozen

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.ledger import metrics
from wallet_worker.settings import LedgerSettings
from wallet_worker.store.keep_house import forget_commands, forget_deliveries, open_months

_MONTHS_AHEAD: Final = 3


@frozen
class Housekeeping:
    """Every worker keeps house; what one has done, another finds done.

    Gateways' messages are forgotten that were taken ``delivery_seconds`` ago; None where no gateway is.
    """

    postgres: Postgres
    settings: LedgerSettings
    log: Log
    delivery_seconds: float | None = None

    async def run(self) -> None:
        """Keep house at once, so that the months are there, and then again and again until cancelled."""
        while True:
            await self.keep_house()
            await trio.sleep(self.settings.housekeeping_seconds)

    async def keep_house(self) -> None:
        """Do each task once; one that fails is told of, and tried again the next time."""
        await self._try("open_months", self._open_months)
        await self._try("forget_commands", self._forget_commands)
        if self.delivery_seconds is not None:
            await self._try("forget_deliveries", self._forget_deliveries)

    async def _try(self, name: str, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except (PostgresAway, PostgresRefused) as trouble:
            metrics.HOUSEKEEPING_FAILURES.labels(task=name).inc()
            self.log.error("ledger.housekeeping_failed", task=name, trouble=str(trouble))  # noqa: TRY400 (no bug)

    async def _open_months(self) -> None:
        await open_months(self.postgres, _MONTHS_AHEAD)

    async def _forget_commands(self) -> None:
        """Delete in steps, each a short transaction; what is left after the last is left to the next time."""
        for _ in range(self.settings.forget_steps):
            gone = await forget_commands(self.postgres, self.settings.forget_commands)
            metrics.FORGOTTEN.inc(gone)
            if gone < self.settings.forget_commands:
                return

    async def _forget_deliveries(self) -> None:
        """Delete in the same steps what a gateway's message is known by, once its time stamp is too old."""
        assert self.delivery_seconds is not None, "only where gateways are"
        at_most = self.settings.forget_commands
        for _ in range(self.settings.forget_steps):
            if await forget_deliveries(self.postgres, self.delivery_seconds, at_most) < at_most:
                return
