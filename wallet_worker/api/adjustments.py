"""``/admin/adjustments``: one administrator proposes a correction, another approves or rejects it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from attrs import field, frozen
from quart import Blueprint

from cardroom.money import Krw
from cardroom.service.admin_orders import (
    MAX_KEY_LETTERS,
    MAX_REASON_LETTERS,
    Answer,
    ReasonBody,
    obey,
    read_order,
)
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
from cardroom.service.postgres import Transaction
from cardroom.wire.json_schema import beside, letters, whole
from cardroom.wire.refusals import Refusal
from wallet_worker.api.answers import AdjustmentDecided, Adjustments
from wallet_worker.api.bodies import body_codec, refused_by_rule
from wallet_worker.api.office import Office
from wallet_worker.rules.account_names import read_account_name
from wallet_worker.rules.adjustment import AdjustmentState, AlreadyDecided, OwnProposal
from wallet_worker.rules.denials import Denied
from wallet_worker.rules.transfers import MAX_AMOUNT
from wallet_worker.store.adjustments import (
    Decision,
    NoSuchAdjustment,
    Proposal,
    approve,
    list_adjustments,
    propose,
    reject,
)
from wallet_worker.store.house_transfer import NoSuchAccount, NoSuchPlayer

_MAX_ID: Final = 2**63 - 1
_RULE_OF_NAMES: Final = (
    "an account such as wallet:17, rake:0, promotions, deposit_clearing:BTC; none of a table"
)
ACCOUNT_NAME: Final = "account-name"
"""The format of an account's name."""
_PARAMETERS: Final = (
    LIMIT,
    BEFORE,
    Parameter("state", {"const": "proposed", "type": "string"}, "Only those that may still be decided"),
)
_REFUSED_BOOKS: Final = (Refusal.INSUFFICIENT_FUNDS, Refusal.FROZEN)
_TIMES: Final = ("proposed_at", "expires_at", "decided_at")


@frozen
class AdjustmentBody:
    """``POST /admin/adjustments``: the account ``debit`` should give ``amount`` won to ``credit``."""

    debit: str = field(metadata=beside(format=ACCOUNT_NAME))
    """Such as ``wallet:17``, ``rake:0``, ``promotions``, ``deposit_clearing:BTC``; no account of a table."""
    credit: str = field(metadata=beside(format=ACCOUNT_NAME))
    """Another account, named alike."""
    amount: Krw = field(metadata=whole(1, MAX_AMOUNT))
    reason: str = field(metadata=letters(1, MAX_REASON_LETTERS))
    idempotency_key: str = field(metadata=letters(1, MAX_KEY_LETTERS))
    dry_run: bool = False


def add_adjustments(pages: Blueprint, office: Office) -> None:
    """Add the pages; the list goes by number, newest first."""
    _add_proposals(pages, office)
    _add_decisions(pages, office)

    @pages.get("/adjustments")
    @Page(tag="money", who=ADMIN, parameters=_PARAMETERS, answers={200: Adjustments})
    async def adjustments() -> dict[str, Any]:
        """List proposals, newest first."""
        asked = read_parameters({"limit", "before", "state"})
        if asked.get("state", "proposed") != "proposed":
            raise bad_parameter("state", 'only "proposed": those that may still be decided')
        limit, before = read_limit(asked), read_before(asked)
        found = await list_adjustments(office.postgres, before, limit + 1, is_undecided="state" in asked)
        more = found[limit - 1]["id"] if len(found) > limit else None
        return {"adjustments": [_show(one) for one in found[:limit]], "next_before": more}


def _add_proposals(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(AdjustmentBody)

    @pages.post("/adjustments")
    @Page(
        tag="money",
        who=ADMIN,
        takes=AdjustmentBody,
        answers={201: AdjustmentDecided},
        refuses={
            400: (Refusal.AMOUNT_TOO_SMALL, Refusal.AMOUNT_TOO_LARGE),
            404: (Refusal.NOT_FOUND,),
            409: (Refusal.COMMAND_REUSED, *_REFUSED_BOOKS),
        },
    )
    async def propose_one() -> tuple[Answer, int]:
        """Propose that one account gives to another; no money moves before another administrator approves."""
        body = await read_body(bodies)
        for name, account in (("debit", body.debit), ("credit", body.credit)):
            is_account = read_account_name(account) is not None
            refuse_unless(is_account, Refusal.MALFORMED, f"{name}: {_RULE_OF_NAMES}")
        refuse_unless(body.debit != body.credit, Refusal.MALFORMED, "credit: another account than debit")
        refuse_unless(body.amount > 0, Refusal.AMOUNT_TOO_SMALL, "amount: above zero")
        refuse_unless(body.amount <= MAX_AMOUNT, Refusal.AMOUNT_TOO_LARGE, f"amount: up to {MAX_AMOUNT}")
        order = read_order(body, "adjustment_proposed", f"{body.debit} to {body.credit}")
        proposal = Proposal(body.debit, body.credit, body.amount, body.reason, order.admin)

        async def work(transaction: Transaction) -> Answer:
            return await propose(transaction, proposal, office.settings.proposal_days, office.link)

        with _refusals():
            answer = await obey(office.postgres, order, work)
        if not order.is_dry_run:
            office.log.info("adjustment.proposed", adjustment=answer["adjustment"], by=order.admin)
        return answer, 201


_DECISION: Final = Page(
    tag="money",
    who=ADMIN,
    takes=ReasonBody,
    answers={200: AdjustmentDecided},
    refuses={
        403: (Refusal.ANOTHER_MUST_APPROVE,),
        409: (Refusal.ALREADY_DECIDED, Refusal.COMMAND_REUSED, *_REFUSED_BOOKS),
    },
)


def _add_decisions(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(ReasonBody)

    async def decide(number: int, state: AdjustmentState) -> Answer:
        body = await read_body(bodies)
        if number > _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such adjustment")
        order = read_order(body, f"adjustment_{state.value}", f"adjustment:{number}")
        decision = Decision(number, order.admin, body.reason)

        async def work(transaction: Transaction) -> Answer:
            if state is AdjustmentState.APPROVED:
                return await approve(transaction, decision, office.link)
            return await reject(transaction, decision)

        with _refusals():
            answer = await obey(office.postgres, order, work)
        if not order.is_dry_run:
            office.log.info("adjustment.decided", adjustment=number, state=state.value, by=order.admin)
        return answer

    @pages.post("/adjustments/<int:number>/approve")
    @_DECISION
    async def approve_one(number: int) -> Answer:
        """Approve what another administrator has proposed, and move the money."""
        return await decide(number, AdjustmentState.APPROVED)

    @pages.post("/adjustments/<int:number>/reject")
    @_DECISION
    async def reject_one(number: int) -> Answer:
        """End a proposal; its maker may take it back so."""
        return await decide(number, AdjustmentState.REJECTED)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except NoSuchAdjustment:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such adjustment") from None
    except NoSuchPlayer:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player") from None
    except NoSuchAccount:
        raise RefusedRequest(404, Refusal.NOT_FOUND, "no such account") from None
    except AlreadyDecided as decided:
        raise RefusedRequest(409, Refusal.ALREADY_DECIDED, decided.state.value) from None
    except OwnProposal:
        raise RefusedRequest(403, Refusal.ANOTHER_MUST_APPROVE) from None
    except Denied as denied:
        raise refused_by_rule(denied) from None


def _show(facts: dict[str, Any]) -> dict[str, Any]:
    return facts | {name: write_time(facts[name]) for name in _TIMES}
