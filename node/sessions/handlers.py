"""What becomes of a player's message: it goes to its table's inbox, or is refused here."""

import trio

from cardroom.ids import TableId
from cardroom.wire.player import Act, Hello, Ping, PlayerMessage, Resume, TableRequest
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import Pong, Refused
from node.tables.audience import Viewer
from node.tables.commands import Ask
from node.tables.directory import Directory


def handle(message: PlayerMessage, viewer: Viewer, table_id: TableId, directory: Directory) -> None:
    """Pass a message on, or answer it; never blocks. ``table_id`` is the one that the ticket was for."""
    match message:
        case Ping(number):
            viewer.answer(Pong(number))
        case Hello() | Resume():
            viewer.answer(Refused(None, Refusal.UNEXPECTED_MESSAGE))
        case request:
            refusal = _pass_on(request, viewer, table_id, directory)
            if refusal is not None:
                request_id = request.action_id if isinstance(request, Act) else request.request_id
                viewer.answer(Refused(request_id, refusal))


def _pass_on(
    request: TableRequest, viewer: Viewer, table_id: TableId, directory: Directory
) -> Refusal | None:
    entry = directory.find(request.table_id)
    if entry is None:
        return Refusal.NO_SUCH_TABLE
    if request.table_id != table_id:
        return Refusal.FORBIDDEN
    if not entry.inbox.offer(Ask(viewer, request, trio.current_time())):
        return Refusal.BUSY
    return None
