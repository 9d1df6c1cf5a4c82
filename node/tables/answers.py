"""Answers to requests that were carried out: given after the events that they have caused."""

from attrs import define, field

from cardroom.wire.table import TableMessage
from node.tables.audience import Viewer
from node.tables.telling import Telling


@define
class Answers:
    """Keeps answers until the end of a step: whoever reads one has read what became of the request before.

    They outlive a crash of the table's task: then the snapshot comes before them.
    """

    _due: list[tuple[Viewer, TableMessage]] = field(factory=list)

    def note(self, viewer: Viewer, message: TableMessage) -> None:
        """Give this answer when the events of the step are told."""
        self._due.append((viewer, message))

    def give(self, telling: Telling) -> None:
        """Tell what is due, in the order of noting."""
        due, self._due = self._due, []
        for viewer, message in due:
            telling.answer(viewer, message)
