"""What gateways told of payouts against what is known here: kept for people, however long ago it was logged."""

from collections.abc import Sequence
from typing import Final

from cardroom.service.postgres import Postgres, Reader, Row
from wallet_worker.rules.withdrawal_steps import Told
from wallet_worker.store.withdrawal_rows import FollowedWithdrawal

_KEEP: Final = """
INSERT INTO payout_alarm (payment_id, attempt, kind, tx_hash, coin_amount, state)
VALUES ($1, $2, $3, $4, $5::text::numeric, $6) ON CONFLICT DO NOTHING
"""

ALARMS: Final = """
SELECT attempt, kind, nullif(tx_hash, '') AS tx_hash, nullif(coin_amount, 0)::text AS coin_amount, state, told_at
FROM payout_alarm WHERE payment_id = $1 ORDER BY told_at, attempt, kind
"""


async def keep_alarm(postgres: Postgres, kind: str, row: FollowedWithdrawal, told: Told) -> None:
    """Keep what was told of a withdrawal, and how far it was then; the same again is kept once."""
    amount = max(0, told.coin_amount or 0)  # below zero: of another coin
    values = (row.number, told.attempt, kind, told.tx_hash or "", str(amount), row.state.value)
    async with postgres.transaction() as transaction:
        await transaction.execute(_KEEP, *values)


async def list_alarms(reader: Reader, number: int) -> Sequence[Row]:
    """Give what was told against what is known of a withdrawal, in the order of coming."""
    return await reader.fetch(ALARMS, number)
