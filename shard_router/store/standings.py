"""What keeps a player from coming in, in PostgreSQL. Raises ``PostgresAway`` when it does not answer."""

from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres

_FIND_STANDING: Final = """
SELECT frozen_at IS NOT NULL AS is_frozen, coalesce(self_excluded_until > now(), false) AS is_self_excluded
FROM player WHERE id = $1
"""


@frozen
class Standing:
    """What stands against a player now."""

    is_frozen: bool
    is_self_excluded: bool


class Standings:
    """Reads standings."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def find(self, user_id: UserId) -> Standing | None:
        """Give a player's standing; None if there is no such player."""
        row = await self._postgres.fetch_one(_FIND_STANDING, user_id)
        return None if row is None else Standing(bool(row["is_frozen"]), bool(row["is_self_excluded"]))
