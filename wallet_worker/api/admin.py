"""What administrators ask and order; every change has a key and may be repeated."""

from typing import Any

from attrs import asdict
from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest, read_body, require_token
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.settings import Secret
from cardroom.wire.refusals import Refusal
from wallet_worker.api.bodies import PromotionBody, TableBody, body_codec, refuse_unless
from wallet_worker.rules.transfers import MAX_AMOUNT
from wallet_worker.store.create_table import NewTable, NoSuchShard, TableDiffers, create_table, list_tables
from wallet_worker.store.promote import KeyReused, NoSuchPlayer, Promotion, promote
from wallet_worker.store.read_balance import read_balance
from wallet_worker.store.read_summary import read_summary
from wallet_worker.store.seal_batch import Link

_MAX_LETTERS = 64
_MAX_KEY_LETTERS = 128
_MAX_ID = 2**63 - 1
_MAX_SHARD = 2**31 - 1
_MIN_SEATS, _MAX_SEATS = 2, 9


def admin_pages(postgres: Postgres, link: Link, token: Secret, log: Log) -> Blueprint:
    """Serve everything under ``/admin``, to who shows the bearer token."""
    pages = Blueprint("admin", __name__, url_prefix="/admin")
    pages.before_request(require_token(token))
    _add_questions(pages, postgres)
    _add_promotions(pages, postgres, link, log)
    _add_tables(pages, postgres, log)
    return pages


def _add_questions(pages: Blueprint, postgres: Postgres) -> None:
    @pages.get("/ledger/summary")
    async def summary() -> dict[str, Any]:
        """Say where all money is; cheap enough to ask each second."""
        async with postgres.transaction() as transaction:
            found = await read_summary(transaction)
        return found.as_numbers()

    @pages.get("/users/<int:user_id>/balance")
    async def balance(user_id: int) -> dict[str, Any]:
        if user_id > _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")
        found = await read_balance(postgres, UserId(user_id))
        return {"user_id": user_id} | asdict(found)


def _add_promotions(pages: Blueprint, postgres: Postgres, link: Link, log: Log) -> None:
    bodies = body_codec(PromotionBody)

    @pages.post("/promotions")
    async def give() -> tuple[dict[str, Any], int]:
        body = await read_body(bodies)
        refuse_unless(body.amount > 0, Refusal.AMOUNT_TOO_SMALL, "amount: above zero")
        refuse_unless(body.amount <= MAX_AMOUNT, Refusal.AMOUNT_TOO_LARGE, f"amount: up to {MAX_AMOUNT}")
        key = body.idempotency_key
        refuse_unless(_is_text(key, _MAX_KEY_LETTERS), Refusal.MALFORMED, "idempotency_key: 1 to 128 letters")
        refuse_unless(_is_text(body.reason, _MAX_KEY_LETTERS), Refusal.MALFORMED, "reason: 1 to 128 letters")
        if not 0 < body.user_id <= _MAX_ID:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player")
        try:
            answer = await promote(postgres, Promotion(body.user_id, body.amount, body.reason, key), link)
        except KeyReused:
            raise RefusedRequest(409, Refusal.COMMAND_REUSED, "the key stands for another request") from None
        except NoSuchPlayer:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such player") from None
        log.info("promotion.given", user_id=body.user_id, amount=body.amount, reason=body.reason)
        return answer, 201


def _add_tables(pages: Blueprint, postgres: Postgres, log: Log) -> None:
    bodies = body_codec(TableBody)

    @pages.post("/tables")
    async def make() -> tuple[dict[str, Any], int]:
        body = await read_body(bodies)
        refuse_unless(_is_text(body.name, _MAX_LETTERS), Refusal.MALFORMED, "name: 1 to 64 letters")
        refuse_unless(_is_text(body.stake, _MAX_LETTERS), Refusal.MALFORMED, "stake: 1 to 64 letters")
        seats_fit = _MIN_SEATS <= body.seat_count <= _MAX_SEATS
        refuse_unless(seats_fit, Refusal.MALFORMED, "seat_count: 2 to 9")
        table = NewTable(body.shard, body.name, body.stake, body.seat_count, body.private)
        if not 0 <= body.shard <= _MAX_SHARD:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such shard")
        try:
            made = await create_table(postgres, table)
        except TableDiffers:
            detail = "the shard has another table of that name"
            raise RefusedRequest(409, Refusal.NAME_TAKEN, detail) from None
        except NoSuchShard:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such shard") from None
        facts = {"shard": body.shard, "stake": body.stake, "is_private": body.private}
        log.info("table.made", table_id=made.table_id, **facts)
        return {"table_id": made.table_id, "invitation": made.invitation}, 201

    @pages.get("/tables")
    async def listed() -> dict[str, Any]:
        return {"tables": [dict(row) for row in await list_tables(postgres)]}


def _is_text(text: str, longest: int) -> bool:
    """Say whether the database can store a text: some letters, not too many, and no NUL among them."""
    return 0 < len(text) <= longest and "\0" not in text
