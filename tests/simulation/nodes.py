"""Nodes of a simulation: real shards with real tables, writers and ledgers, over a link that may fail."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Final

import trio
from attrs import define, field

from cardroom.ids import BootNonce, NodeId, ShardId, TableId
from cardroom.money import BasisPoints, Krw
from cardroom.service.settings import Secret
from node.journal.port import ShardStore
from node.journal.seal import DeckSeal
from node.settings import (
    JournalSettings,
    LeaseSettings,
    LedgerSettings,
    RakeSettings,
    StakeSettings,
    StakesFile,
    StopSettings,
    TableLimits,
)
from node.shards.lease import NodeIdentity
from node.shards.opening import TableMaker
from node.shards.supervisor import Shard, ShardServices
from node.tables.deck import shuffled_deck
from node.tables.directory import Directory
from tests.fakes.redis import RedisInMemory, StoreInMemory
from tests.simulation.players import Connection, Door, Messenger
from tests.simulation.trace import Trace, TracingLog
from tests.simulation.weather import FaultyLink, Weather

DEAD_SECONDS: Final = 12.0
STAKES: Final = StakesFile(
    {
        "low": StakeSettings(
            small_blind=Krw(1_000),
            big_blind=Krw(2_000),
            rake=RakeSettings(BasisPoints(500), 3),
            heads_up_rake=RakeSettings(BasisPoints(500), 1),
            straddle=True,
            run_it_twice=True,
        )
    }
)
_SEAL: Final = DeckSeal(Secret("a journal key of simulations"))


@define
class Life:
    """One start of a node: everything that ends with it."""

    identity: NodeIdentity
    link: FaultyLink
    log: TracingLog
    directory: Directory = field(factory=Directory)
    shards: tuple[Shard, ...] = ()
    scope: trio.CancelScope = field(factory=trio.CancelScope)
    ended: trio.Event = field(factory=trio.Event)
    connections: list[Connection] = field(factory=list)
    is_stopping: bool = False

    @property
    def is_dead(self) -> bool:
        """Say whether it was killed."""
        return self.link.is_dead


@define(eq=False)
class Node:
    """A node that is started, killed and started again in a nursery of the room."""

    node_id: NodeId
    homes: tuple[ShardId, ...]
    standby_for: tuple[ShardId, ...]
    server: RedisInMemory
    draw: Random
    trace: Trace
    nursery: trio.Nursery
    later: Callable[[float, Callable[[], object]], None]
    note_gone: Callable[["Node", Sequence[ShardId]], None]
    """Told when the node, with these shards, is about to be killed or cut off, and when it has stopped."""
    tell_offer: Callable[[NodeId, ShardId], Awaitable[None]]
    life: Life | None = None
    _weather: Weather = field(factory=Weather)
    _is_cut: bool = False

    def start(self) -> None:
        """Start, unless it runs already."""
        if self.life is not None:
            return
        identity = NodeIdentity(self.node_id, BootNonce(secrets.token_hex(16)))
        link = FaultyLink(self.draw, self.later, self._weather, self._is_cut)
        log = TracingLog(self.trace, {"node": self.node_id})
        self.life = Life(identity, link, log)
        services = self._services(self.life)
        self.life.shards = (
            *(Shard(shard, services) for shard in self.homes),
            *(Shard(shard, services, is_home=False) for shard in self.standby_for),
        )
        self.trace.note("start", f"{self.node_id} {identity.boot}")
        self.nursery.start_soon(self._live, self.life)

    async def kill(self) -> None:
        """End at once: nothing that it still does reaches anybody."""
        life = self.life
        if life is None:
            return
        self.note_gone(self, self._open_numbers())
        self.trace.note("kill", self.node_id)
        life.link.is_dead = True
        life.log.is_dead[0] = True
        self.life = None
        life.scope.cancel()
        await life.ended.wait()
        for connection in life.connections:
            connection.break_off()

    async def stop(self) -> None:
        """Stop in order, as a node does on SIGTERM; killed where that takes too long."""
        life = self.life
        if life is None:
            return
        life.is_stopping, had = True, self._open_numbers()
        for shard in life.shards:
            shard.drain()
        with trio.move_on_after(20.0):
            await life.ended.wait()
        if self.life is life:
            await self.kill()
        self.note_gone(self, had)

    def nudge(self, shard: ShardId) -> None:
        """Hear that a shard is offered."""
        for one in self.life.shards if self.life is not None else ():
            if one.shard == shard:
                one.nudge()

    def open_shards(self) -> list[Shard]:
        """Give the shards that are played here."""
        return [one for one in self.life.shards if one.is_open] if self.life is not None else []

    def _open_numbers(self) -> list[ShardId]:
        return [one.shard for one in self.open_shards()]

    def door(self, table_id: TableId) -> Door | None:
        """Give the way to a table that is here."""
        life = self.life
        entry = None if life is None else life.directory.find(table_id)
        if life is None or entry is None:
            return None
        return Door(entry, self.node_id, lambda: not life.is_dead, life.connections)

    def holds(self, shard: ShardId) -> bool:
        """Say whether the shard is open here, with its tables in memory."""
        return any(one.shard == shard for one in self.open_shards())

    @property
    def weather(self) -> Weather:
        """What its calls suffer from."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        if self.life is not None:
            self.life.link.weather = weather

    @property
    def is_cut(self) -> bool:
        """Whether it reaches the server not at all."""
        return self._is_cut

    @is_cut.setter
    def is_cut(self, is_cut: bool) -> None:
        if is_cut:
            self.note_gone(self, self._open_numbers())
        self._is_cut = is_cut
        if self.life is not None:
            self.life.link.is_cut = is_cut

    async def _live(self, life: Life) -> None:
        with life.scope:
            async with trio.open_nursery() as nursery:
                for shard in life.shards:
                    nursery.start_soon(shard.run)
        if self.life is life:
            self.life = None
            self.trace.note("stopped", self.node_id)
        life.ended.set()

    def _services(self, life: Life) -> ShardServices:
        limits = TableLimits()
        log = life.log.as_log()

        def open_store(shard: ShardId) -> ShardStore:
            identity = life.identity
            return StoreInMemory(self.server, shard, identity.node, identity.boot, DEAD_SECONDS, life.link)

        return ShardServices(
            identity=life.identity,
            open_store=open_store,
            directory=life.directory,
            maker=TableMaker(STAKES, limits, Messenger(), log),
            seal=_SEAL,
            shuffle=shuffled_deck,
            lease=LeaseSettings(renew_seconds=1.0, dead_seconds=DEAD_SECONDS),
            journal=JournalSettings(patience_seconds=3.0),
            ledger=LedgerSettings(poll_seconds=5.0, resend_seconds=4.0, open_seconds=10.0),
            stop=StopSettings(),
            log=log,
            tell_offer=self.tell_offer,
            may_claim=lambda: not life.is_stopping,
        )
