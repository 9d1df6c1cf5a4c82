"""Who has left a table with how much: nobody takes winnings away and comes back with less (rule 35)."""

from typing import Final

from attrs import define, field, frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire.ledger import DEPARTURE_MS

_MEMORY_SECONDS: Final = DEPARTURE_MS / 1000


@frozen
class BuyInRange:
    """What a player's buy-in must be, both ends included."""

    least: Krw
    most: Krw


@frozen
class _Departure:
    stack: Krw
    until: float


@define
class Departures:
    """The last departure of each player within the hour, on the loop's clock."""

    _of_user: dict[UserId, _Departure] = field(factory=dict)

    def note(self, user_id: UserId, stack: Krw, left_at: float, now: float) -> None:
        """A player has left with a stack; the newest departure counts."""
        self._of_user = {one: left for one, left in self._of_user.items() if left.until > now}
        self._of_user[user_id] = _Departure(stack, left_at + _MEMORY_SECONDS)

    def range_for(self, user_id: UserId, table: BuyInRange, now: float) -> BuyInRange:
        """Give the buy-in for who comes back: the stack he left with or more, within the table's own limits.

        Above the table's largest buy-in it is exactly that stack.
        """
        left = self._of_user.get(user_id)
        if left is None or left.until <= now:
            return table
        return BuyInRange(max(left.stack, table.least), max(left.stack, table.most))
