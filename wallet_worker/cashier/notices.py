"""Tells players of their coins; best effort, after the commit."""

from typing import Protocol

from cardroom.ids import UserId
from cardroom.wire.notices import PlayerNotice


class NoticeBoard(Protocol):
    """Where notices go."""

    def tell(self, user_id: UserId, notice: PlayerNotice) -> None:
        """Hand a notice over; never waits, never raises. One that cannot be told is dropped and counted."""
