"""Orders of administrators, recorded in memory."""

from attrs import define, field

from cardroom.service.redis import RedisAway
from cardroom.wire.admin_actions import NodeAction


@define
class MemoryRecords:
    """What was recorded, unless Redis is said to be away."""

    actions: list[NodeAction] = field(factory=list)
    is_away: bool = False

    async def add(self, action: NodeAction) -> None:
        """Keep an order; raises ``RedisAway`` if told to."""
        if self.is_away:
            raise RedisAway("as told")
        self.actions.append(action)
