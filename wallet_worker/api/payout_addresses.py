"""The addresses that a player may have coins sent to: listed with their owners, and usable after a wait."""

import re
from typing import Any, Final

from attrs import field, frozen
from quart import Blueprint

from cardroom.service.http import RefusedRequest, read_body, refuse_unless
from cardroom.service.logins import LoginLookup
from cardroom.service.openapi import PLAYER, Page
from cardroom.service.parameters import write_time
from cardroom.wire.json_schema import Time, letters
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.players import find_login, who_asks
from wallet_worker.api.withdrawals import (
    COIN_PATTERN,
    MAX_ADDRESS_LETTERS,
    refusals,
    statuses,
    step_up_of,
)
from wallet_worker.cashier.withdrawal_desk import WithdrawalDesk
from wallet_worker.rules.withdrawal_request import Owner, WithdrawalDenial
from wallet_worker.store.payout_addresses import (
    NewPayoutAddress,
    NoSuchAddress,
    PayoutAddress,
    list_addresses,
    remove_address,
)

_MAX_ID: Final = 2**63 - 1
_MAX_LABEL_LETTERS: Final = 64
_MAX_NAME_LETTERS: Final = 128
_TEXT: Final = r"^[^\x00]*$"
_NAME: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
"""Not only spaces."""


@frozen
class AddressBody:
    """``POST /api/v1/wallet/addresses``: list an address, with whose it is, as far as the player says."""

    coin: str = field(metadata=letters(2, 16, COIN_PATTERN))
    address: str = field(metadata=letters(1, MAX_ADDRESS_LETTERS))
    is_own: bool
    """Whether it is the player's own."""
    label: str = field(default="", metadata=letters(0, _MAX_LABEL_LETTERS))
    beneficiary: str | None = field(default=None, metadata=letters(1, _MAX_NAME_LETTERS, _NAME))
    """Whose it is, by name; large amounts are sent nowhere without."""
    exchange: str | None = field(default=None, metadata=letters(1, _MAX_NAME_LETTERS, _NAME))
    """Who keeps it, where it is at an exchange."""


@frozen
class AddressShown:
    """An address of the list, written in the one way."""

    id: int
    coin: str
    address: str
    label: str
    is_own: bool
    beneficiary: str | None
    exchange: str | None
    added_at: Time
    usable_at: Time
    """Coins may be sent there from then on."""


@frozen
class AddressesShown:
    """The player's list, the newest first."""

    addresses: tuple[AddressShown, ...]


def payout_address_pages(desk: WithdrawalDesk, logins: LoginLookup) -> Blueprint:
    """Serve ``/api/v1/wallet/addresses``."""
    pages = Blueprint("payout_addresses", __name__, url_prefix="/api/v1/wallet")
    _add_listing(pages, desk, logins)

    @pages.get("/addresses")
    @Page(tag="wallet", who=PLAYER, answers={200: AddressesShown})
    async def addresses() -> dict[str, Any]:
        """List the addresses that the player may have coins sent to."""
        found = await list_addresses(desk.postgres, await who_asks(logins))
        return {"addresses": [_show(one) for one in found]}

    @pages.delete("/addresses/<int:number>")
    @Page(tag="wallet", who=PLAYER, answers={204: None})
    async def remove(number: int) -> tuple[str, int]:
        """Take an address off the list; withdrawals under way go on. May be repeated."""
        user_id = await who_asks(logins)
        if number > _MAX_ID:
            raise _no_such_address()
        try:
            await remove_address(desk.postgres, user_id, number)
        except NoSuchAddress:
            raise _no_such_address() from None
        return "", 204

    return pages


def _add_listing(pages: Blueprint, desk: WithdrawalDesk, logins: LoginLookup) -> None:
    bodies = body_codec(AddressBody)
    refused = {
        WithdrawalDenial.STEP_UP_NEEDED,
        WithdrawalDenial.NO_SUCH_COIN,
        WithdrawalDenial.WRONG_ADDRESS,
        WithdrawalDenial.OWN_ADDRESS,
        WithdrawalDenial.ADDRESS_LISTED,
        WithdrawalDenial.WITHDRAWAL_LIMIT,
    }

    @pages.post("/addresses")
    @Page(
        tag="wallet",
        who=PLAYER,
        takes=AddressBody,
        answers={201: AddressShown},
        refuses=statuses(frozenset(refused)),
    )
    async def add() -> tuple[dict[str, Any], int]:
        """List an address; where the account has a second factor, the session must have stepped up."""
        login = await find_login(logins)
        body = await read_body(bodies)
        _check_texts(body)
        owner = Owner(body.is_own, body.beneficiary, body.exchange)
        new = NewPayoutAddress(login.user_id, body.coin, body.address, body.label, owner)
        with refusals():
            return _show(await desk.add_address(new, step_up_of(login))), 201


def _check_texts(body: AddressBody) -> None:
    texts = (
        ("address", body.address, 1, MAX_ADDRESS_LETTERS, _TEXT),
        ("label", body.label, 0, _MAX_LABEL_LETTERS, _TEXT),
        ("beneficiary", body.beneficiary, 1, _MAX_NAME_LETTERS, _NAME),
        ("exchange", body.exchange, 1, _MAX_NAME_LETTERS, _NAME),
    )
    for name, text, least, most, pattern in texts:
        fits = text is None or (least <= len(text) <= most and re.search(pattern, text) is not None)
        refuse_unless(fits, Refusal.MALFORMED, f"{name}: {least} to {most} letters")


def _no_such_address() -> RefusedRequest:
    return RefusedRequest(404, Refusal.NOT_FOUND, "no such address")


def _show(one: PayoutAddress) -> dict[str, Any]:
    return {
        "id": one.number,
        "coin": one.coin,
        "address": one.address,
        "label": one.label,
        "is_own": one.owner.is_own,
        "beneficiary": one.owner.beneficiary,
        "exchange": one.owner.exchange,
        "added_at": write_time(one.added_at),
        "usable_at": write_time(one.usable_at),
    }
