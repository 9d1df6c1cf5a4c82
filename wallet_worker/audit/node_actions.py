"""Moves what administrators ordered at nodes from Redis into the database's record of orders, each once.

Any number of workers may do it at the same time. An entry is deleted when it is written down, not before; its
own id is the key there, so that one that is read again is not written again.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, cast

import trio
from prometheus_client import Counter

from cardroom.service.admin_actions import hash_facts
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.admin_actions import NodeAction, node_action_codec
from cardroom.wire.codec import Malformed
from wallet_worker.store.keep_node_action import KeptAction, keep_node_action

_LOOK_SECONDS: Final = 1.0
_GROUP: Final = 100
_BAD_VALUES: Final = ("22", "23")
"""SQLSTATEs of a row that the database does not take: no such text, too long."""

KEPT: Final = Counter("holdem_node_actions_kept", "Orders given at nodes that this worker has written down")
UNREADABLE: Final = Counter(
    "holdem_node_actions_unreadable", "Entries of the stream of orders that were no orders"
)


class NodeActions:
    """Follows the stream of orders given at nodes."""

    def __init__(self, postgres: Postgres, redis: Redis, log: Log) -> None:
        self._postgres = postgres
        self._redis = redis
        self._log = log
        self._codec = node_action_codec()

    async def run(self) -> None:
        """Move entries until cancelled; while a server is away they wait in the stream."""
        while True:
            try:
                moved = await self.move()
            except (PostgresAway, PostgresRefused, RedisAway) as trouble:
                self._log.warning("node_actions.not_kept", trouble=str(trouble))
                moved = 0
            if moved < _GROUP:
                await trio.sleep(_LOOK_SECONDS)

    async def move(self) -> int:
        """Move the oldest entries; gives how many were there."""
        with redis_errors():
            found = await self._redis.xrange(keys.admin_actions(), start="-", end="+", count=_GROUP)
        for entry in found:
            stream_id = cast("bytes", entry.identifier)
            await self._keep(stream_id, cast("Mapping[bytes, bytes]", entry.field_values))
            with redis_errors():
                await self._redis.xdel(keys.admin_actions(), [stream_id])
        return len(found)

    async def _keep(self, stream_id: bytes, fields: Mapping[bytes, bytes]) -> None:
        data = fields.get(keys.ADMIN_ACTION_FIELD, b"")
        try:
            action = self._codec.decode(data)
            kept = _write(action)
        except (Malformed, ValueError, RecursionError) as fault:
            UNREADABLE.inc()
            self._log.error("node_actions.unreadable", entry=stream_id.decode(), fault=str(fault))
            kept = _write_unreadable(stream_id, data)
        if await self._write_down(kept, stream_id, data):
            KEPT.inc()
            self._log.info("node_actions.kept", action=kept.action, subject=kept.subject, by=kept.admin)

    async def _write_down(self, kept: KeptAction, stream_id: bytes, data: bytes) -> bool:
        try:
            return await keep_node_action(self._postgres, kept)
        except PostgresRefused as refused:
            if not refused.state.startswith(_BAD_VALUES):
                raise
            UNREADABLE.inc()  # it would be refused for ever, and all behind it would wait
            self._log.error("node_actions.refused", entry=stream_id.decode(), fault=str(refused))
            return await keep_node_action(self._postgres, _write_unreadable(stream_id, data))


def _write(action: NodeAction) -> KeptAction:
    facts = json.loads(action.facts)
    ordered = datetime.fromtimestamp(action.ordered_unix_ms / 1000, UTC)
    told = {"node": action.node, "ordered_at": ordered.isoformat(), "ordered": facts}
    return KeptAction(
        admin=action.admin,
        action=action.action,
        subject=action.subject,
        reason=action.reason,
        key=str(action.id),
        body_hash=hash_facts(action.subject, {"node": action.node, "ordered": facts}),
        facts=json.dumps(told),
    )


def _write_unreadable(stream_id: bytes, data: bytes) -> KeptAction:
    """Keep what is no order all the same: somebody has written it there."""
    entry = stream_id.decode()
    return KeptAction(
        admin="unknown",
        action="unreadable",
        subject=f"entry:{entry}",
        reason="an entry among the orders given at nodes that is none",
        key=f"entry:{entry}",
        body_hash=sha256(data).digest(),
        facts=json.dumps({"bytes": data.hex()}),
    )
