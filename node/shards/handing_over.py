"""An open shard goes to another node: tables rest, the journal is kept, the lease is offered, players follow.

Until the other node has opened the shard everything stays in memory here: if it does not take it, tables go
on as if nothing had been. From the offer on, nothing that this node does can reach the journal or the ledger.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import trio
from attrs import frozen

from cardroom.ids import NodeId
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from node.journal.port import ShardLost, ShardStore
from node.journal.writer import JournalWriter
from node.settings import MoveSettings
from node.shards.claim import ANY_NODE, is_free, is_open
from node.shards.held_shard import JournalTask
from node.shards.moving import MovePhase, ShardMove, has_hand
from node.shards.served_tables import ServedTables
from node.tables.commands import Pause

_LOOK_SECONDS: Final = 0.02
_REST_SECONDS: Final = 1.0
_REST_LOOK_SECONDS: Final = 0.001
_KEEP_SECONDS: Final = 2.0
_BACK_SECONDS: Final = 2.0


@frozen
class HandOver:
    """Carries one move out."""

    store: ShardStore
    writer: JournalWriter
    journal: JournalTask
    served: ServedTables
    tell_offer: Callable[[NodeId], Awaitable[None]]
    move: ShardMove
    settings: MoveSettings
    log: Log

    async def run(self) -> bool:
        """Give the shard away; True when the other node plays it and the players were sent there.

        False when it stays here; so it does when this is cancelled in time. Raises ``ShardLost`` when it is
        neither here nor there.
        """
        if not await self._find_moment():
            self.move.end(MovePhase.CALLED_OFF)
            return False
        began, is_given = trio.current_time(), False
        self.move.hands_in_play = sum(map(has_hand, self.served.tables))
        self.move.phase = MovePhase.OFFERED
        try:
            is_given = await self._rest_and_keep() and await self._give()
        except ShardLost:
            self.move.end(MovePhase.LOST)
            raise
        finally:
            if is_given:
                self._send_players()
            else:
                self.served.deliver(Pause(is_paused=False))
            self.move.pause_ms = round((trio.current_time() - began) * 1000)
            self.move.end(MovePhase.MOVED if is_given else MovePhase.TAKEN_BACK)
            phase, pause_ms = self.move.phase.value, self.move.pause_ms
            self.log.info("shard.moved", to=self.move.to, phase=phase, pause_ms=pause_ms)
        return is_given

    async def _find_moment(self) -> bool:
        """Wait for a moment when nobody plays a hand, not for ever; False if it is not to be any more."""
        began = trio.current_time()
        while not self.move.is_over:
            is_late = trio.current_time() >= began + self.move.wait_seconds
            is_calm = not any(map(has_hand, self.served.tables))
            if (is_calm or is_late) and self.writer.may_deal():
                return True
            if trio.current_time() >= began + self.move.wait_seconds + self.settings.take_seconds:
                return False
            await trio.sleep(_LOOK_SECONDS)
        return False

    async def _rest_and_keep(self) -> bool:
        """Let the tables rest, and all that they have done be kept; False if that takes too long."""
        tables = self.served.tables
        for table in tables:
            table.entry.inbox.deliver(Pause(is_paused=True))
        with trio.move_on_after(_REST_SECONDS):
            while True:
                if all(table.pausing.is_paused for table in tables):
                    break
                await trio.sleep(_REST_LOOK_SECONDS)
        for table in tables:  # one that has crashed and is not served now rests when it is again
            table.pausing.is_paused = True
        with trio.move_on_after(_KEEP_SECONDS) as keeping:
            await self.writer.wait_until_kept()
        return not keeping.cancelled_caught

    async def _give(self) -> bool:
        await self.journal.stop()
        is_given = is_decided = False
        try:
            is_given = await self._offer() and await self._wait_until_open()
            is_decided = True
        finally:
            if not is_decided:
                with trio.move_on_after(_BACK_SECONDS, shield=True), contextlib.suppress(RedisAway):
                    await self._take_back(self.move.to)
            if not is_given:
                self.journal.go_on()
        return is_given

    async def _offer(self) -> bool:
        """Offer the lease, however often Redis is away meanwhile; raises ``ShardLost`` if it is another's.

        False if it is gone: it has run out, or Redis has lost it. Then the shard is not given, but kept.
        """
        while True:
            try:
                if not await self.store.offer(self.move.to):
                    lease = await self.store.look()
                    if lease is None:
                        return False
                    if lease.node != self.move.to:
                        raise ShardLost("the lease was not this node's to give")
                await self.tell_offer(self.move.to)
            except RedisAway as away:
                self.log.warning("move.redis_away", reason=str(away))
                await trio.sleep(_LOOK_SECONDS)
            else:
                return True

    async def _wait_until_open(self) -> bool:
        """Wait until the other node plays the shard; False when it has not taken it in time."""
        began = trio.current_time()
        while True:
            passed = trio.current_time() - began
            with contextlib.suppress(RedisAway):
                lease = await self.store.look()
                if lease is not None and lease.node == self.move.to and is_open(lease):
                    return True
                is_late = passed >= self.settings.take_seconds
                if lease is not None and is_free(lease) and await self._take_back(ANY_NODE):
                    return False  # it was taken, could not be opened, and was left
                if is_late and (lease is None or (lease.is_offered and await self._take_back(self.move.to))):
                    return False
            if passed >= self.settings.take_seconds + self.settings.open_seconds:
                raise ShardLost("the other node has taken the shard, and does not open it")
            await trio.sleep(_LOOK_SECONDS)

    async def _take_back(self, offered_to: NodeId) -> bool:
        is_back = await self.store.take_back(offered_to, self.writer.epoch)
        self.log.warning("move.taken_back", to=self.move.to, is_back=is_back)
        return is_back

    def _send_players(self) -> None:
        for viewer in self.served.viewers():
            viewer.move(self.move.url)
