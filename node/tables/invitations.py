"""Who may come to a private table: who has its code, who holds a seat there, who was let in before."""

import hmac
from collections.abc import Collection, Iterable

from attrs import define, field

from cardroom.ids import UserId
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CloseCode, Refused
from node.tables.audience import Viewer
from node.tables.commands import Watch
from node.tables.denied import Denied
from node.tables.metrics import REFUSALS
from node.tables.seats import Seats
from node.tables.telling import Telling


@define
class InvitationList:
    """A table's code, empty for a public one, and whom it has let in; outlives a crash of the task."""

    _code: str = field(repr=False)
    _seats: Seats = field(repr=False)
    _let_in: dict[UserId, None] = field(factory=dict)
    """In the order of coming."""

    @property
    def is_private(self) -> bool:
        """Whether the table lets in only those who are invited."""
        return self._code != ""

    @property
    def let_in(self) -> Collection[UserId]:
        """Give whom a private table has let in, the newest last."""
        return self._let_in.keys()

    def recall(self, users: Iterable[UserId]) -> None:
        """Let in whom an earlier owner of the table has let in."""
        self._let_in = dict.fromkeys(users)

    def lets_in(self, watch: Watch) -> bool:
        """Say whether a connection may follow the table; its player needs no code from then on."""
        user_id = watch.viewer.user_id
        if not (self._knows(user_id) or self._is_code(watch.invitation)):
            return False
        if self.is_private:
            self._let_in[user_id] = None
        return True

    def check(self, user_id: UserId) -> None:
        """Refuse what a player asks who was not let in."""
        if not self._knows(user_id):
            raise Denied(Refusal.INVITATION_NEEDED)

    def _knows(self, user_id: UserId) -> bool:
        return not self.is_private or user_id in self._let_in or self._seats.of_user(user_id) is not None

    def _is_code(self, text: str) -> bool:
        """Compare in a time that tells nothing of the code; the text may be anything."""
        return hmac.compare_digest(text.encode(), self._code.encode())


def turn_away(viewer: Viewer, telling: Telling) -> None:
    """Tell a connection that the table is private, and close it."""
    REFUSALS.labels(code=Refusal.INVITATION_NEEDED.value).inc()
    telling.answer(viewer, Refused(None, Refusal.INVITATION_NEEDED))
    telling.kick(viewer, CloseCode.NOT_AUTHENTICATED)
