"""The equation as its owner reads it."""

from attrs import evolve

from cardroom.money import Krw
from wallet_worker.audit.equation import equation, house_line
from wallet_worker.store.read_summary import summary_of

SUMS = {
    "deposit_clearing": Krw(-1_000_000),
    "withdrawal_clearing": Krw(200_000),
    "wallet": Krw(600_000),
    "pending_withdrawal": Krw(50_000),
    "escrow": Krw(250_000),
    "rake": Krw(3_000),
    "rakeback": Krw(-1_000),
    "promotions": Krw(-100_000),
    "rounding": Krw(-1),
    "adjustments": Krw(-2_000),
    "something_new": Krw(1),
}


def test_the_equation_names_every_sum_and_the_house_its_parts() -> None:
    summary = summary_of(SUMS, 7)
    assert sum(SUMS.values()) == 0
    assert equation(summary) == (
        "deposits ₩1,000,000 - withdrawals ₩200,000"
        " = wallets ₩600,000 + pending ₩50,000 + on tables ₩250,000 + house -₩100,000"
    )
    assert house_line(summary) == (
        "house -₩100,000 = rake ₩3,000 + rakeback -₩1,000 + promotions -₩100,000"
        " + adjustments -₩2,000 + rounding -₩1 + something_new ₩1"
    )
    assert summary.is_balanced


def test_what_players_and_rake_hold_is_what_came_in_and_what_was_given() -> None:
    summary = summary_of(SUMS, 7)
    assert summary.given == 103_000
    assert summary.krw_total == 600_000 + 50_000 + 250_000 + 3_000 == 1_000_000 - 200_000 + 103_000


def test_a_missing_won_shows_wherever_it_is_missing() -> None:
    for kind, amount in SUMS.items():
        summary = summary_of(SUMS | {kind: Krw(amount - 1)}, 0)
        assert not summary.is_balanced, kind
        assert " IS NOT " in equation(summary)
        assert summary.as_numbers()["balanced"] is False


def test_an_empty_ledger_balances() -> None:
    summary = summary_of({}, 0)
    assert house_line(summary) == "house ₩0 = rake ₩0 + rakeback ₩0 + promotions ₩0"
    assert evolve(summary, wallets=Krw(1)).is_balanced is False
