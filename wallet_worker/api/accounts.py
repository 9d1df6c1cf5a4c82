"""``/admin/users/{id}/...`` and ``/admin/transfers/{id}``: what administrators look up."""

from datetime import datetime
from typing import Any, Final

from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.parameters import write_time
from cardroom.wire.refusals import Refusal
from wallet_worker.api.answers import PlayersAccounts, PlayersTransactions, WholeTransfer
from wallet_worker.api.office import Office
from wallet_worker.api.transactions import LIST_PARAMETERS, list_transactions
from wallet_worker.store.house_transfer import NoSuchPlayer
from wallet_worker.store.read_accounts import NoSuchTransfer, read_accounts, read_transfer

_MAX_ID: Final = 2**63 - 1


def add_accounts(pages: Blueprint, office: Office) -> None:
    """Add the pages."""

    @pages.get("/users/<int:user_id>/accounts")
    @Page(tag="players", who=ADMIN, answers={200: PlayersAccounts})
    async def accounts(user_id: int) -> dict[str, Any]:
        """Show a player's accounts, and whether the player is frozen or self-excluded."""
        try:
            found = await read_accounts(office.postgres, _player(user_id))
        except NoSuchPlayer:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player") from None
        return write_times(found)

    @pages.get("/users/<int:user_id>/transactions")
    @Page(tag="players", who=ADMIN, parameters=LIST_PARAMETERS, answers={200: PlayersTransactions})
    async def transactions(user_id: int) -> dict[str, Any]:
        """List a player's postings as the player sees them; without an account there are none."""
        return await list_transactions(office.postgres, _player(user_id))

    @pages.get("/transfers/<int:number>")
    @Page(tag="ledger", who=ADMIN, answers={200: WholeTransfer})
    async def transfer(number: int) -> dict[str, Any]:
        """Show a transfer with its entries, its batch, and the hand or the payment it belongs to."""
        if number > _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such transfer")
        try:
            found = await read_transfer(office.postgres, number)
        except NoSuchTransfer:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such transfer") from None
        return write_times(found)


def write_times(answer: dict[str, Any]) -> dict[str, Any]:
    """Write every time inside an answer by RFC 3339."""
    return {name: _write(value) for name, value in answer.items()}


def _write(value: Any) -> Any:
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, dict):
        return write_times(value)
    return [_write(inner) for inner in value] if isinstance(value, list) else value


def _player(user_id: int) -> UserId:
    if not 0 < user_id <= _MAX_ID:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")
    return UserId(user_id)
