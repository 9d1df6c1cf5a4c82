"""How statements about coins, gateways and daily jobs have to be carried out; see ``expected.py``."""

from collections.abc import Mapping
from typing import Final

from tests.prove.expectations import FINDS_FAULTS, Expected

BOOKS: Final[Mapping[str, Mapping[str, Expected]]] = {
    "wallet_worker.store.coin_sums": {
        "SUM_COINS": Expected(
            may_read=frozenset({"outside_payment", "held_deposit"}),
            why="sums all payments, which are kept for ever: for verification and once a day",
        ),
    },
}

PAYMENT_FAULTS: Final = Expected(
    may_read=frozenset({"account", "adjustment", "outside_payment", "held_deposit"}), why=FINDS_FAULTS
)
"""What is expected of every look for payments that contradict each other."""
