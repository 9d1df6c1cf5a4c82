"""``/admin/reconciliation``: where all money is, to the won, and what waits for somebody."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quart import Blueprint

from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.parameters import TIME, bad_parameter, read_parameters, read_time
from wallet_worker.api.accounts import write_times
from wallet_worker.api.answers import Reconciliation
from wallet_worker.api.freezes import show_freezes
from wallet_worker.api.office import Office
from wallet_worker.store.freezes import read_freezes
from wallet_worker.store.read_reconciliation import read_movements, read_reconciliation

_LONGEST_PERIOD: Final = timedelta(days=31)
_PARAMETERS: Final = (
    Parameter("from", TIME, "Say too what moved since then; 31 days at most"),
    Parameter("to", TIME, "What moved before then; later than ``from``"),
)


def add_reconciliation(pages: Blueprint, office: Office) -> None:
    """Add the page; with ``from`` it says too what moved since then, or until ``to``: 31 days at most."""

    @pages.get("/reconciliation")
    @Page(tag="ledger", who=ADMIN, parameters=_PARAMETERS, answers={200: Reconciliation})
    async def reconciliation() -> dict[str, Any]:
        """Say where all money is, to the won, and what waits for somebody; it reports and proves nothing."""
        asked = read_parameters({"from", "to"})
        period = _read_period(asked)
        found = await read_reconciliation(office.postgres)
        found |= show_freezes(await read_freezes(office.postgres))
        if period is not None:
            first, end = period
            moved = await read_movements(office.postgres, first, end)
            found["movements"] = {"from": first, "to": end, "kinds": moved}
        return write_times(found)


def _read_period(asked: dict[str, str]) -> tuple[datetime, datetime] | None:
    first, end = read_time(asked, "from"), read_time(asked, "to")
    if first is None:
        if end is not None:
            raise bad_parameter("from", "needed where there is a to")
        return None
    end = end or datetime.now(UTC)
    if not timedelta(0) < end - first <= _LONGEST_PERIOD:
        raise bad_parameter("to", "later than from, and 31 days at most")
    return first, end
