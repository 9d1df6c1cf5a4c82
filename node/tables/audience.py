"""Who watches a table, and how events reach them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from attrs import Factory, define, frozen

from cardroom.ids import UserId
from cardroom.wire.codec import Encoding
from cardroom.wire.table import AnyTableEvent, CloseCode, TableMessage


class Viewer(Protocol):
    """One connection of a player, as a table knows it."""

    @property
    def user_id(self) -> UserId:
        """Whose connection it is."""

    @property
    def nickname(self) -> str:
        """The player's name at the table."""

    @property
    def address(self) -> str:
        """The network address of the player's side, without the port."""

    def answer(self, message: TableMessage) -> None:
        """Send one message to this connection alone; never blocks, a slow connection is closed."""

    @property
    def encoding(self) -> Encoding:
        """How this connection writes messages."""

    def offer_frames(self, frames: bytes) -> None:
        """Send messages that are encoded already; never blocks, a slow connection is closed."""

    def kick(self, code: CloseCode) -> None:
        """Close this connection soon, for this reason; never blocks."""

    def move(self, url: str) -> None:
        """Say that the table is played at this address now, and close this connection soon; never blocks."""


@frozen
class Notice:
    """One event: what everybody is told, and what certain players are told instead."""

    for_all: AnyTableEvent
    instead: Mapping[UserId, AnyTableEvent] = Factory(dict)


class Publisher(Protocol):
    """Writes notices as frames for connections: each distinct message is encoded once."""

    def frame(self, viewers: Iterable[Viewer], notices: Sequence[Notice]) -> Sequence[tuple[Viewer, bytes]]:
        """Give what each of these is to be sent for the notices, in order."""

    def frame_message(
        self, viewers: Iterable[Viewer], message: TableMessage
    ) -> Sequence[tuple[Viewer, bytes]]:
        """Give what each of these is to be sent for a message that is no event of the table."""


@define
class Audience:
    """The connections that follow one table; it outlives a crash of the table's task."""

    _viewers: dict[int, Viewer] = Factory(dict)

    def add(self, viewer: Viewer) -> None:
        """Let a connection follow the table."""
        self._viewers[id(viewer)] = viewer

    def remove(self, viewer: Viewer) -> None:
        """Forget a connection; it may have been forgotten before."""
        self._viewers.pop(id(viewer), None)

    def has(self, viewer: Viewer) -> bool:
        """Say whether a connection follows the table."""
        return id(viewer) in self._viewers

    def of_user(self, user_id: UserId) -> tuple[Viewer, ...]:
        """Give all connections of a player that follow the table."""
        return tuple(viewer for viewer in self._viewers.values() if viewer.user_id == user_id)

    def has_user(self, user_id: UserId) -> bool:
        """Say whether any connection of a player follows the table."""
        return any(viewer.user_id == user_id for viewer in self._viewers.values())

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """Give all connections that follow the table now."""
        return tuple(self._viewers.values())
