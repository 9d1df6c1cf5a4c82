"""The task of one table: a crash voids its hand in play and touches no other table."""

import trio
from attrs import field, frozen

from cardroom.service.errors import report_unforeseen
from node.settings import TableLimits
from node.tables.actor import TableActor
from node.tables.metrics import CRASHES
from node.tables.table import Table, TableServices

_LONGEST_RESTART_SECONDS = 30.0
_STEADY_SECONDS = 600.0
"""After so long without a crash, earlier ones no longer count."""


@frozen
class TableTask:
    """The task that serves a table: what ends it, and whether it has ended."""

    scope: trio.CancelScope = field(factory=trio.CancelScope)
    ended: trio.Event = field(factory=trio.Event)

    async def serve(self, table: Table, services: TableServices) -> None:
        """Serve one table until it is drained, or given up for a new one."""
        with self.scope:
            await keep_table_running(table, services)
        self.ended.set()


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
