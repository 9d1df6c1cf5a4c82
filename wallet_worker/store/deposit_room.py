"""How much a player's own limits let come in by coins."""

from typing import Final

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader
from cardroom.service.protection import ProtectionSettings
from wallet_worker.rules.protection import Period, room_for_deposits
from wallet_worker.store.read_terms import read_limits_of

CAME_IN: Final = """
SELECT wanted.unit,
       (SELECT coalesce(sum(krw_amount), 0)::bigint FROM outside_payment
        WHERE user_id = $1 AND direction = 'deposit'
              AND completed_at >= date_trunc(wanted.unit, statement_timestamp() AT TIME ZONE $3) AT TIME ZONE $3
       ) AS amount
FROM unnest($2::text[]) AS wanted (unit)
"""

_STANDING: Final = """
SELECT coalesce(self_excluded_until > statement_timestamp(), false) AS is_excluded, has_terms
FROM player WHERE id = $1
"""


async def deposit_room(reader: Reader, user_id: UserId, settings: ProtectionSettings) -> Krw | None:
    """Give how much may come in now, in won: 0 for who is excluded, None for as much as the player wants.

    Deposits count in the calendar period in which they were credited. Who quotes an amount asks this; what
    decides is ``book_deposit``, under the house's lock. Nobody has no limit.
    """
    player = await reader.fetch_one(_STANDING, user_id)
    if player is None or not player["has_terms"]:
        return None
    if player["is_excluded"]:
        return Krw(0)
    limits = await read_limits_of(reader, user_id, settings)
    units = [period.value for period in limits.deposits]
    rows = await reader.fetch(CAME_IN, user_id, units, settings.time_zone) if units else []
    return room_for_deposits(limits, {Period(row["unit"]): Krw(row["amount"]) for row in rows})
