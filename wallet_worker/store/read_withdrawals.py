"""A player's withdrawals, as the player sees them. Why people look at one is for administrators only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader, Row
from cardroom.wire.notices import WithdrawalState
from wallet_worker.rules.coins import COINS, write_coins

_TOLD_REASONS: Final = frozenset({"frozen", "withdrawals_frozen", "rate_stopped", "rate_unavailable"})
"""What a withdrawal may be seen to wait for; other reasons are for administrators, and some of them secret."""

_FACTS: Final = """
withdrawal.payment_id, withdrawal.coin, listed.address, listed.label, withdrawal.krw_amount, withdrawal.state,
withdrawal.reason, withdrawal.requested_at, withdrawal.ready_at, withdrawal.ended_at, withdrawal.quoted_coin_amount::text,
withdrawal.quoted_rate, withdrawal.coin_amount::text, withdrawal.coin_scale, withdrawal.rate, withdrawal.tx_hash
FROM withdrawal JOIN payout_address AS listed ON listed.id = withdrawal.payout_address_id
"""

LIST_WITHDRAWALS: Final = f"""
SELECT {_FACTS} WHERE withdrawal.user_id = $1 AND withdrawal.payment_id < $2
ORDER BY withdrawal.payment_id DESC LIMIT $3
"""

FIND_WITHDRAWAL: Final = f"SELECT {_FACTS} WHERE withdrawal.payment_id = $1 AND withdrawal.user_id = $2"


@frozen
class PlayersWithdrawal:
    """A withdrawal; amounts of coins in whole coins, exact. What is not fixed yet is None."""

    number: int
    coin: str
    address: str
    label: str
    krw_amount: Krw
    state: WithdrawalState
    reason: str | None
    requested_at: datetime
    ready_at: datetime
    ended_at: datetime | None
    quoted_coin_amount: str | None
    quoted_rate: int | None
    coin_amount: str | None
    rate: int | None
    tx_hash: str | None


async def list_withdrawals(
    reader: Reader, user_id: UserId, before: int, limit: int
) -> Sequence[PlayersWithdrawal]:
    """Give a player's withdrawals with numbers below ``before``, the newest first."""
    return [_withdrawal(row) for row in await reader.fetch(LIST_WITHDRAWALS, user_id, before, limit)]


async def find_withdrawal(reader: Reader, user_id: UserId, number: int) -> PlayersWithdrawal | None:
    """Give a withdrawal of this player; None for another's and for one that there is not."""
    row = await reader.fetch_one(FIND_WITHDRAWAL, number, user_id)
    return None if row is None else _withdrawal(row)


def _withdrawal(row: Row) -> PlayersWithdrawal:
    return PlayersWithdrawal(
        number=row["payment_id"],
        coin=row["coin"],
        address=row["address"],
        label=row["label"],
        krw_amount=Krw(row["krw_amount"]),
        state=WithdrawalState(row["state"]),
        reason=row["reason"] if row["reason"] in _TOLD_REASONS else None,
        requested_at=row["requested_at"],
        ready_at=row["ready_at"],
        ended_at=row["ended_at"],
        quoted_coin_amount=_coins(row["quoted_coin_amount"], COINS[row["coin"]]),
        quoted_rate=row["quoted_rate"],
        coin_amount=_coins(row["coin_amount"], row["coin_scale"]),
        rate=row["rate"],
        tx_hash=row["tx_hash"],
    )


def _coins(amount: str | None, scale: int) -> str | None:
    return None if amount is None else write_coins(int(amount), scale)
