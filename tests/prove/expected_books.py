"""How statements about coins, gateways and daily jobs have to be carried out; see ``expected.py``."""

from collections.abc import Mapping
from typing import Final

from tests.prove.expectations import ADDS, ASKS, FINDS_FAULTS, Expected, reads

_ROW_A_DAY: Final = Expected(why="one row a day and coin, or job: thousands after years, and indexed")

BOOKS: Final[Mapping[str, Mapping[str, Expected]]] = {
    "wallet_worker.store.coin_sums": {
        "SUM_COINS": Expected(
            may_read=frozenset({"outside_payment", "held_deposit"}),
            why="sums all payments, which are kept for ever: for verification and once a day",
        ),
    },
    "wallet_worker.store.gateway_reconciliation": {
        "_ADD": ADDS,
        "LIST_COMPARISONS": _ROW_A_DAY,
        "NEWEST_COMPARISONS": _ROW_A_DAY,
        "COINS_OF_DAY": _ROW_A_DAY,
    },
    "wallet_worker.store.job_runs": {
        "_NOW": ASKS,
        "IS_TAKEN": _ROW_A_DAY,
        "_CLAIM": ADDS,
        "_FINISH": _ROW_A_DAY,
    },
}

PAYMENT_FAULTS: Final = reads(
    *("account", "adjustment", "outside_payment", "held_deposit"),
    *("chain_deposit", "deposit_address", "payout_address", "withdrawal"),
    why=FINDS_FAULTS,
)
"""What is expected of every look for payments that contradict each other."""
