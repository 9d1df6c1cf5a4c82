"""What a table tells, in order, and not before the journal has it (DESIGN 6).

What is not kept is never shown: not a card, not a commitment, not an action. A table goes on while its last
steps are on their way to the journal; what they tell waits here.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from attrs import define, field

from cardroom.service.errors import report_unforeseen
from cardroom.service.logs import Log
from cardroom.wire.table import CloseCode, TableMessage
from node.tables.audience import Notice, Publisher, Viewer

Keep = Callable[[Callable[[], None]], None]
"""Brings a step to the journal; calls back when it is kept."""


@define
class _Step:
    """What one step tells: to each connection in one write, which costs more than all the rest of telling."""

    frames: dict[int, tuple[Viewer, bytes]] = field(factory=dict)
    """By the connection's identity."""
    calls: list[Callable[[], None]] = field(factory=list)
    """What comes after that."""

    def offer(self, framed: Iterable[tuple[Viewer, bytes]]) -> None:
        """Send these, after what goes to the same connection already."""
        frames = self.frames
        for one in framed:
            viewer = one[0]
            known = frames.get(id(viewer))
            frames[id(viewer)] = one if known is None else (viewer, known[1] + one[1])

    def go_on(self, step: "_Step") -> None:
        """Tell what another step tells after all of this."""
        self.offer(step.frames.values())
        self.calls.extend(step.calls)


@define
class Telling:
    """Everything that leaves one table for its viewers; outlives a crash of the table's task.

    Messages are encoded when they are told: what cannot be encoded breaks the step, and nobody else.
    """

    publisher: Publisher
    log: Log
    _step: _Step = field(factory=_Step)
    _held: deque[_Step] = field(factory=deque)

    @property
    def is_held(self) -> bool:
        """Say whether anything waits for the journal."""
        return bool(self._held)

    def publish(self, viewers: Iterable[Viewer], notices: Sequence[Notice]) -> None:
        """Tell events to all of these."""
        self._step.offer(self.publisher.frame(viewers, notices))

    def send(self, viewers: Iterable[Viewer], message: TableMessage) -> None:
        """Tell all of these a message that is no event of the table."""
        self._step.offer(self.publisher.frame_message(viewers, message))

    def answer(self, viewer: Viewer, message: TableMessage) -> None:
        """Tell one connection something."""
        self.send((viewer,), message)

    def kick(self, viewer: Viewer, code: CloseCode) -> None:
        """Close a connection, after all that it was told before."""
        self._step.calls.append(partial(viewer.kick, code))

    def call(self, function: Callable[[], None]) -> None:
        """Do something that shows what the table has become, once all is told; it must not block or fail."""
        self._step.calls.append(function)

    def drop_step(self) -> None:
        """Forget what a crashed step was about to tell."""
        self._step = _Step()

    def end_step(self, keep: Keep | None) -> None:
        """Tell what this step told: when it is kept, or, if it changed nothing, after what waits already."""
        told, self._step = self._step, _Step()
        if keep is not None:
            self._held.append(told)
            keep(self._release)
        elif self._held:
            self._held[-1].go_on(told)
        else:
            self._tell(told)

    def _release(self) -> None:
        """The oldest step that waits is kept."""
        self._tell(self._held.popleft())

    def _tell(self, told: _Step) -> None:
        """Tell, and let nobody who listens break what others are told, or the journal."""
        for viewer, frames in told.frames.values():
            try:
                viewer.offer_frames(frames)
            except Exception as error:  # noqa: BLE001 (the border of one table)
                report_unforeseen(self.log, "table", error)
        for call in told.calls:
            try:
                call()
            except Exception as error:  # noqa: BLE001 (the border of one table)
                report_unforeseen(self.log, "table", error)
