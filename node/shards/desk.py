"""Orders about the shards of a node: move one, give all away before a stop, and what has become of it."""

from collections.abc import Sequence
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import NodeId, ShardId
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from cardroom.wire.presence import NodeAnnouncement
from cardroom.wire.refusals import Refusal
from node.settings import MoveSettings
from node.shards.moving import Movable, MovePhase, MoveRefused, ShardMove, ShardReport
from node.shards.neighbours import Neighbours

_LOOK_SECONDS: Final = 1.0


@define
class ShardDesk:
    """All shards that this node plays or stands by for. ``run`` must be running for a drain to go on."""

    shards: Sequence[Movable]
    neighbours: Neighbours
    settings: MoveSettings
    log: Log
    drain_reason: str | None = None
    """Why the node gives its shards away and takes none; None while it does not."""
    _drain_ordered: trio.Event = field(factory=trio.Event)

    @property
    def is_draining(self) -> bool:
        """Whether the node gives its shards away, and takes none."""
        return self.drain_reason is not None

    def reports(self) -> tuple[ShardReport, ...]:
        """Give what is known of all shards, by number."""
        return tuple(sorted((one.report() for one in self.shards), key=lambda one: one.shard))

    def find(self, shard: ShardId) -> Movable:
        """Give one shard; raises ``MoveRefused``."""
        for one in self.shards:
            if one.shard == shard:
                return one
        raise MoveRefused(Refusal.NO_SUCH_SHARD)

    def nudge(self, shard: ShardId) -> None:
        """Tell a shard that it was offered; one that this node never takes is passed over."""
        for one in self.shards:
            if one.shard == shard:
                one.nudge()

    async def order_move(self, shard: ShardId, to: NodeId, reason: str) -> ShardMove:
        """Give a shard to another node; returns when the move is begun. Raises ``MoveRefused``.

        Refused where it could not succeed: the shard is not played here or moves already, the node is away or
        takes it not, the ledger does not answer.
        """
        movable = self.find(shard)
        if not movable.is_open:
            raise MoveRefused(Refusal.SHARD_NOT_HELD)
        taker = await self._find_taker(shard, to)
        return await self._begin(movable, taker, reason, self.settings.wait_seconds)

    def order_drain(self, reason: str) -> None:
        """Give all shards away, one after the other, and take none until the order is taken back."""
        self.drain_reason = reason
        self._drain_ordered.set()
        self.log.info("node.drain", reason=reason)

    def cancel_drain(self) -> None:
        """Give no more shards away, and take again what is offered. What has moved stays where it is."""
        self.drain_reason = None
        self._drain_ordered = trio.Event()
        for one in self.shards:
            move = one.report().move
            if move is not None and move.phase is MovePhase.LOOKING:
                move.end(MovePhase.CALLED_OFF)
        self.log.info("node.drain_cancelled")

    async def run(self) -> None:
        """Carry out drains until cancelled: a shard that nobody takes now is tried again."""
        while True:
            await self._drain_ordered.wait()
            for movable in self.shards:
                if self.is_draining and movable.is_open:
                    await self._give_away(movable, self.drain_reason or "", self.settings.wait_seconds)
            await trio.sleep(_LOOK_SECONDS)

    def stop_claiming(self, reason: str) -> None:
        """Take no shards any more; for the end of this node."""
        self.drain_reason = reason
        self._drain_ordered = trio.Event()

    async def give_all_away(self, reason: str, wait_seconds: float) -> None:
        """Give all shards that somebody takes away at the same time, and take none."""
        self.stop_claiming(reason)
        async with trio.open_nursery() as nursery:
            for movable in self.shards:
                if movable.is_open:
                    nursery.start_soon(self._give_away, movable, reason, wait_seconds)

    async def _give_away(self, movable: Movable, reason: str, wait_seconds: float) -> None:
        """Give a shard to whoever takes it, and wait for the end of that; if nobody does, it stays."""
        log = self.log.bind(shard=movable.shard)
        move = movable.report().move
        if move is not None and not move.is_over:
            move.wait_seconds = min(move.wait_seconds, wait_seconds)
        else:
            try:
                takers = await self.neighbours.takers(movable.shard)
                if not takers:
                    log.warning("shard.no_taker")
                    return
                move = await self._begin(movable, takers[0], reason, wait_seconds)
            except (MoveRefused, RedisAway) as refused:
                log.warning("shard.not_given", reason=str(refused))
                return
        await move.ended.wait()

    async def _find_taker(self, shard: ShardId, to: NodeId) -> NodeAnnouncement:
        try:
            taker = await self.neighbours.find(to)
        except RedisAway:
            raise MoveRefused(Refusal.UNAVAILABLE) from None
        if taker is None or to == self.neighbours.node:
            raise MoveRefused(Refusal.NODE_AWAY)
        if shard not in taker.takes:
            raise MoveRefused(Refusal.NODE_NOT_STANDBY)
        return taker

    async def _begin(
        self, movable: Movable, taker: NodeAnnouncement, reason: str, wait_seconds: float
    ) -> ShardMove:
        under_way = movable.report().move
        if under_way is not None and not under_way.is_over:  # its journal may rest: nobody could ask
            raise MoveRefused(Refusal.MOVE_UNDER_WAY)
        if not await movable.ask_ledger():
            raise MoveRefused(Refusal.LEDGER_AWAY)
        move = ShardMove(taker.node, taker.player_url, reason, wait_seconds)
        movable.begin_move(move)
        self.log.info("shard.move", shard=movable.shard, to=taker.node, reason=reason)
        return move
