"""One nursery per shard, one task per table: what crashes is isolated and started again."""

from collections.abc import Sequence

import trio
from attrs import define, field, frozen

from cardroom.ids import ShardId
from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway
from cardroom.wire.ledger import ShardOpened
from cardroom.wire.table import CloseCode
from node.ledger.stream import LedgerAddress, ShardLost, StreamLedger
from node.settings import LeaseSettings, LedgerSettings, StopSettings, TableLimits
from node.shards.lease import NodeIdentity, ShardLease
from node.shards.opening import NotOnOffer, NotOpened, TableMaker, open_shard, set_up_table
from node.tables.actor import Table, TableActor, TableServices
from node.tables.commands import Drain
from node.tables.deck import Shuffle
from node.tables.directory import Directory
from node.tables.metrics import CRASHES

_RETRY_SECONDS = 1.0
_LONGEST_RESTART_SECONDS = 30.0
_STEADY_SECONDS = 600.0
"""After so long without a crash, earlier ones no longer count."""


@frozen
class ShardServices:
    """What every shard of a node works with."""

    identity: NodeIdentity
    redis: Redis
    directory: Directory
    maker: TableMaker
    shuffle: Shuffle
    lease: LeaseSettings
    ledger: LedgerSettings
    stop: StopSettings
    log: Log


@define
class Shard:
    """One shard of this node; ``is_open`` while it is ours and its tables are served."""

    shard: ShardId
    services: ShardServices
    is_open: bool = False
    tables: Sequence[Table] = field(factory=tuple)
    _draining: trio.Event = field(factory=trio.Event)

    async def run(self) -> None:
        """Hold the shard until ``drain``; when it is lost, or cannot be opened yet, try again."""
        log = self.services.log.bind(shard=self.shard)
        while not self._draining.is_set():
            try:
                await self._hold(log)
            except* (ShardLost, NotOpened, RedisAway) as trouble:
                log.warning("shard.not_held", reasons=[str(one) for one in _leaves(trouble)])
            if not self._draining.is_set():
                await self._rest(_RETRY_SECONDS)

    def drain(self) -> None:
        """Begin no more hands, let those in play end, settle, and give the shard back."""
        self._draining.set()
        for table in self.tables:
            table.entry.inbox.deliver(Drain())

    async def _rest(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self._draining.wait()

    async def _hold(self, log: Log) -> None:
        services = self.services
        lease = ShardLease(self.shard, services.identity, services.redis, services.lease, log)
        if not await lease.take():
            return
        address = LedgerAddress(self.shard, services.identity.boot)
        ledger = StreamLedger(address, services.redis, services.ledger, log)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lease.keep)
            await nursery.start(ledger.run)
            opened = await open_shard(ledger, services.identity.node, services.ledger.open_seconds)
            ledger.epoch = lease.epoch = opened.epoch
            await lease.renew()
            self.tables = _set_up_tables(opened, self.shard, services.maker, log)
            log.info("shard.opened", epoch=opened.epoch, tables=len(self.tables))
            try:
                await self._serve_tables(TableServices(ledger, services.shuffle, lease.may_deal))
                await self._settle(ledger)
            finally:
                self._close()
            nursery.cancel_scope.cancel()
        await lease.release()  # not before nobody renews it any more

    async def _serve_tables(self, services: TableServices) -> None:
        """Run all tables until they are drained, or the time for that is over."""
        with trio.CancelScope() as serving:
            async with trio.open_nursery() as nursery:
                for table in self.tables:
                    self.services.directory.add(table.entry)
                    nursery.start_soon(keep_table_running, table, services)
                self.is_open = True
                await self._draining.wait()
                for table in self.tables:  # those that were opened while the drain began
                    table.is_draining = True
                    table.entry.inbox.deliver(Drain())
                serving.deadline = trio.current_time() + self.services.stop.hands_seconds

    async def _settle(self, ledger: StreamLedger) -> None:
        """Wait until the ledger has answered everything; what it has not, it still does later."""
        with trio.move_on_after(self.services.stop.settle_seconds):
            await ledger.wait_until_answered()

    def _close(self) -> None:
        self.is_open = False
        self.services.directory.remove_shard(self.shard)
        for table in self.tables:
            for viewer in (*table.audience.viewers, *table.entry.inbox.unread_watchers()):
                viewer.kick(CloseCode.RESTART)
        self.tables = ()


async def keep_table_running(table: Table, services: TableServices) -> None:
    """Serve one table until it is drained; a crash voids its hand in play and touches no other table.

    A table that crashes again and again is halted: it deals no more, its players can still leave.
    """
    limits: TableLimits = table.seats.game.limits
    crashes = 0
    while True:
        started_at = trio.current_time()
        try:
            await TableActor(table, services).run()
        except Exception as error:  # noqa: BLE001 (the border of one table)
            report_unforeseen(table.log, "table", error)
        else:
            return
        CRASHES.inc()
        table.has_crashed = True
        crashes = 1 if trio.current_time() - started_at > _STEADY_SECONDS else crashes + 1
        if crashes >= limits.restarts_before_halt and not table.seats.is_halted:
            table.seats.is_halted = True
            table.log.error("table.halted", reason="it crashed too often")
        await trio.sleep(min(limits.restart_seconds * crashes, _LONGEST_RESTART_SECONDS))


def _set_up_tables(opened: ShardOpened, shard: ShardId, maker: TableMaker, log: Log) -> list[Table]:
    """Make the tables of a shard; one that the stakes file does not offer stays closed, alone."""
    tables = []
    for told in opened.tables:
        try:
            tables.append(set_up_table(told, shard, maker))
        except NotOnOffer as missing:
            log.error("table.not_opened", table_id=told.table_id, reason=str(missing))  # noqa: TRY400 (no bug)
    return tables


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for one in group.exceptions:
        found.extend(_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    return found
