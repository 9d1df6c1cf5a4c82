"""The texts that the chain seals are those that verification writes from the tables."""

from cardroom.ids import UserId
from tests.wallet_worker.outside import ADDRESS, deposit, payout, tx_hash
from wallet_worker.rules.sealed_facts import adjustment_facts, deposit_facts, hold_facts, payout_facts


def test_each_fact_stands_in_its_place() -> None:
    came = deposit(UserId(1), 100_000, number=7)
    assert deposit_facts(came) == f"BTC 100000 8 150000000 {tx_hash(7)} 0 {ADDRESS}"
    assert hold_facts("BTC", ADDRESS) == f"BTC {ADDRESS}"
    assert payout_facts("BTC", payout(30_001, number=8)) == f"BTC 20000 8 150000000 {tx_hash(8)}"
    assert adjustment_facts(3, "admin", "kim", "lost hand") == "adjustment 3 by admin and kim: lost hand"
