"""Gateways are held against the books: differences are named per coin, shown, and never made up."""

from datetime import date

import pytest
from prometheus_client import REGISTRY
from structlog.testing import LogCapture

from tests.fakes.logs import captured_by
from tests.fakes.vault import Vault, book_of
from tests.wallet_worker.gateway_rows import asked, credited, seen
from tests.wallet_worker.house import House
from tests.wallet_worker.outside import payout
from wallet_worker.cashier.reconciliation import GatewayReconciler, Unfinished
from wallet_worker.store.gateway_reconciliation import NewComparison, list_comparisons

DAY = date(2026, 11, 28)
BOTH = book_of(BTC="vault", ETH="other")
SENT = payout().coin_amount


def reconciler(house: House, *vaults: Vault, lines: LogCapture | None = None) -> GatewayReconciler:
    log = captured_by(lines or LogCapture())
    return GatewayReconciler(house.database, {one.name: one for one in vaults}, BOTH, log)


def metric(name: str, gateway: str, coin: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"gateway": gateway, "coin": coin})


def said(found: list[NewComparison]) -> dict[str, tuple[int | None, int | None, int | None]]:
    return {
        one.comparison.books.coin: (
            one.comparison.found, one.comparison.difference, one.comparison.unexplained
        )
        for one in found
    }  # fmt: skip


async def written(house: House) -> list[tuple[str, str, date | None]]:
    """Give what was written down, the newest first."""
    found = await list_comparisons(house.database, 2**62, 100)
    return [(one.gateway, one.comparison.books.coin, one.business_day) for one in found]


async def test_every_coin_is_compared_with_its_own_gateway(house: House) -> None:
    await credited(house)
    await asked(house, "confirmed")
    await asked(house, "sent", 2)
    await seen(house, "confirming", 9, coin_amount=5)
    left = 100_000 - SENT
    vault, other = Vault("vault", {"BTC": left}), Vault("other", {"ETH": 0})
    office = reconciler(house, vault, other)
    assert said(await office.compare()) == {"BTC": (left, 0, 0), "ETH": (0, 0, 0)}
    for more, explained in ((5, True), (6, False), (-SENT, True), (-SENT - 1, False)):
        vault.has["BTC"] = left + more
        other.has["ETH"] = 10**18
        found = said(await office.compare())
        assert found["BTC"][:2] == (left + more, more)
        assert (found["BTC"][2] == 0) is explained
        assert found["ETH"] == (10**18, 10**18, 10**18)
    assert await written(house) == [], "comparing writes nothing"


async def test_what_is_booked_while_a_gateway_answers_is_no_difference(house: House) -> None:
    async def meanwhile() -> None:
        await credited(house)
        vault.has["BTC"] = 100_000

    vault = Vault("vault", {"BTC": 0}, meanwhile=meanwhile)
    office = reconciler(house, vault, Vault("other", {"ETH": 0}))
    assert said(await office.compare())["BTC"] == (100_000, 0, 0)
    assert vault.asked == 2


async def test_a_day_is_compared_once(house: House) -> None:
    vault, other = Vault("vault", {"BTC": 0}), Vault("other", {"ETH": 0})
    office = reconciler(house, vault, other)
    assert len(await office.reconcile_day(DAY)) == 2
    assert await office.reconcile_day(DAY) == []
    assert await written(house) == [("other", "ETH", DAY), ("vault", "BTC", DAY)]


async def test_a_gateway_that_is_away_is_asked_again(house: House) -> None:
    vault, other = Vault("vault", {"BTC": 0}), Vault("other", {"ETH": 0}, is_away=True)
    office = reconciler(house, vault, other)
    before = metric("holdem_gateway_unanswered_total", "other", "ETH") or 0
    with pytest.raises(Unfinished, match="other"):
        await office.reconcile_day(DAY)
    assert await written(house) == [("other", "ETH", None), ("vault", "BTC", DAY)]
    assert metric("holdem_gateway_unanswered_total", "other", "ETH") == before + 1
    away, _ = await list_comparisons(house.database, 2**62, 100)
    assert (away.comparison.found, away.comparison.trouble) == (None, "away: no connection")
    other.is_away = False
    assert [one.gateway for one in await office.reconcile_day(DAY)] == ["other"]
    assert await written(house) == [("other", "ETH", DAY), ("other", "ETH", None), ("vault", "BTC", DAY)]


async def test_what_nobody_can_say_is_said(house: House) -> None:
    """A gateway that is served by hand, and one that does not tell of a coin; neither is asked for ever."""
    by_hand = Vault("vault", is_away=True, is_manual=True)
    office = reconciler(house, by_hand, Vault("other", {"BTC": 7}))
    first, second = await office.reconcile_day(DAY)
    troubles = {one.gateway: one.comparison.trouble for one in (first, second)}
    assert troubles == {
        "vault": "sent by hand: nobody says what is there; count it",
        "other": "the gateway tells no balance of this coin",
    }
    assert await office.reconcile_day(DAY) == []


async def test_what_somebody_has_counted_stands_for_the_gateway(house: House) -> None:
    await credited(house)
    by_hand = Vault("vault", is_away=True, is_manual=True)
    office = reconciler(house, by_hand, Vault("other", {"ETH": 0}))
    found = await office.compare({"BTC": 99_999}, "kim")
    assert said(found) == {"BTC": (99_999, -1, -1), "ETH": (0, 0, 0)}
    assert [one.counted_by for one in found] == ["kim", None]
    assert by_hand.asked == 0


async def test_a_difference_is_an_error_and_a_metric_with_its_coin(house: House) -> None:
    lines = LogCapture()
    vault = Vault("vault", {"BTC": 150_000_000})
    office = reconciler(house, vault, Vault("other", {"ETH": 0}), lines=lines)
    await office.reconcile_day(DAY)
    errors = [line for line in lines.entries if line["log_level"] == "error"]
    assert [(line["event"], line["coin"], line["unexplained"]) for line in errors] == [
        ("gateway.differs", "BTC", "1.50000000")
    ]
    for name in ("holdem_gateway_difference_coins", "holdem_gateway_unexplained_coins"):
        assert metric(name, "vault", "BTC") == 1.5
        assert metric(name, "other", "ETH") == 0
    assert metric("holdem_gateway_compared_seconds", "vault", "BTC")
