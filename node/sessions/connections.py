"""The admitted connections of a node: how many in all, and how many of one player."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from cardroom.ids import UserId
from cardroom.wire.notices import PlayerNotice
from cardroom.wire.table import CloseCode
from node.sessions.metrics import CONNECTIONS
from node.tables.audience import Viewer


class Connection(Viewer, Protocol):
    """A connection as the node knows it: its player may be told what concerns no table."""

    def notify(self, notice: PlayerNotice) -> None:
        """Tell the player of coins, in the course of what the table tells; never blocks."""


class Connections:
    """Counts connections; a player's newest ones stay, the oldest is closed.

    ``limit`` is for all players. Who comes back to a full node takes the place of the own oldest connection.
    """

    def __init__(self, limit: int, per_user: int) -> None:
        self.limit = limit
        self._per_user = per_user
        self._of_user: dict[UserId, list[Connection]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def has_room_for(self, user_id: UserId) -> bool:
        """Say whether a player may come; who is here already only takes the place of the own oldest one.

        So a player whose old connection is broken, but not yet known to be, comes back to a full node too.
        """
        return self._count < self.limit or user_id in self._of_user

    def has(self, user_id: UserId) -> bool:
        """Say whether a player has any connection here."""
        return user_id in self._of_user

    def of_user(self, user_id: UserId) -> tuple[Connection, ...]:
        """Give a player's connections, oldest first."""
        return tuple(self._of_user.get(user_id, ()))

    @property
    def users(self) -> tuple[UserId, ...]:
        """Give all players who are connected."""
        return tuple(self._of_user)

    @contextmanager
    def entered(self, connection: Connection) -> Iterator[None]:
        """Count a connection while it lasts; may close the player's oldest one."""
        own = self._of_user.setdefault(connection.user_id, [])
        surplus = len(own) - self._per_user + 1  # those that still close count too
        if self._count >= self.limit:
            surplus = max(surplus, 1)
        for oldest in own[: max(0, surplus)]:
            oldest.kick(CloseCode.REPLACED)
        own.append(connection)
        self._count += 1
        CONNECTIONS.set(self._count)
        try:
            yield
        finally:
            own.remove(connection)
            if not own:
                self._of_user.pop(connection.user_id, None)
            self._count -= 1
            CONNECTIONS.set(self._count)
