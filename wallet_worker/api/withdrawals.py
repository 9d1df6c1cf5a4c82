"""What players ask of their withdrawals: to have coins sent, to take that back, and how far each one is."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from attrs import field, frozen
from quart import Blueprint

from cardroom.money import Krw
from cardroom.service.http import RefusedRequest, is_text, read_body, refuse_unless
from cardroom.service.limit_rules import Rule, limited
from cardroom.service.logins import Login, LoginLookup, require_step_up
from cardroom.service.openapi import PLAYER, Page
from cardroom.service.parameters import BEFORE, LIMIT, read_before, read_limit, read_parameters, write_time
from cardroom.wire.json_schema import Time, letters, whole
from cardroom.wire.notices import WithdrawalState
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec, refused_by_rule
from wallet_worker.api.players import find_login, who_asks
from wallet_worker.cashier.withdrawal_desk import Wish, WithdrawalDesk
from wallet_worker.rates.port import RateStopped, RateUnavailable
from wallet_worker.rules.denials import Denied
from wallet_worker.rules.transfers import MAX_AMOUNT
from wallet_worker.rules.withdrawal import SMALLEST_WITHDRAWAL
from wallet_worker.rules.withdrawal_request import CannotCancel, StepUp, WithdrawalDenial, WithdrawalDenied
from wallet_worker.store.house_transfer import Answer, KeyReused, NoSuchPlayer
from wallet_worker.store.outside_payments import NoSuchWithdrawal
from wallet_worker.store.read_withdrawals import PlayersWithdrawal, find_withdrawal, list_withdrawals

MAX_KEY_LETTERS: Final = 100
MAX_ADDRESS_LETTERS: Final = 128
MAX_QUOTE_LETTERS: Final = 64
COIN_PATTERN: Final = "^[A-Z0-9-]{2,16}$"

_MAX_ID: Final = 2**63 - 1
_RATE_SECONDS: Final = 60

_STATUS: Final[Mapping[WithdrawalDenial, tuple[int, str]]] = {
    WithdrawalDenial.NO_SUCH_COIN: (404, "coin: one of those that the house takes"),
    WithdrawalDenial.COIN_CLOSED: (409, "withdrawals of this coin are closed"),
    WithdrawalDenial.AMOUNT_TOO_SMALL: (400, "krw_amount: less than the least of this coin"),
    WithdrawalDenial.AMOUNT_TOO_LARGE: (400, "krw_amount: more than the most of this coin"),
    WithdrawalDenial.WRONG_ADDRESS: (400, "address: one of this coin, on the house's network"),
    WithdrawalDenial.OWN_ADDRESS: (409, "the house takes deposits there"),
    WithdrawalDenial.ADDRESS_LISTED: (409, "it is on the list already"),
    WithdrawalDenial.ADDRESS_NOT_LISTED: (409, "list the address first"),
    WithdrawalDenial.ADDRESS_WAITS: (409, "the list says from when on coins may be sent there"),
    WithdrawalDenial.WITHDRAWAL_LIMIT: (409, "no more within a day"),
    WithdrawalDenial.SECOND_FACTOR_OFF: (403, "so much needs a second factor"),
    WithdrawalDenial.STEP_UP_NEEDED: (403, "show a code of the second factor"),
    WithdrawalDenial.TRAVEL_RULE_NEEDED: (409, "list the address with its owner"),
    WithdrawalDenial.USER_BLOCKED: (403, ""),
}


_BOOKS_REFUSE: Final = (
    Refusal.FROZEN,
    Refusal.WITHDRAWALS_FROZEN,
    Refusal.INSUFFICIENT_FUNDS,
    Refusal.COMMAND_REUSED,
    Refusal.RATE_STOPPED,
    Refusal.QUOTE_EXPIRED,
    Refusal.QUOTE_DIFFERS,
)


def statuses(denials: frozenset[WithdrawalDenial]) -> dict[int, tuple[Refusal, ...]]:
    """Give what pages say of these denials: codes by status."""
    found: dict[int, tuple[Refusal, ...]] = {}
    for denial in sorted(denials, key=lambda one: one.value):
        status, _ = _STATUS[denial]
        found[status] = (*found.get(status, ()), Refusal(denial.value))
    return found


_OF_REQUESTS: Final = statuses(frozenset(WithdrawalDenial) - {WithdrawalDenial.ADDRESS_LISTED})
_WITHDRAW_REFUSES: Final = _OF_REQUESTS | {
    409: (*_OF_REQUESTS[409], *_BOOKS_REFUSE),
    503: (Refusal.RATE_UNAVAILABLE,),
}


@frozen
class WithdrawalBody:
    """``POST /api/v1/wallet/withdraw``: have ``krw_amount`` won sent as coins to an address of the list."""

    coin: str = field(metadata=letters(2, 16, COIN_PATTERN))
    address: str = field(metadata=letters(1, MAX_ADDRESS_LETTERS))
    krw_amount: Krw = field(metadata=whole(SMALLEST_WITHDRAWAL, MAX_AMOUNT))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    """The player's key: the same request again under it is answered with the first answer."""
    quote: str | None = field(default=None, metadata=letters(1, MAX_QUOTE_LETTERS))
    """The quote that the player has seen; it is kept, and promises nothing: the rate is that of sending."""


@frozen
class WithdrawalTaken:
    """A request that was taken, as it was then; the money is out of the wallet."""

    withdrawal: int
    state: WithdrawalState
    krw_amount: Krw
    ready_at: Time
    """Nothing is sent before."""
    krw_balance: Krw
    pending_withdrawal_krw: Krw


@frozen
class WithdrawalCancelled:
    """A withdrawal that was taken back; the money is in the wallet."""

    withdrawal: int
    state: WithdrawalState
    krw_amount: Krw
    krw_balance: Krw
    pending_withdrawal_krw: Krw


@frozen
class WithdrawalShown:
    """How far a withdrawal is. Amounts of coins are whole coins, exact to the last digit."""

    id: int
    coin: str
    address: str
    label: str
    krw_amount: Krw
    state: WithdrawalState
    reason: str | None
    """What it waits for, where that can be told."""
    requested_at: Time
    ready_at: Time
    """Nothing is sent before."""
    ended_at: Time | None
    quoted_coin_amount: str | None
    quoted_rate: Krw | None
    coin_amount: str | None
    """What is sent; None until it is fixed."""
    rate: Krw | None
    """Whole won for one coin, with ``coin_amount``."""
    tx_hash: str | None


@frozen
class WithdrawalsShown:
    """A page of withdrawals, newest first."""

    withdrawals: tuple[WithdrawalShown, ...]
    next_before: int | None
    """Where the next page begins; None at the end."""


def withdrawal_pages(desk: WithdrawalDesk, logins: LoginLookup) -> Blueprint:
    """Serve the pages of withdrawals under ``/api/v1/wallet``."""
    pages = Blueprint("withdrawals", __name__, url_prefix="/api/v1/wallet")
    _add_request(pages, desk, logins)
    _add_cancel(pages, desk, logins)

    @pages.get("/withdrawals")
    @Page(tag="wallet", who=PLAYER, parameters=(LIMIT, BEFORE), answers={200: WithdrawalsShown})
    async def withdrawals() -> dict[str, Any]:
        """List the player's withdrawals, newest first."""
        user_id = await who_asks(logins)
        asked = read_parameters({"limit", "before"})
        limit = read_limit(asked)
        found = await list_withdrawals(desk.postgres, user_id, read_before(asked), limit + 1)
        more = found[limit - 1].number if len(found) > limit else None
        return {"withdrawals": [_show(one) for one in found[:limit]], "next_before": more}

    @pages.get("/withdrawals/<int:number>")
    @Page(tag="wallet", who=PLAYER, answers={200: WithdrawalShown})
    async def withdrawal(number: int) -> dict[str, Any]:
        """Say how far one of the player's withdrawals is."""
        user_id = await who_asks(logins)
        found = await find_withdrawal(desk.postgres, user_id, number) if number <= _MAX_ID else None
        if found is None:
            raise _no_such_withdrawal()
        return _show(found)

    return pages


def _add_request(pages: Blueprint, desk: WithdrawalDesk, logins: LoginLookup) -> None:
    bodies = body_codec(WithdrawalBody)

    @pages.post("/withdraw")
    @limited(Rule.WITHDRAW)
    @Page(
        tag="wallet",
        who=PLAYER,
        takes=WithdrawalBody,
        answers={201: WithdrawalTaken},
        refuses=_WITHDRAW_REFUSES,
    )
    async def withdraw() -> tuple[Answer, int]:
        """Ask to have coins sent: the amount leaves the wallet at once, and is sent after a wait.

        May be repeated under the same key, whatever became of it since.
        """
        login = await find_login(logins)
        body = await read_body(bodies)
        _check_texts(body)
        wish = Wish(
            user_id=login.user_id,
            nickname=login.nickname,
            coin=body.coin,
            address=body.address,
            amount=body.krw_amount,
            key=body.idempotency_key,
            quote_id=body.quote,
            step_up=step_up_of(login),
        )
        with refusals():
            return await desk.request(wish), 201


def _add_cancel(pages: Blueprint, desk: WithdrawalDesk, logins: LoginLookup) -> None:
    @pages.post("/withdrawals/<int:number>/cancel")
    @Page(
        tag="wallet",
        who=PLAYER,
        answers={200: WithdrawalCancelled},
        refuses={409: (Refusal.WITHDRAWAL_ENDED,)},
    )
    async def cancel(number: int) -> Answer:
        """Take a withdrawal back that is not being sent yet. May be repeated."""
        user_id = await who_asks(logins)
        if number > _MAX_ID:
            raise _no_such_withdrawal()
        with refusals():
            return await desk.cancel(user_id, number)


def step_up_of(login: Login) -> StepUp:
    """Say whether a session has shown a code of the second factor a short time ago."""
    try:
        require_step_up(login, time.time_ns() // 1_000_000)
    except RefusedRequest as refused:
        return StepUp(refused.code.value)
    return StepUp.DONE


@contextmanager
def refusals() -> Iterator[None]:
    """Answer what withdrawals, and addresses for them, are refused by."""
    try:
        yield
    except WithdrawalDenied as denied:
        status, detail = _STATUS[denied.denial]
        raise RefusedRequest(status, Refusal(denied.denial.value), detail) from None
    except Denied as denied:
        raise refused_by_rule(denied) from None
    except KeyReused:
        raise RefusedRequest(409, Refusal.COMMAND_REUSED, "the key stands for another request") from None
    except CannotCancel:
        raise RefusedRequest(409, Refusal.WITHDRAWAL_ENDED) from None
    except NoSuchWithdrawal:
        raise _no_such_withdrawal() from None
    except NoSuchPlayer:
        raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED) from None
    except RateStopped:
        raise RefusedRequest(409, Refusal.RATE_STOPPED) from None
    except RateUnavailable:
        raise RefusedRequest(503, Refusal.RATE_UNAVAILABLE, retry_seconds=_RATE_SECONDS) from None


def _check_texts(body: WithdrawalBody) -> None:
    refuse_unless(
        is_text(body.idempotency_key, MAX_KEY_LETTERS), Refusal.MALFORMED, "idempotency_key: 1 to 100 letters"
    )
    refuse_unless(is_text(body.address, MAX_ADDRESS_LETTERS), Refusal.MALFORMED, "address: 1 to 128 letters")
    refuse_unless(
        body.quote is None or is_text(body.quote, MAX_QUOTE_LETTERS),
        Refusal.MALFORMED,
        "quote: 1 to 64 letters",
    )


def _no_such_withdrawal() -> RefusedRequest:
    return RefusedRequest(404, Refusal.NOT_FOUND, "no such withdrawal")


def _show(one: PlayersWithdrawal) -> dict[str, Any]:
    return {
        "id": one.number,
        "coin": one.coin,
        "address": one.address,
        "label": one.label,
        "krw_amount": one.krw_amount,
        "state": one.state.value,
        "reason": one.reason,
        "requested_at": write_time(one.requested_at),
        "ready_at": write_time(one.ready_at),
        "ended_at": write_time(one.ended_at),
        "quoted_coin_amount": one.quoted_coin_amount,
        "quoted_rate": one.quoted_rate,
        "coin_amount": one.coin_amount,
        "rate": one.rate,
        "tx_hash": one.tx_hash,
    }
