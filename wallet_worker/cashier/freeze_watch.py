"""Tells health and metrics whether everything is frozen, a short time after it is."""

import trio

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.cashier import metrics
from wallet_worker.store.freezes import ask_freeze


class FreezeWatch:
    """Asks the database again and again. What moves money does not ask here: it reads the row itself."""

    def __init__(self, postgres: Postgres, seconds: float, log: Log) -> None:
        self._postgres = postgres
        self._seconds = seconds
        self._log = log
        self.is_everything_frozen = False

    async def run(self) -> None:
        """Look until cancelled; while the database is away the last word stands."""
        while True:
            try:
                await self.look()
            except (PostgresAway, PostgresRefused) as trouble:
                self._log.warning("freeze.not_known", trouble=str(trouble))
            await trio.sleep(self._seconds)

    async def look(self) -> None:
        """Ask once."""
        self.is_everything_frozen = await ask_freeze(self._postgres) is not None
        metrics.EVERYTHING_FROZEN.set(self.is_everything_frozen)

    def notes(self) -> dict[str, bool]:
        """Give the note for the health page."""
        return {"everything_frozen": self.is_everything_frozen}
