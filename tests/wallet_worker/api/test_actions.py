"""What administrators have ordered at the wallet worker is recorded, and found again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.letters import bury_hand
from tests.wallet_worker.office import get, make_office, post
from tests.wallet_worker.outside import deposit
from tests.wallet_worker.terms import limit
from wallet_worker.api.letters import letter_pages
from wallet_worker.api.roles import PAGES
from wallet_worker.ledger.letter_desk import LetterDesk
from wallet_worker.store.book_deposit import book_deposit

WHY: Mapping[str, Any] = {"reason": "for a test", "idempotency_key": "k1"}


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    app = make_office(house, redis)
    app.register_blueprint(letter_pages(LetterDesk(house.tools, redis, LOG)))
    return app


async def test_orders_are_found_by_subject_administrator_action_and_time(
    app: QuartTrio, house: House
) -> None:
    first, second = house.players[:2]
    for user, token in ((first, "right"), (second, "other")):
        await post(app, f"/admin/users/{user}/freeze", WHY, token=token)
    await post(app, f"/admin/users/{first}/unfreeze", WHY, token="other")
    now = datetime.now(UTC)
    later, earlier = (quote((now + timedelta(hours=hours)).isoformat()) for hours in (1, -1))
    for query, found in (
        ("admin=kim", ["unfreeze_player", "freeze_player"]),
        ("admin=nobody", []),
        (f"subject=user:{first}", ["unfreeze_player", "freeze_player"]),
        ("action=unfreeze_player", ["unfreeze_player"]),
        (f"action=unfreeze_player&from={earlier}&to={later}", ["unfreeze_player"]),
        (f"admin=kim&to={earlier}", []),
        (f"from={later}", []),
    ):
        status, page = await get(app, f"/admin/actions?{query}", token="viewer")
        assert (status, [one["action"] for one in page["actions"]]) == (200, found)
    _, page = await get(app, "/admin/actions?admin=kim&limit=1")
    _, rest = await get(app, f"/admin/actions?admin=kim&limit=1&before={page['next_before']}")
    both = [one["action"] for one in page["actions"] + rest["actions"]]
    assert (both, rest["next_before"]) == (["unfreeze_player", "freeze_player"], None)


@pytest.mark.parametrize("query", ["admin=kim&action=x", "from=soon", "limit=0", "more=1"])
async def test_a_question_that_is_none_is_refused(app: QuartTrio, query: str) -> None:
    status, refused = await get(app, f"/admin/actions?{query}")
    assert (status, refused["code"]) == (400, "malformed")


def orders_of(
    house: House, letter: int, room: int, held: int
) -> Mapping[str, tuple[str, Mapping[str, Any], str]]:
    """Give an order for every page that changes something: its path, body, and what it is recorded as."""
    user, wallet = house.players[0], f"wallet:{house.players[0]}"
    gift = {**WHY, "user_id": user, "amount": 700}
    move = {**WHY, "debit": "promotions", "credit": wallet, "amount": 700}
    table = {**WHY, "shard": house.shard, "name": "Imjin", "stake": "low", "seat_count": 6}
    return {
        "POST /admin/users/<int:user_id>/freeze": (f"/admin/users/{user}/freeze", WHY, "freeze_player"),
        "POST /admin/users/<int:user_id>/unfreeze": (f"/admin/users/{user}/unfreeze", WHY, "unfreeze_player"),
        "POST /admin/promotions": ("/admin/promotions", gift, "promotion"),
        "POST /admin/adjustments": ("/admin/adjustments", move, "adjustment_proposed"),
        "POST /admin/letters/<int:letter_id>/<any(retry, void):order>": (
            f"/admin/letters/{letter}/void", WHY, "letter_voided"
        ),
        "POST /admin/deposits/held/<int:number>/release": (
            f"/admin/deposits/held/{held}/release", WHY, "deposit_release"
        ),
        "POST /admin/freeze": ("/admin/freeze", {**WHY, "scope": "withdrawals"}, "freeze"),
        "POST /admin/unfreeze": ("/admin/unfreeze", {**WHY, "scope": "withdrawals"}, "unfreeze"),
        "POST /admin/tables": ("/admin/tables", table, "table_made"),
        "POST /admin/rooms": ("/admin/rooms", {**WHY, "name": "Seoul"}, "room_made"),
        "POST /admin/rooms/<int:room_id>/close": (f"/admin/rooms/{room}/close", WHY, "room_closed"),
    }  # fmt: skip


DECISIONS = ("approve", "reject")

ELSEWHERE = {
    *(f"POST /admin/deposits/<int:number>/{order}" for order in ("assign", "credit", "refuse", "originator")),
    *(
        f"POST /admin/withdrawals/<int:number>/{order}"
        for order in ("approve", "reject", "flag", "take", "paid", "not-paid")
    ),
    "POST /admin/rates/<coin>/accept",
    "POST /admin/gateway-reconciliation",
}
"""Pages whose record is looked at in their own tests: test_admin_deposits.py and its neighbours."""


async def test_every_page_that_changes_something_records_it(app: QuartTrio, house: House) -> None:
    letter, _ = await bury_hand(house)
    _, room = await post(app, "/admin/rooms", {**WHY, "name": "Busan", "idempotency_key": "another"})
    await limit(house, 0, "deposit_day", 10)
    await book_deposit(house.database, deposit(house.players[0]), LINK)
    orders = orders_of(house, letter, room["room_id"], await house.number("SELECT id FROM held_deposit"))
    for path, body, action in orders.values():
        status, answer = await post(app, path, body, token="other")
        assert status in (200, 201), (path, answer)
        _, page = await get(app, "/admin/actions?admin=kim&limit=1")
        (last,) = page["actions"]
        assert (last["action"], last["reason"], last["key"]) == (action, "for a test", "k1")
    decided = set()
    for word in DECISIONS:
        proposal = {**WHY, "debit": "promotions", "credit": f"wallet:{house.players[0]}", "amount": 7}
        _, made = await post(app, "/admin/adjustments", {**proposal, "idempotency_key": word}, token="other")
        status, _ = await post(app, f"/admin/adjustments/{made['adjustment']}/{word}", WHY)
        assert status == 200
        _, page = await get(app, "/admin/actions?admin=admin&limit=1")
        assert page["actions"][0]["subject"] == f"adjustment:{made['adjustment']}"
        decided.add(f"POST /admin/adjustments/<int:number>/{word}")
    changing = {page for page in PAGES if not page.startswith("GET ")}
    assert set(orders) | decided | ELSEWHERE == changing, "an order is missing here"
