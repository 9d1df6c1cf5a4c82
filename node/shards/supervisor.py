"""One nursery per shard: wait until it may be taken, open it, serve its tables, give it away or lose it."""

from collections.abc import Awaitable, Callable
from contextlib import closing

import trio
from attrs import define, field, frozen

from cardroom.ids import Epoch, NodeId, ShardId
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from cardroom.wire.house import HouseWord
from cardroom.wire.refusals import Refusal
from node.journal.port import ShardLost, ShardStore
from node.journal.seal import DeckSeal
from node.journal.writer import JournalWriter
from node.ledger.stream import LedgerAddress, StreamLedger
from node.settings import JournalSettings, LeaseSettings, LedgerSettings, MoveSettings, StopSettings
from node.shards.claim import ANY_NODE, ShardClaim, is_open
from node.shards.handing_over import HandOver
from node.shards.held_shard import HeldShard, JournalTask
from node.shards.lease import NodeIdentity
from node.shards.moving import MovePhase, MoveRefused, ShardMove, ShardReport
from node.shards.opening import NotOpened, TableMaker
from node.shards.served_tables import ServedTables
from node.tables.commands import Drain, Pause
from node.tables.deck import Shuffle
from node.tables.directory import Directory
from node.tables.table import Table, TableServices

_RETRY_SECONDS = 1.0
_ASK_SECONDS = 2.0
_DROP_SECONDS = 1.0


async def _tell_nobody(to: NodeId, shard: ShardId) -> None:
    """The other node finds the offer when it looks at the lease."""


@frozen
class ShardServices:
    """What every shard of a node works with."""

    identity: NodeIdentity
    open_store: Callable[[ShardId], ShardStore]
    directory: Directory
    maker: TableMaker
    seal: DeckSeal
    shuffle: Shuffle
    lease: LeaseSettings
    journal: JournalSettings
    ledger: LedgerSettings
    stop: StopSettings
    log: Log
    move: MoveSettings = field(factory=MoveSettings)
    may_claim: Callable[[], bool] = lambda: True
    """Whether this node takes shards now; what it holds it keeps."""
    tell_offer: Callable[[NodeId, ShardId], Awaitable[None]] = _tell_nobody
    """Says to another node that its name stands in a lease; may raise ``RedisAway``."""
    house: Callable[[], HouseWord] = HouseWord
    """What is known of the house now."""


@define
class Shard:
    """One shard that this node plays or stands by for; ``is_open`` while its tables are served here.

    ``is_home``: the shard map gives it to this node.
    """

    shard: ShardId
    services: ShardServices
    is_home: bool = True
    is_open: bool = False
    is_paused: bool = False
    move: ShardMove | None = None
    """The move that is under way, or was the last."""
    _may_take_absent: bool = field(init=False)
    _claim: ShardClaim | None = None
    _held: HeldShard | None = None
    _draining: trio.Event = field(factory=trio.Event)
    _ordered: trio.Event = field(factory=trio.Event)
    _woken: trio.Event = field(factory=trio.Event)
    _moving: trio.CancelScope = field(factory=trio.CancelScope)

    def __attrs_post_init__(self) -> None:
        self._may_take_absent = self.is_home

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that are served here."""
        return () if self._held is None else self._held.served.tables

    @property
    def epoch(self) -> Epoch:
        """Under which epoch this node holds the shard; 0 while it does not."""
        return Epoch(0) if self._held is None else self._held.writer.epoch

    @property
    def served(self) -> ServedTables | None:
        """What orders about tables are given to, while this node plays the shard."""
        return self._held.served if self._held is not None and self.is_open else None

    @property
    def is_elsewhere(self) -> bool:
        """Whether another node plays the shard, as last seen."""
        return not self.is_open and self._claim is not None and is_open(self._claim.seen)

    async def run(self) -> None:
        """Take the shard whenever that is right, and hold it; ends by ``drain``."""
        log = self.services.log.bind(shard=self.shard)
        if self.is_home:
            self.services.directory.expect(self.shard)
        while not self._draining.is_set():
            with closing(self.services.open_store(self.shard)) as store:
                if not await self._take(store, log):
                    break
                rest_seconds = 0.0
                try:
                    await self._hold(store, log)
                except* (ShardLost, NotOpened, RedisAway) as trouble:
                    log.warning("shard.not_held", reasons=[str(one) for one in _leaves(trouble)])
                    rest_seconds = _RETRY_SECONDS
                if self.move is not None:
                    self.move.break_off()
                await self._leave_to_others(store, log)
            self._woken = trio.Event()
            with trio.move_on_after(rest_seconds):
                await self._woken.wait()

    def drain(self) -> None:
        """Begin no more hands, let those in play end, settle, and leave the shard to whoever takes it."""
        self._draining.set()
        self._ordered.set()
        self._woken.set()
        self._moving.deadline = trio.current_time() + _DROP_SECONDS
        if self.move is not None and self.move.phase is MovePhase.LOOKING:
            self.move.end(MovePhase.CALLED_OFF)
        if self._held is not None:
            self._held.served.deliver(Drain())

    def begin_move(self, move: ShardMove) -> None:
        """Give the shard to another node; see ``Movable``."""
        if not self.is_open or self._draining.is_set():
            raise MoveRefused(Refusal.SHARD_NOT_HELD)
        if self.move is not None and not self.move.is_over:
            raise MoveRefused(Refusal.MOVE_UNDER_WAY)
        self.move = move
        self._ordered.set()

    async def ask_ledger(self) -> bool:
        """Say whether the ledger answers, and the shard is still ours."""
        return self._held is not None and await self._held.ask_ledger(_ASK_SECONDS)

    def nudge(self) -> None:
        """Look at the lease now."""
        self._woken.set()
        if self._claim is not None:
            self._claim.nudge()

    def report(self) -> ShardReport:
        """Give what is known of the shard now."""
        if self._held is not None:
            return self._held.report(self.is_home, self.is_open, self.move)
        seen = None if self._claim is None else self._claim.seen
        return ShardReport(
            shard=self.shard,
            is_home=self.is_home,
            owner=None if seen is None else seen.node,
            epoch=Epoch(0) if seen is None else seen.epoch,
            move=self.move,
        )

    async def _take(self, store: ShardStore, log: Log) -> bool:
        """Wait until the lease is this node's; False when it shall not be any more."""
        services = self.services
        claim = self._claim = ShardClaim(
            store=store,
            node=services.identity.node,
            dead_seconds=services.lease.dead_seconds,
            may_claim=services.may_claim,
            on_wait=lambda: services.directory.settle(self.shard),
            log=log,
            is_home=self.is_home,
            may_take_absent=self._may_take_absent,
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_after, self._draining, nursery.cancel_scope)
            await claim.wait_until_taken()
            self._may_take_absent = claim.may_take_absent
            services.directory.expect(self.shard)
            nursery.cancel_scope.cancel()
        return not self._draining.is_set()

    async def _leave_to_others(self, store: ShardStore, log: Log) -> None:
        """A standby that could not open a shard does not keep it from its home node, or from who gave it."""
        if not self.is_home:
            try:
                await store.offer(ANY_NODE)
            except RedisAway as away:
                log.warning("shard.not_left", reason=str(away))

    async def _hold(self, store: ShardStore, log: Log) -> None:
        services = self.services
        try:
            async with trio.open_nursery() as nursery:
                held = self._held = _make_held(self.shard, self.services, store, nursery, log)
                held.journal.begin()
                await nursery.start(held.ledger.run)
                await held.open(services.seal, services.ledger.open_seconds)
                nursery.start_soon(held.keep_owning)
                if not await self._serve(held, log):
                    await held.settle(services.stop.settle_seconds)
                self._close()
                nursery.cancel_scope.cancel()
        finally:
            self._close()
        await store.offer(ANY_NODE)  # not before nobody renews it any more

    async def _serve(self, held: HeldShard, log: Log) -> bool:
        """Run all tables until they are drained, or too late; True if they were given away."""
        held.writer.on_pause = self._pause
        with trio.CancelScope() as serving:
            async with trio.open_nursery() as nursery:
                held.served.begin_all(nursery)
                self.is_open = True
                self.services.directory.settle(self.shard)
                async with trio.open_nursery() as reopening:
                    reopening.start_soon(held.served.open_and_end, nursery)
                    is_given = await self._follow_orders(held, log)
                    reopening.cancel_scope.cancel()
                if is_given:
                    serving.cancel()
                for table in self.tables:  # those that were opened while the drain began
                    table.is_draining = True
                held.served.deliver(Drain())
                serving.deadline = trio.current_time() + self.services.stop.hands_seconds
        return is_given

    async def _follow_orders(self, held: HeldShard, log: Log) -> bool:
        """Wait for orders; True when the shard was given away, False when it is drained."""
        while True:
            if self.move is not None and not self.move.is_over:
                self._moving = trio.CancelScope()
                with self._moving:
                    if await _make_hand_over(self.services, held, self.move, log).run():
                        return True
            if self._draining.is_set():
                return False
            self._ordered = trio.Event()
            await self._ordered.wait()

    def _pause(self, is_paused: bool) -> None:
        """Redis does not answer, or does again: every table waits, or goes on."""
        self.is_paused = is_paused
        if self._held is not None:
            self._held.served.deliver(Pause(is_paused))

    def _close(self) -> None:
        self.is_open = self.is_paused = False
        self.services.directory.settle(self.shard)
        if self._held is not None:
            self._held.served.close()
            self._held = None


def _make_held(
    shard: ShardId, services: ShardServices, store: ShardStore, nursery: trio.Nursery, log: Log
) -> HeldShard:
    writer = JournalWriter(store, services.journal, services.lease, log)
    ledger = StreamLedger(LedgerAddress(shard, services.identity.boot), store, writer, services.ledger, log)
    tables = TableServices(ledger, writer, services.seal, services.shuffle, writer.may_deal, services.house)
    served = ServedTables(shard, services.directory, services.maker, ledger, writer, store, tables, log)
    return HeldShard(services.identity.node, store, writer, JournalTask(writer, nursery), ledger, served)


def _make_hand_over(services: ShardServices, held: HeldShard, move: ShardMove, log: Log) -> HandOver:
    return HandOver(
        store=held.store,
        writer=held.writer,
        journal=held.journal,
        served=held.served,
        tell_offer=lambda to: services.tell_offer(to, held.served.shard),
        move=move,
        settings=services.move,
        log=log,
    )


async def _cancel_after(event: trio.Event, waiting: trio.CancelScope) -> None:
    await event.wait()
    waiting.cancel()


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for one in group.exceptions:
        found.extend(_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    return found
