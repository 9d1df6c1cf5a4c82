"""How long an action takes to all seats: from sending it until the last connection at the table heard of it.

All seats of a table have to be watched in one process; a table where somebody comes or goes meanwhile is not
measured in that moment, for then it is not known who has to hear.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from attrs import define

from cardroom.ids import SeatIndex, TableId

_LONGEST_UNDER_WAY: Final = 16
"""More actions of a table than this are never under way at once: what is older was never told."""


@define
class _Action:
    sent_at: float
    missing: int


class Fanout:
    """Follows the actions of all tables; ``done`` gets the seconds of each one."""

    def __init__(self, done: Callable[[float], None]) -> None:
        self._done = done
        self._connections: Counter[TableId] = Counter()
        self._under_way: dict[TableId, dict[SeatIndex, _Action]] = {}

    def arrived(self, table_id: TableId) -> None:
        """A connection hears of the table from now on."""
        self._connections[table_id] += 1
        self._under_way.pop(table_id, None)

    def left(self, table_id: TableId) -> None:
        """A connection of the table has ended."""
        self._connections[table_id] -= 1
        self._under_way.pop(table_id, None)

    def sent(self, table_id: TableId, seat: SeatIndex, now: float) -> None:
        """The player at a seat sends an action."""
        actions = self._under_way.setdefault(table_id, {})
        if len(actions) < _LONGEST_UNDER_WAY:
            actions[seat] = _Action(now, self._connections[table_id])

    def dropped(self, table_id: TableId, seat: SeatIndex) -> None:
        """The action was refused: nobody will hear of it."""
        self._under_way.get(table_id, {}).pop(seat, None)

    def heard(self, table_id: TableId, seat: SeatIndex, now: float) -> None:
        """One connection has heard of the action of a seat."""
        actions = self._under_way.get(table_id)
        if actions is None or (action := actions.get(seat)) is None:
            return
        action.missing -= 1
        if action.missing == 0:
            del actions[seat]
            self._done(now - action.sent_at)
