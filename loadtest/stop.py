"""One order to stop, for all bots at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import trio


class Stop:
    """Wakes whoever waits for it; nothing else is cut off."""

    def __init__(self) -> None:
        self._scopes: set[trio.CancelScope] = set()
        self._is_ordered = False

    @property
    def is_ordered(self) -> bool:
        """Whether the bots are to leave their tables and end."""
        return self._is_ordered

    def order(self) -> None:
        """Let the bots leave. May be repeated."""
        self._is_ordered = True
        for scope in self._scopes:
            scope.cancel()

    @contextmanager
    def wakes(self, scope: trio.CancelScope) -> Iterator[None]:
        """Let the order end a wait that runs in ``scope``."""
        self._scopes.add(scope)
        if self._is_ordered:
            scope.cancel()
        try:
            yield
        finally:
            self._scopes.discard(scope)

    async def pause(self, seconds: float) -> None:
        """Sleep until the order, or for so long."""
        with trio.move_on_after(seconds) as scope, self.wakes(scope):
            await trio.sleep_forever()
