"""What administrators ask and order; every change has a key and may be repeated."""

from typing import Any, Final

from attrs import asdict
from quart import Blueprint

from cardroom.ids import UserId
from cardroom.service.http import RefusedRequest, read_body, require_token
from cardroom.service.logs import Log
from cardroom.service.openapi import ADMIN, Page
from cardroom.service.postgres import Postgres, Transaction
from cardroom.wire.refusals import Refusal
from wallet_worker.api.accounts import add_accounts
from wallet_worker.api.actions import add_actions
from wallet_worker.api.adjustments import add_adjustments
from wallet_worker.api.answers import LedgerSummary, PromotionGiven, UsersBalance
from wallet_worker.api.asked import Answer, check_reason, obey, read_order
from wallet_worker.api.bodies import (
    MAX_GIFT_REASON_LETTERS,
    MAX_NAME_LETTERS,
    MAX_SEATS,
    MIN_SEATS,
    PromotionBody,
    TableBody,
    body_codec,
    is_text,
    refuse_unless,
    refused_by_rule,
)
from wallet_worker.api.freezes import add_freezes, show_freeze
from wallet_worker.api.hands import add_hands
from wallet_worker.api.office import Office
from wallet_worker.api.reconciliation import add_reconciliation
from wallet_worker.api.room_answers import BookedTables, TableMade
from wallet_worker.api.rooms import add_rooms
from wallet_worker.rules.denials import Denied
from wallet_worker.rules.transfers import MAX_AMOUNT
from wallet_worker.store.create_table import (
    NewTable,
    NoSuchRoom,
    NoSuchShard,
    RoomClosed,
    TableDiffers,
    create_table,
    list_tables,
)
from wallet_worker.store.freezes import read_freeze
from wallet_worker.store.house_transfer import KeyReused, NoSuchPlayer
from wallet_worker.store.promote import Promotion, promote_within
from wallet_worker.store.read_balance import read_balance
from wallet_worker.store.read_summary import read_summary

_MAX_ID: Final = 2**63 - 1
_MAX_SHARD: Final = 2**31 - 1


_MAKING_TABLES: Final = Page(
    tag="tables",
    who=ADMIN,
    takes=TableBody,
    answers={201: TableMade},
    refuses={404: (Refusal.NOT_FOUND,), 409: (Refusal.NAME_TAKEN, Refusal.ROOM_CLOSED)},
)


def admin_pages(office: Office) -> Blueprint:
    """Serve everything under ``/admin``, to who shows an administrator's bearer token."""
    pages = Blueprint("admin", __name__, url_prefix="/admin")
    pages.before_request(require_token(office.admins))
    _add_questions(pages, office.postgres)
    _add_promotions(pages, office)
    _add_tables(pages, office.postgres, office.log)
    add_accounts(pages, office)
    add_actions(pages, office)
    add_adjustments(pages, office)
    add_freezes(pages, office)
    add_reconciliation(pages, office)
    add_rooms(pages, office.postgres, office.log)
    add_hands(pages, office.postgres)
    return pages


def _add_questions(pages: Blueprint, postgres: Postgres) -> None:
    @pages.get("/ledger/summary")
    @Page(tag="ledger", who=ADMIN, answers={200: LedgerSummary})
    async def summary() -> dict[str, Any]:
        """Say where all money is; cheap enough to ask each second."""
        async with postgres.transaction() as transaction:
            found = await read_summary(transaction)
            freeze = await read_freeze(transaction)
        return found.as_numbers() | {"everything_frozen": show_freeze(freeze)}

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


def _add_tables(pages: Blueprint, postgres: Postgres, log: Log) -> None:
    bodies = body_codec(TableBody)

    @pages.post("/tables")
    @_MAKING_TABLES
    async def make() -> tuple[dict[str, Any], int]:
        """Make a table, once per shard and name; a repeat gets the table that stands."""
        body = await read_body(bodies)
        refuse_unless(is_text(body.name, MAX_NAME_LETTERS), Refusal.MALFORMED, "name: 1 to 64 letters")
        refuse_unless(is_text(body.stake, MAX_NAME_LETTERS), Refusal.MALFORMED, "stake: 1 to 64 letters")
        refuse_unless(is_text(body.room, MAX_NAME_LETTERS), Refusal.MALFORMED, "room: 1 to 64 letters")
        seats_fit = MIN_SEATS <= body.seat_count <= MAX_SEATS
        refuse_unless(seats_fit, Refusal.MALFORMED, "seat_count: 2 to 9")
        table = NewTable(body.shard, body.name, body.stake, body.seat_count, body.private, body.room)
        if not 0 <= body.shard <= _MAX_SHARD:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such shard")
        try:
            made = await create_table(postgres, table)
        except TableDiffers:
            detail = "the shard has another table of that name"
            raise RefusedRequest(409, Refusal.NAME_TAKEN, detail) from None
        except NoSuchShard:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such shard") from None
        except NoSuchRoom:
            raise RefusedRequest(404, Refusal.NOT_FOUND, "no such room") from None
        except RoomClosed:
            raise RefusedRequest(409, Refusal.ROOM_CLOSED, "the room takes no new tables") from None
        facts = {"shard": body.shard, "stake": body.stake, "room": body.room, "is_private": body.private}
        log.info("table.made", table_id=made.table_id, **facts)
        return {"table_id": made.table_id, "invitation": made.invitation}, 201

    @pages.get("/tables")
    @Page(tag="tables", who=ADMIN, answers={200: BookedTables})
    async def listed() -> dict[str, Any]:
        """List all tables, closed ones too."""
        return {"tables": [dict(row) for row in await list_tables(postgres)]}
