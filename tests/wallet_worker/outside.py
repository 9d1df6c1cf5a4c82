"""Outside money for tests: deposits, withdrawals and what was sent, as a gateway would tell of them."""

from hashlib import sha256
from typing import Final

from cardroom.ids import UserId
from cardroom.money import Krw
from tests.wallet_worker.house import LINK, House
from wallet_worker.rules.coins import Rate, coins_for
from wallet_worker.rules.deposit import Deposit
from wallet_worker.rules.withdrawal import Payout
from wallet_worker.store.hold_for_withdrawal import WithdrawalRequest, hold_for_withdrawal

BTC: Final = Rate(150_000_000, 8)
ADDRESS: Final = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"


def tx_hash(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def deposit(user_id: UserId, coin_amount: int = 100_000, number: int = 1, **changes: object) -> Deposit:
    facts: dict[str, object] = {
        "user_id": user_id, "coin": "BTC", "coin_amount": coin_amount, "tx_hash": tx_hash(number),
        "output_number": 0, "address": ADDRESS, "rate": BTC,
    }  # fmt: skip
    return Deposit(**(facts | changes))  # type: ignore[arg-type]


def wish(user_id: UserId, amount: int = 30_001, key: str = "w1") -> WithdrawalRequest:
    return WithdrawalRequest(user_id, "BTC", ADDRESS, Krw(amount), key)


def payout(amount: int = 30_001, number: int = 1, rate: Rate = BTC) -> Payout:
    return Payout(coins_for(Krw(amount), rate), tx_hash(number), rate)


async def held(house: House, amount: int = 30_001, key: str = "w1") -> int:
    """Let the first player hold a withdrawal; gives its number."""
    answer = await hold_for_withdrawal(house.database, wish(house.players[0], amount, key), LINK)
    return int(answer["withdrawal"])


async def balances(house: House) -> dict[str, int]:
    """Give the sums of all kinds of accounts that hold something."""
    sums = "SELECT kind::text AS kind, sum(balance)::bigint AS balance FROM account GROUP BY kind"
    return {row["kind"]: row["balance"] for row in await house.rows(sums) if row["balance"]}
