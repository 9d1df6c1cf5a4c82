"""The record of what administrators order here: written before anything is done, or nothing is."""

import json
import secrets
import time
from typing import Any, Final, Protocol

from cardroom.ids import NodeId, new_command_id
from cardroom.service.admin_guard import admin_who_asks
from cardroom.service.http import RefusedRequest
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.admin_actions import NodeAction, node_action_codec
from cardroom.wire.refusals import Refusal

_MOST_WAITING: Final = 10_000
"""So many orders may wait for the wallet worker to write them down."""


class ActionRecords(Protocol):
    """Where orders are recorded."""

    async def add(self, action: NodeAction) -> None:
        """Record an order; raises ``RedisAway`` when it cannot be, and then it may be there all the same."""


class RedisRecords:
    """The stream that the wallet worker writes down."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._codec = node_action_codec()

    async def add(self, action: NodeAction) -> None:
        """Record an order; raises ``RedisAway``, also where too many wait to be written down."""
        with redis_errors():
            if await self._redis.xlen(keys.admin_actions()) >= _MOST_WAITING:
                raise RedisAway("too many orders wait to be written down")
            fields = {keys.ADMIN_ACTION_FIELD: self._codec.encode(action)}
            await self._redis.xadd(keys.admin_actions(), field_values=fields)


class ActionDesk:
    """Records orders in the name of who asks."""

    def __init__(self, node: NodeId, records: ActionRecords) -> None:
        self._node = node
        self._records = records

    async def note(self, action: str, subject: str, reason: str, **facts: Any) -> None:
        """Record what is going to be done; refused (``unavailable``) when that fails: then it must not be."""
        unix_ms = time.time_ns() // 1_000_000
        order = NodeAction(
            id=new_command_id(unix_ms, secrets.token_bytes(10)),
            node=self._node,
            admin=admin_who_asks(),
            action=action,
            subject=subject,
            reason=reason,
            facts=json.dumps(facts, ensure_ascii=False),
            ordered_unix_ms=unix_ms,
        )
        try:
            await self._records.add(order)
        except RedisAway:
            raise RefusedRequest(503, Refusal.UNAVAILABLE, "the order cannot be recorded") from None
