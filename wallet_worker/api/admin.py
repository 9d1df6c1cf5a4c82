"""What administrators ask and order; every change has a key and may be repeated."""

from typing import Any, Final

from attrs import asdict
from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.admin_orders import Answer, check_reason, obey, read_order
from cardroom.service.http import RefusedRequest, read_body, refuse_unless
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.postgres import Postgres, Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.accounts import add_accounts
from wallet_worker.api.actions import add_actions
from wallet_worker.api.adjustments import add_adjustments
from wallet_worker.api.answers import LedgerSummary, PromotionGiven, UsersBalance
from wallet_worker.api.bodies import (
    MAX_GIFT_REASON_LETTERS,
    PromotionBody,
    body_codec,
    refused_by_rule,
)
from wallet_worker.api.freezes import add_freezes, show_freezes
from wallet_worker.api.hands import add_hands
from wallet_worker.api.office import Office
from wallet_worker.api.protection import add_held_deposits
from wallet_worker.api.reconciliation import add_reconciliation
from wallet_worker.api.rooms import add_rooms
from wallet_worker.api.tables import add_tables
from wallet_worker.rules.denials import Denied
from wallet_worker.rules.transfers import MAX_AMOUNT
from wallet_worker.store.freezes import read_freezes
from wallet_worker.store.house_transfer import KeyReused, NoSuchPlayer
from wallet_worker.store.promote import Promotion, promote_within
from wallet_worker.store.read_balance import read_balance
from wallet_worker.store.read_summary import read_summary

_MAX_ID: Final = 2**63 - 1


def admin_pages(office: Office) -> Blueprint:
    """Serve everything under ``/admin``, to whom ``roles.py`` names."""
    pages = Blueprint("admin", __name__, url_prefix="/admin")
    _add_questions(pages, office.postgres)
    _add_promotions(pages, office)
    add_accounts(pages, office)
    add_actions(pages, office)
    add_adjustments(pages, office)
    add_freezes(pages, office)
    add_reconciliation(pages, office)
    add_rooms(pages, office)
    add_tables(pages, office)
    add_hands(pages, office.postgres)
    add_held_deposits(pages, office)
    return pages


def _add_questions(pages: Blueprint, postgres: Postgres) -> None:
    @pages.get("/ledger/summary")
    @Page(tag="ledger", who=ADMIN, answers={200: LedgerSummary})
    async def summary() -> dict[str, Any]:
        """Say where all money is; cheap enough to ask each second."""
        async with postgres.transaction() as transaction:
            found = await read_summary(transaction)
            freezes = await read_freezes(transaction)
        return found.as_numbers() | show_freezes(freezes)

    @pages.get("/users/<int:user_id>/balance")
    @Page(tag="players", who=ADMIN, answers={200: UsersBalance})
    async def balance(user_id: int) -> dict[str, Any]:
        """Say what a player has; who has no account yet has nothing."""
        if user_id > _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")
        found = await read_balance(postgres, UserId(user_id))
        return {"user_id": user_id} | asdict(found)


def _add_promotions(pages: Blueprint, office: Office) -> None:
    bodies = body_codec(PromotionBody)

    @pages.post("/promotions")
    @Page(
        tag="money",
        who=ADMIN,
        takes=PromotionBody,
        answers={201: PromotionGiven},
        refuses={
            400: (Refusal.AMOUNT_TOO_SMALL, Refusal.AMOUNT_TOO_LARGE),
            404: (Refusal.NOT_FOUND,),
            409: (Refusal.FROZEN, Refusal.COMMAND_REUSED),
        },
    )
    async def give() -> tuple[Answer, int]:
        """Let the house give to a player, once per key; a repeat gets the first answer."""
        body = await read_body(bodies)
        refuse_unless(body.amount > 0, Refusal.AMOUNT_TOO_SMALL, "amount: above zero")
        refuse_unless(body.amount <= MAX_AMOUNT, Refusal.AMOUNT_TOO_LARGE, f"amount: up to {MAX_AMOUNT}")
        check_reason(body.reason, MAX_GIFT_REASON_LETTERS)
        order = read_order(body, "promotion", f"user:{body.user_id}")
        if not 0 < body.user_id <= _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")
        gift = Promotion(body.user_id, body.amount, body.reason, body.idempotency_key)

        async def work(transaction: Transaction) -> Answer:
            return await promote_within(transaction, gift, office.link)

        try:
            answer = await obey(office.postgres, order, work)
        except KeyReused:
            raise RefusedRequest(409, Refusal.COMMAND_REUSED, "the key stands for another request") from None
        except NoSuchPlayer:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player") from None
        except Denied as denied:
            raise refused_by_rule(denied) from None
        if not order.is_dry_run:
            office.log.info("promotion.given", user_id=body.user_id, amount=body.amount, by=order.admin)
        return answer, 201
