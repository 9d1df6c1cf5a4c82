"""Credits held deposits when their players' limits let them in: on a new day, or by a looser limit."""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.protection import ProtectionSettings
from wallet_worker.cashier import metrics
from wallet_worker.store.held_deposits import release_fitting
from wallet_worker.store.house_transfer import Answer
from wallet_worker.store.seal_batch import Link

_AT_ONCE: Final = 200


class HeldWatch:
    """Looks at all held deposits again and again.

    ``on_released`` is called with each payment that comes of it; it must not raise.
    """

    def __init__(
        self,
        postgres: Postgres,
        link: Link,
        settings: ProtectionSettings,
        log: Log,
        *,
        on_released: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        self._postgres = postgres
        self._link = link
        self._settings = settings
        self._log = log
        self._on_released = on_released

    async def run(self) -> None:
        """Look until cancelled; several workers may."""
        while True:
            try:
                await self.look()
            except (PostgresAway, PostgresRefused) as trouble:
                self._log.warning("held_deposits.not_looked_at", trouble=str(trouble))
            await trio.sleep(self._settings.release_seconds)

    async def look(self) -> None:
        """Credit what fits now."""
        await release_fitting(
            self._postgres, self._link, self._settings, at_most=_AT_ONCE, on_released=self._note
        )

    async def _note(self, one: Answer) -> None:
        metrics.MOVED.labels(kind="crypto_deposit").inc()
        self._log.info("held_deposits.released", payment=one["payment"], user_id=one["user_id"])
        if self._on_released is not None:
            await self._on_released(one["payment"])
