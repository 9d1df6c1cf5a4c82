"""``/admin/deposits``: what gateways told of, and what administrators decide about it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from attrs import evolve, field, frozen
from quart import Blueprint

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.admin_orders import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    Answer,
    OrderBody,
    ReasonBody,
    obey,
    read_order,
)
from cardroom.service.http import RefusedRequest, is_text, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.parameters import (
    BEFORE,
    LIMIT,
    bad_parameter,
    read_before,
    read_limit,
    read_parameters,
    write_time,
)
from cardroom.service.postgres import Transaction
from cardroom.wire.json_schema import Time, letters
from cardroom.wire.notices import DepositState
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.office import Office
from wallet_worker.cashier.deposits import DepositDesk
from wallet_worker.rules.chain_deposit import (
    ChainDeposit,
    ChainState,
    DepositEnded,
    NobodysDeposit,
    assign,
    clear,
    turn_down,
)
from wallet_worker.rules.coins import write_coins
from wallet_worker.store.chain_deposits import Change, NoSuchDeposit, change_within
from wallet_worker.store.deposit_addresses import find_standing
from wallet_worker.store.read_deposits import ShownDeposit, list_alarmed, list_deposits

_MAX_ID: Final = 2**63 - 1
_MAX_FACT_LETTERS: Final = 128
_ALARM: Final = "alarm"
_STATES: Final = (*(one.value for one in ChainState), _ALARM)
_PARAMETERS: Final = (
    LIMIT,
    BEFORE,
    Parameter(
        "state",
        {"type": "string", "enum": list(_STATES)},
        "Only those that are so far; ``alarm``: only those over which there was an alarm",
    ),
)


@frozen
class AssignBody:
    """``POST /admin/deposits/ID/assign``: say whose a deposit is that nobody knew the owner of."""

    user_id: UserId
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    dry_run: bool = False


@frozen
class OriginatorBody:
    """``POST /admin/deposits/ID/originator``: write down who has sent it, for the travel rule."""

    name: str = field(metadata=letters(1, _MAX_FACT_LETTERS))
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    address: str = field(default="", metadata=letters(0, _MAX_FACT_LETTERS))
    """The sender's address on the chain, if it is known; screenings are told."""
    exchange: str = field(default="", metadata=letters(0, _MAX_FACT_LETTERS))
    """By which exchange or custodian it was sent, if by any."""
    dry_run: bool = False


@frozen
class AdminDeposit:
    """A deposit that a gateway told of."""

    id: int
    gateway: str
    coin: str
    coin_amount: str
    """In whole coins, exact."""
    address: str
    tx_hash: str
    output: int
    external_id: str | None
    """What our address is known by at the gateway, where it was told."""
    user_id: UserId | None
    """None while nobody knows whose it is."""
    state: DepositState
    confirmations: int
    needed: int
    reason: str | None
    alarm: str | None
    """``deposit_changed``: told differently; ``deposit_reversed``: taken back by the chain. Stays."""
    is_cleared: bool
    """Whether an administrator has let it be credited, whatever was found."""
    tries: int
    krw_amount: Krw | None
    payment: int | None
    held_deposit: int | None
    originator: Mapping[str, str]
    seen_at: Time
    changed_at: Time
    credited_at: Time | None


@frozen
class AdminDeposits:
    """A page of deposits, newest first."""

    deposits: tuple[AdminDeposit, ...]
    next_before: int | None
    """Where the next page begins; None at the end."""


@frozen
class DepositDecided:
    """What was decided; ``dry_run`` is there, and true, where nothing was done."""

    deposit: int
    state: DepositState
    """``confirmed`` is credited by itself a moment later, at the rate of then."""
    user_id: UserId | None
    dry_run: bool = False


def admin_deposit_pages(office: Office, desk: DepositDesk) -> Blueprint:
    """Serve the list, which goes by number, newest first, and the orders."""
    pages = Blueprint("admin_deposits", __name__, url_prefix="/admin")
    clerk = _Clerk(office, desk)
    _add_orders(pages, clerk)
    _add_originator(pages, clerk)

    @pages.get("/deposits")
    @Page(tag="money", who=ADMIN, parameters=_PARAMETERS, answers={200: AdminDeposits})
    async def deposits() -> dict[str, Any]:
        """List deposits that gateways told of, newest first."""
        asked = read_parameters({"limit", "before", "state"})
        limit, before, state = read_limit(asked), read_before(asked), asked.get("state")
        if state is not None and state not in _STATES:
            raise bad_parameter("state", f"one of {', '.join(_STATES)}")
        if state == _ALARM:
            found = await list_alarmed(office.postgres, before, limit + 1)
        else:
            so_far = None if state is None else ChainState(state)
            found = await list_deposits(office.postgres, before, limit + 1, so_far)
        more = found[limit - 1].deposit.number if len(found) > limit else None
        return {"deposits": [_show(one) for one in found[:limit]], "next_before": more}

    return pages


Rule = Callable[[ChainDeposit], ChainDeposit]
Check = Callable[[Transaction], Awaitable[None]]

_REFUSES: Final = {409: (Refusal.DEPOSIT_ENDED, Refusal.UNKNOWN_ADDRESS, Refusal.COMMAND_REUSED)}


def _order_page(takes: type) -> Page:
    return Page(tag="money", who=ADMIN, takes=takes, answers={200: DepositDecided}, refuses=_REFUSES)


def _add_orders(pages: Blueprint, clerk: "_Clerk") -> None:
    reasons, owners = body_codec(ReasonBody), body_codec(AssignBody)

    @pages.post("/deposits/<int:number>/assign")
    @_order_page(AssignBody)
    async def assign_one(number: int) -> Answer:
        """Say whose an unmatched deposit is; it is checked and credited like any other. May be repeated."""
        body = await read_body(owners)
        if not 0 < body.user_id <= _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")

        async def check(transaction: Transaction) -> None:
            if await find_standing(transaction, body.user_id) is None:
                raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")

        return await clerk.obey(number, "assigned", body, lambda one: assign(one, body.user_id), check)

    @pages.post("/deposits/<int:number>/credit")
    @_order_page(ReasonBody)
    async def credit_one(number: int) -> Answer:
        """Let a deposit be credited whatever was found, once it has its confirmations. May be repeated."""
        body = await read_body(reasons)
        return await clerk.obey(number, "cleared", body, clear)

    @pages.post("/deposits/<int:number>/refuse")
    @_order_page(ReasonBody)
    async def refuse_one(number: int) -> Answer:
        """Refuse a deposit: it is not credited, unless an administrator clears it later. May be repeated."""
        body = await read_body(reasons)
        return await clerk.obey(number, "refused", body, turn_down)


def _add_originator(pages: Blueprint, clerk: "_Clerk") -> None:
    senders = body_codec(OriginatorBody)

    @pages.post("/deposits/<int:number>/originator")
    @_order_page(OriginatorBody)
    async def originator_one(number: int) -> Answer:
        """Write down who has sent a deposit, however far it is. May be repeated."""
        body = await read_body(senders)
        said = {"name": body.name, "address": body.address, "exchange": body.exchange}
        for name, text in said.items():
            is_fit = not text or is_text(text, _MAX_FACT_LETTERS)
            refuse_unless(
                is_fit and (text or name != "name"), Refusal.MALFORMED, f"{name}: up to 128 letters"
            )
        known = {name: text for name, text in said.items() if text}
        return await clerk.obey(
            number, "originator", body, lambda one: evolve(one, originator={**one.originator, **known})
        )


@frozen
class _Clerk:
    """Carries orders about deposits out, and tells the player after the commit."""

    office: Office
    desk: DepositDesk

    async def obey(
        self, number: int, action: str, body: OrderBody, rule: Rule, check: Check | None = None
    ) -> Answer:
        """Do to a deposit what is ordered, once."""
        order = read_order(body, f"deposit_{action}", f"deposit:{number}")
        if number > _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such deposit")
        done: list[Change] = []

        async def work(transaction: Transaction) -> Answer:
            if check is not None:
                await check(transaction)
            retry_seconds = self.desk.tools.settings.retry_seconds
            done.append(await change_within(transaction, number, rule, retry_seconds))
            after = done[-1].after
            return {"deposit": number, "state": after.state.value, "user_id": after.user_id}

        with _refusals():
            answer = await obey(self.office.postgres, order, work)
        if not order.is_dry_run:
            self.office.log.warning(
                "deposit.ordered", deposit=number, action=order.action, by=order.admin, reason=order.reason
            )
            for change in done:
                await self.desk.tell(change)
        return answer


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except NoSuchDeposit:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such deposit") from None
    except NobodysDeposit:
        raise RefusedRequest(409, Refusal.UNKNOWN_ADDRESS, "assign it first") from None
    except DepositEnded as ended:
        raise RefusedRequest(409, Refusal.DEPOSIT_ENDED, ended.state.value) from None


def _show(shown: ShownDeposit) -> dict[str, Any]:
    deposit = shown.deposit
    return {
        "id": deposit.number,
        "gateway": deposit.gateway,
        "coin": deposit.coin,
        "coin_amount": write_coins(deposit.coin_amount, deposit.coin_scale),
        "address": deposit.address,
        "tx_hash": deposit.tx_hash,
        "output": deposit.output_number,
        "external_id": deposit.external_id,
        "user_id": deposit.user_id,
        "state": deposit.state.value,
        "confirmations": deposit.confirmations,
        "needed": deposit.needed,
        "reason": deposit.reason,
        "alarm": deposit.alarm,
        "is_cleared": deposit.is_cleared,
        "tries": deposit.tries,
        "krw_amount": shown.krw_amount,
        "payment": deposit.payment_id,
        "held_deposit": deposit.held_id,
        "originator": dict(deposit.originator),
        "seen_at": write_time(shown.seen_at),
        "changed_at": write_time(shown.changed_at),
        "credited_at": write_time(shown.credited_at),
    }
