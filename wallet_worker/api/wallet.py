"""What players ask of their wallet; they show the token of their login at the router."""

from typing import Any

from quart import Blueprint, Response, request

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.logins import LoginLookup
from cardroom.service.postgres import Postgres
from cardroom.service.protection import ProtectionSettings
from cardroom.wire.refusals import Refusal
from wallet_worker.api.protection import show_usage
from wallet_worker.api.transactions import export_transactions, list_transactions
from wallet_worker.settings import OfficeSettings
from wallet_worker.store.read_balance import read_balance


def wallet_pages(
    postgres: Postgres, logins: LoginLookup, settings: OfficeSettings, protection: ProtectionSettings
) -> Blueprint:
    """Serve ``/api/v1/wallet``."""
    pages = Blueprint("wallet", __name__, url_prefix="/api/v1/wallet")

    @pages.get("/balance")
    async def balance() -> dict[str, Any]:
        found = await read_balance(postgres, await _who_asks(logins))
        return {
            "krw_balance": found.wallet,
            "pending_withdrawal_krw": found.pending,
            "on_tables_krw": found.on_tables,
        }

    @pages.get("/protection")
    async def usage() -> dict[str, Any]:
        return await show_usage(postgres, await _who_asks(logins), protection)

    @pages.get("/transactions")
    async def transactions() -> dict[str, Any]:
        return await list_transactions(postgres, await _who_asks(logins))

    @pages.get("/transactions.csv")
    async def export() -> Response:
        return await export_transactions(postgres, await _who_asks(logins), settings.csv_seconds)

    return pages


async def _who_asks(logins: LoginLookup) -> UserId:
    """Find the login session of the bearer token; refused without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    login = await logins.find(token.strip()) if scheme.lower() == "bearer" else None
    if login is None:
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
    return login.user_id
