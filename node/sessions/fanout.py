"""One event to many connections: encoded and framed once per encoding, and the same bytes go to all."""

from collections.abc import Iterable, Sequence

from cardroom.ids import UserId
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.frames import Opcode, write_frame
from cardroom.wire.table import TableMessage, table_codec
from node.tables.audience import Notice, Viewer


class Framer:
    """Table messages as WebSocket frames of a server: unmasked, whole, not compressed.

    They hold no state of their connection (no mask, no extension): the same bytes are good for all.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._codec: Codec[TableMessage] = table_codec(encoding)
        self._opcode = Opcode.BINARY if encoding is Encoding.MSGPACK else Opcode.TEXT

    def frame(self, message: TableMessage) -> bytes:
        """Encode a message and put it into one frame."""
        return write_frame(self._opcode, self._codec.encode(message))


class Fanout:
    """Frames what all tables of a node tell."""

    def __init__(self, framers: dict[Encoding, Framer]) -> None:
        self._framers = framers

    def frame(self, viewers: Iterable[Viewer], notices: Sequence[Notice]) -> Sequence[tuple[Viewer, bytes]]:
        """Give the frames of the notices for each viewer, to be sent in one write."""
        framed = []
        chosen: set[UserId] = set().union(*(notice.instead for notice in notices))
        for_all: dict[Encoding, bytes] = {}
        for viewer in viewers:
            encoding = viewer.encoding
            if viewer.user_id in chosen:
                framed.append((viewer, self._frames_for(viewer.user_id, encoding, notices)))
                continue
            frames = for_all.get(encoding)
            if frames is None:
                frames = for_all[encoding] = self._frames_for(None, encoding, notices)
            framed.append((viewer, frames))
        return framed

    def frame_message(
        self, viewers: Iterable[Viewer], message: TableMessage
    ) -> Sequence[tuple[Viewer, bytes]]:
        """Give the frame of one message for each viewer."""
        framed: dict[Encoding, bytes] = {}
        found = []
        for viewer in viewers:
            encoding = viewer.encoding
            if encoding not in framed:
                framed[encoding] = self._framers[encoding].frame(message)
            found.append((viewer, framed[encoding]))
        return found

    def _frames_for(self, user_id: UserId | None, encoding: Encoding, notices: Sequence[Notice]) -> bytes:
        frame = self._framers[encoding].frame
        return b"".join(
            frame(notice.for_all if user_id is None else notice.instead.get(user_id, notice.for_all))
            for notice in notices
        )
