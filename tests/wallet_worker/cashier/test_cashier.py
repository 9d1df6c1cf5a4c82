"""The cashier: what contradicts the books is refused and alerts; what a player gets wrong does not."""

import json
from datetime import date

import pytest
from attrs import evolve
from prometheus_client import REGISTRY

from cardroom.money import Krw
from cardroom.service.logs import open_log
from cardroom.service.settings import LogSettings
from tests.wallet_worker.house import LINK, House
from tests.wallet_worker.outside import deposit, payout, wish
from wallet_worker.cashier.cashier import Cashier
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.rules.rakeback import Rakeback
from wallet_worker.rules.withdrawal import PayoutDiffers, WithdrawalEnded
from wallet_worker.store.house_transfer import KeyReused


def cashier_of(house: House) -> Cashier:
    return Cashier(house.database, LINK, open_log(LogSettings(level="error"), "tests"))


def contradictions(kind: str) -> float:
    return REGISTRY.get_sample_value("holdem_cashier_contradictions_total", {"kind": kind}) or 0.0


async def test_all_moves_and_their_repeats_alert_nobody(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    cashier, user = cashier_of(house), house.players[0]
    for _ in range(2):
        await cashier.credit_deposit(deposit(user))
        first = await cashier.hold_withdrawal(wish(user))
        await cashier.book_payout(first["withdrawal"], payout())
        second = await cashier.hold_withdrawal(wish(user, key="w2"))
        await cashier.release_withdrawal(second["withdrawal"], "cancelled")
        await cashier.give_rakeback(Rakeback(user, date(2026, 11, 23), Krw(10)))
    assert capsys.readouterr().err == ""
    assert await house.wallet(0) == 100_000 + 150_000 - 30_001 + 10
    await house.assert_sound()


async def test_a_deposit_that_is_told_differently_alerts(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    cashier, first, before = cashier_of(house), deposit(house.players[0]), contradictions("crypto_deposit")
    await cashier.credit_deposit(first)
    with pytest.raises(KeyReused):
        await cashier.credit_deposit(evolve(first, coin_amount=1_000_000))
    assert contradictions("crypto_deposit") == before + 1
    said = json.loads(capsys.readouterr().err)
    assert (said["event"], said["level"], said["tx_hash"]) == (
        "cashier.contradiction",
        "error",
        first.tx_hash,
    )


async def test_coins_that_are_gone_and_cannot_be_booked_alert(house: House) -> None:
    cashier, before = cashier_of(house), contradictions("crypto_withdrawal")
    number = (await cashier.hold_withdrawal(wish(house.players[0])))["withdrawal"]
    with pytest.raises(PayoutDiffers):
        await cashier.book_payout(number, evolve(payout(), coin_amount=1))
    await cashier.release_withdrawal(number, "cancelled")
    with pytest.raises(WithdrawalEnded):
        await cashier.book_payout(number, payout())
    assert contradictions("crypto_withdrawal") == before + 2


async def test_a_players_used_key_is_refused_without_an_alert(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    cashier = cashier_of(house)
    await cashier.hold_withdrawal(wish(house.players[0]))
    with pytest.raises(KeyReused):
        await cashier.hold_withdrawal(wish(house.players[0], 40_000))
    assert capsys.readouterr().err == ""


async def test_coins_that_were_sent_of_money_that_is_gone_alert(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """No way leads there; if one does all the same, somebody must look at once."""
    cashier, before = cashier_of(house), contradictions("crypto_withdrawal")
    first = await cashier.hold_withdrawal(wish(house.players[0]))
    await house.change("UPDATE account SET balance = 0 WHERE kind = 'pending_withdrawal'")
    with pytest.raises(BooksDisagree):
        await cashier.book_payout(first["withdrawal"], payout())
    assert contradictions("crypto_withdrawal") == before + 1
    assert json.loads(capsys.readouterr().err)["event"] == "cashier.contradiction"
