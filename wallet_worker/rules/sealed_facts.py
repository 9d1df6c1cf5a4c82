"""What stands in a transfer's reason, so that the chain seals it: facts that lie in tables of their own.

One text for the same facts, which verification writes again from those tables. Free text comes last.
"""

from wallet_worker.rules.deposit import Deposit
from wallet_worker.rules.withdrawal import Payout


def deposit_facts(deposit: Deposit) -> str:
    """Write what came in: coin, amount, scale, rate, transaction, output, address."""
    rate = deposit.rate
    return (
        f"{deposit.coin} {deposit.coin_amount} {rate.scale} {rate.krw_per_coin}"
        f" {deposit.tx_hash} {deposit.output_number} {deposit.address}"
    )


def hold_facts(coin: str, address: str) -> str:
    """Write where a withdrawal is to go."""
    return f"{coin} {address}"


def payout_facts(coin: str, payout: Payout) -> str:
    """Write what went out: coin, amount, scale, rate, transaction."""
    rate = payout.rate
    return f"{coin} {payout.coin_amount} {rate.scale} {rate.krw_per_coin} {payout.tx_hash}"


def adjustment_facts(number: int, proposed_by: str, decided_by: str, reason: str) -> str:
    """Write who ordered a correction, and why."""
    return f"adjustment {number} by {proposed_by} and {decided_by}: {reason}"
