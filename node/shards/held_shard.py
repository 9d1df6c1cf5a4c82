"""A shard between the lease and its loss: journal, ledger and tables, and whether it is still ours."""

import trio
from attrs import define, field, frozen

from cardroom.ids import Epoch, NodeId
from cardroom.wire.ledger import OpenShard, StaleEpoch
from node.journal.port import ShardStore
from node.journal.seal import DeckSeal
from node.journal.writer import JournalWriter
from node.ledger.stream import StreamLedger
from node.shards.moving import ShardMove, ShardReport, has_hand
from node.shards.opening import hear, open_again, open_shard
from node.shards.recovering import Recovery
from node.shards.served_tables import ServedTables


@define
class JournalTask:
    """Runs the journal's writer, which stops while the shard is offered to another node, and may go on."""

    writer: JournalWriter
    nursery: trio.Nursery
    _scope: trio.CancelScope = field(factory=trio.CancelScope)
    _ended: trio.Event = field(factory=trio.Event)

    def begin(self) -> None:
        """Let the writer run."""
        self._scope, self._ended = trio.CancelScope(), trio.Event()
        self.nursery.start_soon(self._run)

    async def stop(self) -> None:
        """Let the writer write nothing more, not even the lease."""
        self._scope.cancel()
        await self._ended.wait()

    def go_on(self) -> None:
        """Let the writer go on under the same epoch; it writes everything anew."""
        self.writer.resume(self.writer.epoch)
        self.begin()

    async def _run(self) -> None:
        try:
            with self._scope:
                await self.writer.run()
        finally:
            self._ended.set()


@frozen
class HeldShard:
    """What a shard is held with."""

    node: NodeId
    store: ShardStore
    writer: JournalWriter
    journal: JournalTask
    ledger: StreamLedger
    served: ServedTables

    async def open(self, seal: DeckSeal, seconds: float) -> None:
        """Ask the ledger for an epoch, and set up the tables with what an earlier owner left in the journal.

        Raises ``NotOpened`` or ``RedisAway``.
        """
        served, log = self.served, self.served.log
        opened = await open_shard(self.ledger, self.node, seconds)
        self.writer.resume(opened.epoch)
        recovery = Recovery(
            served.shard, self.store, self.writer, self.ledger, served.maker, seal, seconds, log
        )
        served.tables = await recovery.recover(opened.tables)
        log.info("shard.opened", epoch=opened.epoch, tables=len(served.tables))

    def report(self, is_home: bool, is_open: bool, move: ShardMove | None) -> ShardReport:
        """Give what is known of the shard now."""
        tables = self.served.tables
        return ShardReport(
            shard=self.served.shard,
            is_home=is_home,
            is_open=is_open,
            owner=self.node,
            epoch=self.writer.epoch,
            lease_age_ms=round(self.writer.lag_seconds * 1000),
            tables=len(tables),
            hands_in_play=sum(map(has_hand, tables)),
            viewers=sum(len(table.audience.viewers) for table in tables),
            journal_waiting=self.writer.waiting,
            move=move,
        )

    async def keep_owning(self) -> None:
        """When Redis has lost the lease: ask the ledger if the shard is still ours, and go on from memory."""
        send, doubts = trio.open_memory_channel[Epoch](1)

        def doubt(epoch: Epoch) -> None:
            send.send_nowait(epoch)

        self.writer.on_unheld = doubt
        async for epoch in doubts:
            opened = await open_again(self.ledger, self.node, epoch)
            self.writer.resume(opened.epoch)
            for table in opened.tables:
                # What was decided about a halted one meanwhile is not in our memory, nor one that was made.
                if table.is_halted or self.served.find(table.table_id) is None:
                    self.served.begin_anew(table.table_id)

    async def ask_ledger(self, seconds: float) -> bool:
        """Say whether the ledger answers in time, and the shard is still ours.

        An opening whose epoch is one too low changes nothing and names the present owner's.
        """
        epoch = self.writer.epoch
        with trio.move_on_after(seconds):
            answer = await hear(self.ledger, OpenShard(self.node, Epoch(epoch - 1)))
            return isinstance(answer, StaleEpoch) and answer.current == epoch
        return False

    async def settle(self, seconds: float) -> None:
        """Wait until all is kept and answered; what is not, still is later."""
        with trio.move_on_after(seconds):
            await self.ledger.wait_until_answered()
            await self.writer.wait_until_kept()
