"""Names of accounts: each account that may be adjusted has one, and no other text is one."""

import pytest

from cardroom.ids import ShardId, TableId, UserId
from wallet_worker.rules.account_names import account_name, read_account_name
from wallet_worker.rules.accounts import (
    PROMOTIONS,
    RAKEBACK,
    ROUNDING,
    AccountKey,
    deposit_clearing_of,
    escrow_of,
    pending_of,
    rake_of,
    wallet_of,
    withdrawal_clearing_of,
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("wallet:17", wallet_of(UserId(17))),
        ("pending_withdrawal:17", pending_of(UserId(17))),
        ("rake:0", rake_of(ShardId(0))),
        ("promotions", PROMOTIONS),
        ("rakeback", RAKEBACK),
        ("rounding", ROUNDING),
        ("deposit_clearing:BTC", deposit_clearing_of("BTC")),
        ("withdrawal_clearing:USDT", withdrawal_clearing_of("USDT")),
        (f"wallet:{2**63 - 1}", wallet_of(UserId(2**63 - 1))),
    ],
)
def test_a_name_means_one_account_and_is_written_the_same(name: str, key: AccountKey) -> None:
    assert read_account_name(name) == key
    assert account_name(key) == name


@pytest.mark.parametrize(
    "name",
    [
        "", ":", "wallet", "wallet:", "wallet:0", "wallet:-1", "wallet:007", "wallet:1:2", "wallet:١",
        "Wallet:1",
        f"wallet:{2**63}", "rake", f"rake:{2**31}", "promotions:", "promotions:1", "deposit_clearing",
        "deposit_clearing:btc", "deposit_clearing:DOGE", "escrow:1:1", "escrow", "house", "wallet:1 ",
    ],
)  # fmt: skip
def test_no_other_text_is_a_name(name: str) -> None:
    assert read_account_name(name) is None


def test_a_tables_account_can_be_told_but_not_named() -> None:
    told = account_name(escrow_of(UserId(1), TableId(2)))
    assert told == "escrow:1:2"
    assert read_account_name(told) is None
