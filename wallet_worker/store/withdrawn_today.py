"""What was asked for since the day began: by one player, and by all."""

from typing import Final

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader
from wallet_worker.rules.withdrawal_request import AskedToday

# Not the transaction's time: it may have waited for the house since, over midnight.
ASKED_TODAY: Final = """
SELECT coalesce(sum(krw_amount) FILTER (WHERE user_id = $1), 0)::bigint AS amount,
       count(*) FILTER (WHERE user_id = $1) AS count,
       coalesce(sum(krw_amount), 0)::bigint AS of_all
FROM withdrawal
WHERE requested_at >= date_trunc('day', statement_timestamp() AT TIME ZONE $2) AT TIME ZONE $2
      AND state NOT IN ('cancelled', 'failed', 'rejected')
"""


async def withdrawn_today(reader: Reader, user_id: UserId, time_zone: str) -> AskedToday:
    """Give what counts against the limits of the calendar day; under the house's lock nobody adds to it."""
    row = await reader.fetch_one(ASKED_TODAY, user_id, time_zone)
    assert row is not None, "sums always give a row"
    return AskedToday(Krw(row["amount"]), row["count"], Krw(row["of_all"]))
