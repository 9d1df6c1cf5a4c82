"""Whether a player's coins may leave the house now, and how much of a coin may still be sent today."""

from typing import Final

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader

_STANDING: Final = """
SELECT is_frozen, are_withdrawals_frozen, EXISTS (SELECT FROM blocked_player WHERE user_id = $1) AS is_blocked
FROM player_standing WHERE id = $1
"""

SENT_TODAY: Final = """
SELECT coalesce(sum(krw_amount), 0)::bigint AS sent FROM withdrawal
WHERE coin = $1 AND payment_id <> $3 AND state IN ('sending', 'sent', 'doubtful', 'confirmed')
      AND sending_at >= date_trunc('day', statement_timestamp() AT TIME ZONE $2) AT TIME ZONE $2
"""


async def why_not(reader: Reader, user_id: UserId, *, blocked_users: bool) -> str | None:
    """Give why nothing of a player is approved or sent now: frozen, all withdrawals frozen, blocked.

    Who is self-excluded may take money out. Asked under the house's lock it is before a freeze or after it.
    """
    row = await reader.fetch_one(_STANDING, user_id)
    assert row is not None, "a withdrawal has a player"
    if row["is_frozen"]:
        return "frozen"
    if row["are_withdrawals_frozen"]:
        return "withdrawals_frozen"
    return "user_blocked" if blocked_users and row["is_blocked"] else None


async def sent_today(reader: Reader, coin: str, time_zone: str, *, but: int = 0) -> Krw:
    """Give the won of a coin that were sent, or may have been, since the calendar day began; ``but`` for this one."""
    row = await reader.fetch_one(SENT_TODAY, coin, time_zone, but)
    assert row is not None, "a sum always gives a row"
    return Krw(row["sent"])
