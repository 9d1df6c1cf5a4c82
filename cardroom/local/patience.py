"""How long a stop may take: calmly when the time is over, briefly after a signal."""

import trio
from attrs import frozen


@frozen
class Limit:
    """The share of one step of the stop, in seconds: ``calm`` without a signal, ``hurried`` after one."""

    calm: float
    hurried: float


class Patience:
    """Gives each step its share; a signal shortens the step that is under way too."""

    def __init__(self) -> None:
        self._is_hurried = False
        self._steps: list[tuple[trio.CancelScope, Limit]] = []

    def hurry(self) -> None:
        """Somebody wants the end now. May be repeated."""
        if not self._is_hurried:
            self._is_hurried = True
            for scope, limit in self._steps:
                scope.deadline = min(scope.deadline, trio.current_time() + limit.hurried)

    def step(self, limit: Limit) -> trio.CancelScope:
        """Give the scope of one step, to be entered at once: no cancellation from outside reaches it."""
        seconds = limit.hurried if self._is_hurried else limit.calm
        scope = trio.CancelScope(deadline=trio.current_time() + seconds, shield=True)
        self._steps.append((scope, limit))
        return scope
