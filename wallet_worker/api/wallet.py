"""What players ask of their wallet; they show the token of their login at the router."""

from typing import Any, Final

from quart import Blueprint, Response

from cardroom.service.logins import LoginLookup
from cardroom.service.openapi import PLAYER, Answer, Page
from cardroom.service.postgres import Postgres
from cardroom.service.protection import ProtectionSettings
from wallet_worker.api.answers import PlayersBalance, PlayersTransactions
from wallet_worker.api.players import who_asks
from wallet_worker.api.protection import PlayersUsage, show_usage
from wallet_worker.api.transactions import (
    CSV_TYPE,
    FILTER_PARAMETERS,
    LIST_PARAMETERS,
    export_transactions,
    list_transactions,
)
from wallet_worker.settings import OfficeSettings
from wallet_worker.store.read_balance import read_balance

_CSV: Final = Answer(None, CSV_TYPE, {"Content-Disposition": "The name to keep it under"})


def wallet_pages(
    postgres: Postgres, logins: LoginLookup, settings: OfficeSettings, protection: ProtectionSettings
) -> Blueprint:
    """Serve ``/api/v1/wallet``."""
    pages = Blueprint("wallet", __name__, url_prefix="/api/v1/wallet")

    @pages.get("/balance")
    @Page(tag="wallet", who=PLAYER, answers={200: PlayersBalance})
    async def balance() -> dict[str, Any]:
        """Say what the player has: free, on the way out, and at tables."""
        found = await read_balance(postgres, await who_asks(logins))
        return {
            "krw_balance": found.wallet,
            "pending_withdrawal_krw": found.pending,
            "on_tables_krw": found.on_tables,
        }

    @pages.get("/protection")
    @Page(tag="wallet", who=PLAYER, answers={200: PlayersUsage})
    async def usage() -> dict[str, Any]:
        """Say what the player's own limits leave now."""
        return await show_usage(postgres, await who_asks(logins), protection)

    @pages.get("/transactions")
    @Page(tag="wallet", who=PLAYER, parameters=LIST_PARAMETERS, answers={200: PlayersTransactions})
    async def transactions() -> dict[str, Any]:
        """List the postings on the player's accounts, newest first."""
        return await list_transactions(postgres, await who_asks(logins))

    @pages.get("/transactions.csv")
    @Page(tag="wallet", who=PLAYER, parameters=FILTER_PARAMETERS, answers={200: _CSV})
    async def export() -> Response:
        """Give all postings that the same filters ask for, as CSV by RFC 4180.

        An export that takes too long is cut off: the transfer has no end then, and is not whole.
        """
        return await export_transactions(postgres, await who_asks(logins), settings.csv_seconds)

    return pages
