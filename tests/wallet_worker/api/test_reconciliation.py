"""The report adds up, and says what waits for somebody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from quart_trio import QuartTrio

from cardroom.service.parameters import write_time
from cardroom.service.redis import Redis
from tests.wallet_worker.house import LINK, PURSE, House, hand_of
from tests.wallet_worker.office import get, make_office, post
from tests.wallet_worker.outside import deposit, held, payout
from tests.wallet_worker.terms import limit
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.book_payout import book_payout


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


async def busy(app: QuartTrio, house: House) -> None:
    await house.seat(0, 1000, 1000)
    await house.ask(hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 9)]))
    await book_deposit(house.database, deposit(house.players[0]), LINK)
    await book_payout(house.database, await held(house), payout(), LINK)
    await held(house, 20_000, "w2")
    proposal = {"debit": "promotions", "credit": f"wallet:{house.players[0]}", "amount": 1}
    await post(app, "/admin/adjustments", proposal | {"reason": "r", "idempotency_key": "k"})


async def report(app: QuartTrio, query: str = "") -> dict[str, Any]:
    status, found = await get(app, f"/admin/reconciliation{query}")
    assert status == 200, found
    answer: dict[str, Any] = found
    return answer


async def test_the_equation_has_all_its_parts_and_no_difference(app: QuartTrio, house: House) -> None:
    await busy(app, house)
    found = await report(app)
    assert found["balanced"] is True
    assert found["equation"] == {
        "deposits": 150_000, "withdrawals": 30_000, "pending": 20_000, "on_tables": 1999,
        "wallets": 4 * PURSE + 150_000 - 2000 - 30_001 - 20_000, "house": 2 - 4 * PURSE, "difference": 0,
    }  # fmt: skip
    sums = {(one["kind"], one["coin"]): one["balance"] for one in found["accounts"]}
    assert (sums["deposit_clearing", "BTC"], sums["withdrawal_clearing", "BTC"]) == (-150_000, 30_000)
    assert sum(sums.values()) == 0
    assert found["tables"] == [{"table_id": house.tables[0], "seats": 2, "balance": 1999}]
    held_ = found["held_withdrawals"]
    assert (held_["withdrawals"], held_["held"], held_["equals_pending"]) == (1, 20_000, True)
    assert (found["undecided_adjustments"]["proposals"], found["unresolved_dead_letters"]) == (1, 0)
    shards = {one["shard"]: one for one in found["last_batches"]}
    assert shards[house.shard]["last_batch"] == 2
    assert shards[-1]["committed_at"].endswith("Z")
    assert found["everything_frozen"] is None
    assert "movements" not in found


async def test_deposits_that_wait_are_summed_beside_the_equation(app: QuartTrio, house: House) -> None:
    """No account holds them yet, so they are in no part of the equation."""
    assert (await report(app))["held_deposits"] == {"deposits": 0, "held": 0, "oldest": None}
    await limit(house, 0, "deposit_day", 100_000)
    assert "held" in await book_deposit(house.database, deposit(house.players[0]), LINK)
    found = await report(app)
    waiting = found["held_deposits"]
    assert (waiting["deposits"], waiting["held"]) == (1, 150_000)
    assert waiting["oldest"].endswith("Z")
    assert (found["equation"]["deposits"], found["balanced"]) == (0, True)


async def test_a_won_too_much_is_a_difference(app: QuartTrio, house: House) -> None:
    await house.change("UPDATE account SET balance = balance + 1 WHERE kind = 'wallet'")
    found = await report(app)
    assert (found["balanced"], found["equation"]["difference"]) == (False, -4)


async def test_what_moved_in_a_period_by_kind(app: QuartTrio, house: House) -> None:
    await busy(app, house)
    found = await report(app, "?from=2026-01-01T00:00:00Z&to=2026-01-31T00:00:00Z")
    assert found["movements"]["kinds"] == []
    since = write_time(datetime.now(UTC) - timedelta(days=1))
    found = await report(app, f"?from={since}")
    moved = {one["kind"]: (one["transfers"], one["moved"]) for one in found["movements"]["kinds"]}
    assert moved == {
        "promotion": (4, 4 * PURSE), "buy_in": (2, 2000), "hand": (1, 10), "crypto_deposit": (1, 150_000),
        "withdrawal_hold": (2, 50_001), "crypto_withdrawal": (1, 30_000), "rounding": (1, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("to=2026-01-01T00:00:00Z", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:01Z", "to"),
        ("from=9999-12-15T00:00:00Z&to=9999-12-14T00:00:00Z", "to"),
        ("since=1", "since"),
    ],
)
async def test_a_bad_period_is_refused(app: QuartTrio, query: str, parameter: str) -> None:
    status, document = await get(app, f"/admin/reconciliation?{query}")
    assert (status, document["detail"].split(":")[0]) == (400, parameter)


async def test_a_period_at_the_end_of_time_is_answered(app: QuartTrio) -> None:
    status, _ = await get(app, "/admin/reconciliation?from=9999-12-15T00:00:00Z&to=9999-12-16T00:00:00Z")
    assert status == 200
