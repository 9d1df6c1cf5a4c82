"""A table that waits for Redis: nothing is played, no clock runs, whoever asks is told so."""

from attrs import define

from cardroom.ids import TableId
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import Refused, TablePaused
from node.tables.audience import Audience, Viewer
from node.tables.metrics import REFUSALS
from node.tables.telling import Telling


@define
class Pausing:
    """Whether one table waits; outlives a crash of its task. That it waits is told past all that waits."""

    table_id: TableId
    audience: Audience
    telling: Telling
    is_paused: bool = False

    def turn(self, *, is_paused: bool) -> None:
        """Wait, or go on; all who watch are told."""
        self.is_paused = is_paused
        if is_paused:
            for viewer in self.audience.viewers:
                self.greet(viewer)
        else:
            self.telling.send(self.audience.viewers, TablePaused(self.table_id, is_paused=False))

    def greet(self, viewer: Viewer) -> None:
        """Tell somebody who comes that the table waits; what else there is to see comes when it goes on."""
        if self.is_paused:
            viewer.answer(TablePaused(self.table_id, is_paused=True))

    def refuse(self, viewer: Viewer, request_id: int) -> None:
        """Refuse what somebody asks of a table that waits."""
        REFUSALS.labels(code=Refusal.TABLE_PAUSED.value).inc()
        viewer.answer(Refused(request_id, Refusal.TABLE_PAUSED))
