"""What workers share of the tables: a hash with each table's state, its lock, and a channel to publish on.

What a step tells is published on the table's channel; every worker listens and sends it to its own sockets.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgpack
from redis.asyncio import Redis

from cardroom.ids import TableId, UserId
from cardroom.wire.codec import Codec
from cardroom.wire.table import TableMessage
from loadtest.baseline.telling import Told

_GROUP: Final = "table:*"
_LOCK_MS: Final = 5000
_TRIES: Final = 500
_PAUSE_SECONDS: Final = 0.01

Frame = tuple[bytes, dict[UserId, bytes]]
"""A message for all, and what certain players get in its place."""


class Listener(Protocol):
    """One player's socket."""

    user_id: UserId
    seen_seq: int
    """The last event of the table that the player knows from a snapshot."""

    async def send(self, data: bytes) -> None:
        """Send one message; a socket that is gone is no error."""


class Channel:
    """Publishes for all tables, and forwards what is published to the sockets of this worker."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._listeners: dict[int, set[Listener]] = defaultdict(set)
        self._worker = os.urandom(8)
        self.messages_out = 0

    def join(self, table_id: TableId, listener: Listener) -> None:
        """Forward a table's messages to a socket from now on."""
        self._listeners[table_id].add(listener)

    def leave(self, table_id: TableId, listener: Listener) -> None:
        """Forward nothing to it any more."""
        self._listeners[table_id].discard(listener)

    async def take(self, table_id: TableId) -> bytes | None:
        """Lock a table against all other workers and give its state, in one round trip."""
        name = f"table:{table_id}"
        for _ in range(_TRIES):
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(f"{name}:lock", self._worker, nx=True, px=_LOCK_MS)
                pipe.hget(f"{name}:state", "state")
                is_ours, state = await pipe.execute()
            if is_ours:
                return None if state is None else bytes(state)
            await asyncio.sleep(_PAUSE_SECONDS)
        raise TimeoutError(f"table {table_id} is locked by another worker")

    async def give_back(self, table_id: TableId) -> None:
        """Unlock a table that was not changed."""
        await self._redis.delete(f"table:{table_id}:lock")

    async def publish(
        self, table_id: TableId, state: bytes, first_seq: int, frames: Sequence[Frame], *, unlocks: bool
    ) -> None:
        """Keep the table's state in its hash, publish what happened and unlock, in one round trip."""
        name = f"table:{table_id}"
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(f"{name}:state", "state", state)
            if frames:
                pipe.publish(name, msgpack.packb((first_seq, frames)))
            if unlocks:
                pipe.delete(f"{name}:lock")
            await pipe.execute()

    async def forward(self, started: asyncio.Event) -> None:
        """Forward everything until cancelled."""
        async with self._redis.pubsub() as subscription:
            await subscription.psubscribe(_GROUP)
            started.set()
            async for message in subscription.listen():
                if message["type"] == "pmessage":
                    table_id = int(message["channel"].partition(b":")[2])
                    await self._send_all(table_id, *msgpack.unpackb(message["data"], strict_map_key=False))

    async def _send_all(self, table_id: int, first_seq: int, frames: Sequence[Any]) -> None:
        listeners = [one for one in self._listeners[table_id] if one.seen_seq < first_seq]
        for for_all, own in frames:
            for listener in listeners:
                await listener.send(own.get(listener.user_id, for_all) if own else for_all)
            self.messages_out += len(listeners)


def encode(codec: "Codec[TableMessage]", told: Sequence[Told]) -> list[Frame]:
    """Write each message once, however many hear it."""
    return [
        (codec.encode(one.message), {user_id: codec.encode(own) for user_id, own in one.own.items()})
        for one in told
    ]
