"""``/admin/withdrawals``: what administrators see of withdrawals, and what they order about them.

Which order makes sense in which state says ``rules.withdrawal_steps.may_order``.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from quart import Blueprint

from cardroom.service.admin_orders import Answer, ReasonBody
from cardroom.service.http import RefusedRequest, read_body, refuse_unless
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
from cardroom.service.postgres import Row, Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import body_codec
from wallet_worker.api.withdrawal_answers import (
    AfterNotPaid,
    NotPaidBody,
    PaidBody,
    WholeWithdrawalShown,
    WithdrawalShown,
    WithdrawalsShown,
)
from wallet_worker.api.withdrawal_orders import (
    NOT_NOW_REFUSALS,
    ORDER_REFUSALS,
    WithdrawalOffice,
    Work,
    check_number,
    refusals,
    show,
)
from wallet_worker.gateways.port import GatewayAway, PayoutStage
from wallet_worker.rates.port import RateNow
from wallet_worker.rules.coins import COINS, read_coins, read_tx_hash, write_coins
from wallet_worker.rules.withdrawal_steps import Order, State, may_order, write_external_id
from wallet_worker.store.claim_payout import claim_within
from wallet_worker.store.decide_payout import NotPaidWord, PaidWord, not_paid_within, paid_within
from wallet_worker.store.list_withdrawals import WholeWithdrawal, list_alarmed, list_withdrawals, read_whole
from wallet_worker.store.seal_batch import Link
from wallet_worker.store.vote_withdrawal import (
    StepNotAllowed,
    Vote,
    approve_within,
    flag_within,
    reject_within,
)
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal

_ALARM: Final = "alarm"
_STATES: Final = tuple(one.value for one in State)
_PARAMETERS: Final = (
    LIMIT,
    BEFORE,
    Parameter(
        "state",
        {"enum": [*_STATES, _ALARM], "type": "string"},
        "Only those of this state; ``alarm``: only those of which a gateway told something else",
    ),
)

_Vote = Callable[[Transaction, Vote, Link], Awaitable[FollowedWithdrawal]]


def admin_withdrawal_pages(house: WithdrawalOffice) -> Blueprint:
    """Serve everything under ``/admin/withdrawals``, to whom ``roles.py`` names; lists are newest first."""
    pages = Blueprint("admin_withdrawals", __name__, url_prefix="/admin")
    _add_questions(pages, house)
    _add_votes(pages, house)
    _add_take(pages, house)
    _add_paid(pages, house)
    _add_not_paid(pages, house)
    return pages


def _add_questions(pages: Blueprint, house: WithdrawalOffice) -> None:
    postgres = house.office.postgres

    @pages.get("/withdrawals")
    @Page(tag="withdrawals", who=ADMIN, parameters=_PARAMETERS, answers={200: WithdrawalsShown})
    async def withdrawals() -> dict[str, Any]:
        """List withdrawals, newest first."""
        asked = read_parameters({"limit", "before", "state"})
        named = asked.get("state")
        if named not in (None, _ALARM, *_STATES):
            raise bad_parameter("state", f"one of {', '.join(_STATES)}, {_ALARM}")
        limit, before = read_limit(asked), read_before(asked)
        if named == _ALARM:
            found = await list_alarmed(postgres, before, limit + 1)
        else:
            state = None if named is None else State(named)
            found = await list_withdrawals(postgres, state, before, limit + 1)
        more = found[limit - 1].number if len(found) > limit else None
        return {"withdrawals": [show(one) for one in found[:limit]], "next_before": more}

    @pages.get("/withdrawals/<int:number>")
    @Page(tag="withdrawals", who=ADMIN, answers={200: WholeWithdrawalShown})
    async def withdrawal(number: int) -> dict[str, Any]:
        """Show a withdrawal with all that was said of it."""
        check_number(number)
        with refusals():
            return _show_whole(await read_whole(postgres, number))


def _add_votes(pages: Blueprint, house: WithdrawalOffice) -> None:
    bodies = body_codec(ReasonBody)
    page = Page(
        tag="withdrawals", who=ADMIN, takes=ReasonBody, answers={200: WithdrawalShown}, refuses=ORDER_REFUSALS
    )
    link = house.office.link

    async def order(number: int, action: str, work: _Vote) -> Answer:
        body = await read_body(bodies)
        check_number(number)

        def by(admin: str) -> Work:
            return lambda transaction: work(transaction, Vote(number, admin, body.reason), link)

        return await house.carry_out(body, action, number, by)

    @pages.post("/withdrawals/<int:number>/approve")
    @page
    async def approve(number: int) -> Answer:
        """Approve a withdrawal, as two different ones must. It is sent when its time to wait is over."""
        return await order(number, "approve", approve_within)

    @pages.post("/withdrawals/<int:number>/reject")
    @page
    async def reject(number: int) -> Answer:
        """End a withdrawal that is not being sent; its money is back in the wallet."""
        return await order(number, "reject", reject_within)

    @pages.post("/withdrawals/<int:number>/flag")
    @page
    async def flag(number: int) -> Answer:
        """Flag a withdrawal: two administrators must approve from now on, whatever was approved before."""
        return await order(number, "flag", flag_within)


def _add_take(pages: Blueprint, house: WithdrawalOffice) -> None:
    bodies = body_codec(ReasonBody)

    @pages.post("/withdrawals/<int:number>/take")
    @Page(
        tag="withdrawals",
        who=ADMIN,
        takes=ReasonBody,
        answers={200: WithdrawalShown},
        refuses={409: (*ORDER_REFUSALS[409], *NOT_NOW_REFUSALS)},
    )
    async def take(number: int) -> Answer:
        """Take a manual payout: rate and amount are fixed, and it is this administrator's to send, once."""
        body = await read_body(bodies)
        row = await house.find(number)
        rate = await _price(house, row, body) if _may_take(house, row) else None

        def by(admin: str) -> Work:
            return lambda transaction: _take(house, transaction, row, admin, rate)

        return await house.carry_out(body, "take", number, by)


def _may_take(house: WithdrawalOffice, row: FollowedWithdrawal) -> bool:
    return may_order(Order.TAKE, row.state, is_manual=house.is_manual(row))


async def _price(house: WithdrawalOffice, row: FollowedWithdrawal, body: ReasonBody) -> RateNow:
    with refusals():
        return await house.desk.prepare(row, is_rehearsal=body.dry_run)


async def _take(
    house: WithdrawalOffice,
    transaction: Transaction,
    row: FollowedWithdrawal,
    admin: str,
    rate: RateNow | None,
) -> FollowedWithdrawal:
    if rate is None:
        raise StepNotAllowed(row.state)
    claim = house.desk.claim(row, rate, admin)
    return await claim_within(transaction, claim, house.tools.sending_rules(row.coin), house.office.link)


def _add_paid(pages: Blueprint, house: WithdrawalOffice) -> None:
    bodies = body_codec(PaidBody)

    @pages.post("/withdrawals/<int:number>/paid")
    @Page(
        tag="withdrawals",
        who=ADMIN,
        takes=PaidBody,
        answers={200: WithdrawalShown},
        refuses={409: (*ORDER_REFUSALS[409], Refusal.PAYOUT_DIFFERS, Refusal.LOOK_UP_DIFFERS)},
    )
    async def paid(number: int) -> Answer:
        """Book a payout that is doubtful, or was sent by hand, by the transaction that paid it."""
        body = await read_body(bodies)
        tx_hash = read_tx_hash(body.tx_hash)
        refuse_unless(tx_hash, Refusal.MALFORMED, "tx_hash: 64 hexadecimal digits")
        assert tx_hash is not None, "refused otherwise"
        row = await house.find(number)
        coin_amount = read_coins(body.coin_amount, COINS[row.coin])
        refuse_unless(coin_amount is not None, Refusal.MALFORMED, "coin_amount: in whole coins")
        assert coin_amount is not None, "refused otherwise"
        await _look_up(house, row, tx_hash)
        word = PaidWord(number, coin_amount, tx_hash, house.is_manual(row))

        def by(_: str) -> Work:
            return lambda transaction: paid_within(transaction, word, house.office.link)

        return await house.carry_out(body, "paid", number, by)


async def _look_up(house: WithdrawalOffice, row: FollowedWithdrawal, tx_hash: str) -> None:
    """Refuse what the gateway's own record is against; a gateway that cannot say, or is away, is not."""
    gateway = house.tools.gateways.get(row.gateway)
    if gateway is None or gateway.is_manual or row.state is not State.DOUBTFUL:
        return
    try:
        found = await gateway.find_payout(write_external_id(row.number, row.attempt), row.task_id)
    except GatewayAway:
        return
    is_another = found.tx_hash is not None and read_tx_hash(found.tx_hash) != tx_hash
    is_none = found.stage in (PayoutStage.NEVER_CAME, PayoutStage.FAILED) and found.tx_hash is None
    if is_another or is_none:
        detail = f"the gateway says {found.stage.value}"
        raise RefusedRequest(409, Refusal.LOOK_UP_DIFFERS, detail)


def _add_not_paid(pages: Blueprint, house: WithdrawalOffice) -> None:
    bodies = body_codec(NotPaidBody)

    @pages.post("/withdrawals/<int:number>/not-paid")
    @Page(
        tag="withdrawals",
        who=ADMIN,
        takes=NotPaidBody,
        answers={200: WithdrawalShown},
        refuses={**ORDER_REFUSALS, 503: (Refusal.BUSY,)},
    )
    async def not_paid(number: int) -> Answer:
        """Say that a payout was not sent. Two administrators must, or the one who has taken a manual one.

        Until a gateway's payout is old enough, it may still be about to be sent: 503 says when.
        """
        body = await read_body(bodies)
        row = await house.find(number)
        seconds = house.tools.settings.person_seconds

        def by(admin: str) -> Work:
            word = NotPaidWord(
                number, admin, body.reason, body.then is AfterNotPaid.AGAIN, house.is_manual(row), seconds
            )
            return lambda transaction: not_paid_within(transaction, word, house.office.link)

        return await house.carry_out(body, "not_paid", number, by)


def _show_whole(whole: WholeWithdrawal) -> dict[str, Any]:
    flags = len(whole.row.flags)
    return {
        "withdrawal": show(whole.row),
        "travel_rule": json.loads(whole.travel_rule),
        "votes": [_show_vote(one, flags) for one in whole.votes],
        "not_paid": [_show_word(one, whole.row) for one in whole.words],
        "alarms": [_show_alarm(one, COINS[whole.row.coin]) for one in whole.alarms],
    }


def _show_vote(vote: Row, flags: int) -> dict[str, Any]:
    return {
        "admin": vote["admin"],
        "is_approval": vote["is_approval"],
        "counts": not vote["is_approval"] or vote["flag_count"] == flags,
        "reason": vote["reason"],
        "voted_at": write_time(vote["voted_at"]),
    }


def _show_word(word: Row, row: FollowedWithdrawal) -> dict[str, Any]:
    return {
        "attempt": word["attempt"],
        "admin": word["admin"],
        "then": (AfterNotPaid.AGAIN if word["sends_again"] else AfterNotPaid.FAILED).value,
        "counts": (word["attempt"], word["doubt"]) == (row.attempt, row.doubts),
        "reason": word["reason"],
        "said_at": write_time(word["said_at"]),
    }


def _show_alarm(alarm: Row, scale: int) -> dict[str, Any]:
    amount = alarm["coin_amount"]
    return {
        "kind": alarm["kind"],
        "attempt": alarm["attempt"],
        "tx_hash": alarm["tx_hash"],
        "coin_amount": None if amount is None else write_coins(int(amount), scale),
        "state": alarm["state"],
        "told_at": write_time(alarm["told_at"]),
    }
