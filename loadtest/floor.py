"""Who leads the bots of one process to their tables: one look at the lobby serves them all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

import trio

from cardroom.client import Account
from cardroom.ids import TableId
from cardroom.wire.lobby import LobbyTable


class Floor:
    """Knows the lobby, and where this process's own players sit or are on their way to."""

    def __init__(self, lobby_seconds: float, tables: frozenset[TableId] | None = None) -> None:
        self._lobby_seconds = lobby_seconds
        self._own = tables
        self._lobby: tuple[LobbyTable, ...] = ()
        self._looked_at = float("-inf")
        self._looking = trio.Lock()
        self._here: Counter[TableId] = Counter()

    async def find_table(
        self, account: Account, too_dear: set[str], last: TableId | None, random: Random
    ) -> TableId | None:
        """Choose a table; the lobby is asked if what is known of it is too old."""
        await self._look(account)
        return choose_table(self._lobby, too_dear, last, random, self._here)

    async def any_table(self, account: Account, random: Random) -> TableId | None:
        """Choose a table to watch; None if there is none."""
        await self._look(account)
        return random.choice(self._lobby).table_id if self._lobby else None

    async def _look(self, account: Account) -> None:
        """Look at the lobby, unless that was done a moment ago."""
        async with self._looking:
            if trio.current_time() - self._looked_at >= self._lobby_seconds:
                lobby = await account.lobby()
                self._lobby = tuple(one for one in lobby if self._own is None or one.table_id in self._own)
                self._looked_at = trio.current_time()

    def comes(self, table_id: TableId) -> None:
        """A player of this process goes to a table."""
        self._here[table_id] += 1

    def goes(self, table_id: TableId) -> None:
        """A player of this process is gone from a table."""
        self._here[table_id] -= 1


def choose_table(
    tables: Sequence[LobbyTable],
    too_dear: set[str],
    last: TableId | None,
    random: Random,
    here: Mapping[TableId, int],
) -> TableId | None:
    """Choose among open tables with a free seat: another one than the last, the emptiest, by chance.

    ``here`` are players whom the lobby may not know of yet.
    """
    fitting = [
        (table.table_id == last, players, random.random(), table.table_id)
        for table in tables
        if (players := max(table.players, here.get(table.table_id, 0))) < table.seat_count
        and table.is_open
        and table.stake not in too_dear
    ]
    return min(fitting)[-1] if fitting else None
