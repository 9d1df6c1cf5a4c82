"""Administrators compare gateways with the books, now and for what was; what was counted by hand counts."""

from typing import Any

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.fakes.vault import Vault, book_of
from tests.wallet_worker.gateway_rows import credited
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.office import get, make_office, ordered, post
from wallet_worker.api.gateway_reconciliation import gateway_reconciliation_pages
from wallet_worker.api.office import Office
from wallet_worker.cashier.reconciliation import GatewayReconciler

PATH = "/admin/gateway-reconciliation"
BOOK = book_of(BTC="vault", USDT="vault")


@pytest.fixture
def vault() -> Vault:
    return Vault("vault", {"BTC": 100_000, "USDT": 0})


@pytest.fixture
def app(house: House, redis: Redis, vault: Vault) -> QuartTrio:
    office = Office(house.database, LINK, LOG)
    reconciler = GatewayReconciler(house.database, {"vault": vault}, BOOK, LOG)
    app = make_office(house, redis)
    app.register_blueprint(gateway_reconciliation_pages(office, reconciler, BOOK))
    return app


async def compare(app: QuartTrio, **changes: object) -> tuple[int, Any]:
    return await post(app, PATH, ordered({}, **changes))


async def test_a_comparison_names_each_coin_and_its_difference(
    app: QuartTrio, house: House, vault: Vault
) -> None:
    await credited(house)
    vault.has["BTC"] = 99_000
    status, answer = await compare(app)
    assert status == 200, answer
    bitcoin, tether = answer["comparisons"]
    assert {name: bitcoin[name] for name in ("gateway", "coin", "credited", "paid", "expected")} == {
        "gateway": "vault", "coin": "BTC", "credited": "0.00100000", "paid": "0.00000000",
        "expected": "0.00100000",
    }  # fmt: skip
    assert (bitcoin["found"], bitcoin["difference"]) == ("0.00099000", "-0.00001000")
    assert (bitcoin["unexplained"], bitcoin["trouble"]) == ("-0.00001000", None)
    assert (tether["coin"], tether["difference"], tether["business_day"]) == ("USDT", "0.000000", None)


async def test_the_same_order_is_carried_out_once(app: QuartTrio, house: House, vault: Vault) -> None:
    first = await compare(app)
    vault.has["BTC"] = 7
    assert await compare(app) == first
    assert (await compare(app, counted=[{"coin": "BTC", "amount": "1"}]))[1] != first[1]
    assert await house.number("SELECT count(*) FROM gateway_reconciliation") == 4
    actions = await house.rows("SELECT action, subject FROM admin_action")
    assert {tuple(row) for row in actions} == {("gateway_reconciliation", "gateways")}


async def test_a_dry_run_writes_nothing_down(app: QuartTrio, house: House) -> None:
    status, answer = await compare(app, dry_run=True)
    assert (status, answer["dry_run"], len(answer["comparisons"])) == (200, True, 2)
    assert await house.number("SELECT count(*) FROM gateway_reconciliation") == 0


async def test_a_gateway_that_is_away_is_said_to_be(app: QuartTrio, vault: Vault) -> None:
    vault.is_away = True
    status, answer = await compare(app)
    assert status == 200
    assert {one["trouble"] for one in answer["comparisons"]} == {"away: no connection"}
    assert {one["found"] for one in answer["comparisons"]} == {None}


async def test_what_was_counted_stands_for_the_gateway(app: QuartTrio, vault: Vault) -> None:
    counted = [{"coin": "BTC", "amount": "0.5"}, {"coin": "USDT", "amount": "12.000001"}]
    vault.is_away = True
    status, answer = await compare(app, counted=counted)
    assert status == 200, answer
    assert [one["found"] for one in answer["comparisons"]] == ["0.50000000", "12.000001"]
    assert {one["counted_by"] for one in answer["comparisons"]} == {"admin"}


@pytest.mark.parametrize(
    ("counted", "status", "code"),
    [
        ([{"coin": "ETH", "amount": "1"}], 404, "no_such_coin"),
        ([{"coin": "BTC", "amount": "0.000000001"}], 400, "malformed"),
        ([{"coin": "BTC", "amount": "-1"}], 400, "malformed"),
        ([{"coin": "BTC", "amount": "1"}] * 2, 400, "malformed"),
        ([{"coin": "BTC"}], 400, "malformed"),
        ({"BTC": "1"}, 400, "malformed"),
    ],
)
async def test_what_cannot_have_been_counted_is_refused(
    app: QuartTrio, house: House, counted: object, status: int, code: str
) -> None:
    refused, answer = await compare(app, counted=counted)
    assert (refused, answer["code"]) == (status, code)
    assert await house.number("SELECT count(*) FROM gateway_reconciliation") == 0


async def test_a_reason_is_needed_and_the_role_of_money(app: QuartTrio) -> None:
    assert (await post(app, PATH, {"idempotency_key": "k", "reason": ""}))[0] == 400
    assert (await get(app, PATH, "wrong"))[0] == 401
    assert (await post(app, PATH, ordered({}), "wrong"))[0] == 401


async def test_the_list_goes_by_number_and_begins_with_the_newest(app: QuartTrio, vault: Vault) -> None:
    await compare(app)
    vault.has["BTC"] = 5
    await compare(app, reason="again", idempotency_key="another", counted=[{"coin": "USDT", "amount": "3"}])
    status, found = await get(app, PATH)
    assert status == 200
    assert [one["coin"] for one in found["comparisons"]] == ["USDT", "BTC", "USDT", "BTC"]
    assert {one["coin"]: one["found"] for one in found["newest"]} == {"BTC": "0.00000005", "USDT": "3.000000"}
    assert found["next_before"] is None
    _, first = await get(app, f"{PATH}?limit=3")
    _, rest = await get(app, f"{PATH}?limit=3&before={first['next_before']}")
    assert first["comparisons"] + rest["comparisons"] == found["comparisons"]
    assert (await get(app, f"{PATH}?since=1"))[0] == 400
