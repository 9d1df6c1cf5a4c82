"""How many withdrawals are under way, what they are worth, and since when."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from cardroom.money import Krw
from cardroom.service.postgres import Reader
from wallet_worker.rules.withdrawal_steps import State

COUNT_STATES: Final = """
SELECT state, count(*) AS withdrawals, sum(krw_amount)::bigint AS amount,
       extract(epoch FROM clock_timestamp() - min(coalesce(sending_at, ready_at)))::float8 AS oldest_seconds
FROM withdrawal WHERE state IN ('waiting', 'review', 'approved', 'sending', 'sent', 'doubtful') GROUP BY state
"""


@frozen
class StateFigures:
    """Withdrawals of one state: since when the oldest has been ready, or sent, in seconds (below 0: not yet)."""

    withdrawals: int
    krw_amount: Krw
    oldest_seconds: float


async def count_states(reader: Reader) -> Mapping[State, StateFigures]:
    """Give the figures of every state in which something is still to come; what has none is not there."""
    return {
        State(row["state"]): StateFigures(row["withdrawals"], Krw(row["amount"]), row["oldest_seconds"])
        for row in await reader.fetch(COUNT_STATES)
    }
