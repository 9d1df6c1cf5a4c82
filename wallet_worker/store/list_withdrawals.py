"""Withdrawals as administrators see them, with what was said of each."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.service.postgres import Reader, Row
from wallet_worker.rules.withdrawal_steps import State
from wallet_worker.store.payout_alarms import list_alarms
from wallet_worker.store.withdrawal_rows import COLUMNS, FollowedWithdrawal, find_row, read_row

# A page of withdrawals first, and only then their payments.
_PAGE: Final = f"""
SELECT {COLUMNS}
FROM (SELECT * FROM withdrawal WHERE {{which}} ORDER BY payment_id DESC LIMIT $2) AS withdrawal
CROSS JOIN LATERAL (
    SELECT address, status, krw_amount FROM outside_payment WHERE id = withdrawal.payment_id LIMIT 1
) AS payment
ORDER BY withdrawal.payment_id DESC
"""

LIST_NEWEST: Final = _PAGE.format(which="payment_id < $1")
LIST_OF_STATE: Final = _PAGE.format(which="payment_id < $1 AND state = $3")

LIST_ALARMED: Final = _PAGE.format(
    which="""payment_id = ANY(ARRAY(
        SELECT DISTINCT payment_id FROM payout_alarm WHERE payment_id < $1 ORDER BY payment_id DESC LIMIT $2
    ))"""
)

VOTES: Final = """
SELECT admin, is_approval, flag_count, reason, voted_at FROM withdrawal_vote WHERE payment_id = $1
ORDER BY voted_at, admin
"""

WORDS: Final = """
SELECT attempt, doubt, admin, sends_again, reason, said_at FROM not_paid_word WHERE payment_id = $1 ORDER BY said_at, admin
"""

TRAVEL_RULE: Final = "SELECT travel_rule::text AS travel_rule FROM withdrawal WHERE payment_id = $1"


@frozen
class WholeWithdrawal:
    """A withdrawal, the votes about it, what was said of payouts that were not paid, what gateways told against what is
    known, and whose the address is.
    """

    row: FollowedWithdrawal
    votes: Sequence[Row]
    words: Sequence[Row]
    alarms: Sequence[Row]
    travel_rule: str
    """JSON."""


async def list_withdrawals(
    reader: Reader, state: State | None, before: int, limit: int
) -> list[FollowedWithdrawal]:
    """Give withdrawals with numbers below ``before``, newest first; of one state, or all."""
    rows = (
        await reader.fetch(LIST_NEWEST, before, limit)
        if state is None
        else await reader.fetch(LIST_OF_STATE, before, limit, state.value)
    )
    return [read_row(row) for row in rows]


async def list_alarmed(reader: Reader, before: int, limit: int) -> list[FollowedWithdrawal]:
    """Give withdrawals of which something was told against what is known, newest first."""
    return [read_row(row) for row in await reader.fetch(LIST_ALARMED, before, limit)]


async def read_whole(reader: Reader, number: int) -> WholeWithdrawal:
    """Give all that is known of a withdrawal; raises ``NoSuchWithdrawal``."""
    row = await find_row(reader, number)
    votes = await reader.fetch(VOTES, number)
    words = await reader.fetch(WORDS, number)
    rule = await reader.fetch_one(TRAVEL_RULE, number)
    assert rule is not None, "the withdrawal is there"
    return WholeWithdrawal(row, votes, words, await list_alarms(reader, number), rule["travel_rule"])
