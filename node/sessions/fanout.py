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
        chosen: set[UserId] = set().union(*[notice.instead for notice in notices if notice.instead])
        for_all: dict[Encoding, tuple[list[bytes], bytes]] = {}
        for viewer in viewers:
            common = for_all.get(viewer.encoding)
            if common is None:
                frames = [self._framers[viewer.encoding].frame(notice.for_all) for notice in notices]
                common = for_all[viewer.encoding] = (frames, b"".join(frames))
            is_chosen = viewer.user_id in chosen
            framed.append((viewer, self._instead(viewer, notices, common[0]) if is_chosen else common[1]))
        return framed

    def frame_message(
        self, viewers: Iterable[Viewer], message: TableMessage
    ) -> Sequence[tuple[Viewer, bytes]]:
        """Give the frame of one message for each viewer."""
        framed: dict[Encoding, bytes] = {}
        found = []
        for viewer in viewers:
            frame = framed.get(viewer.encoding)
            if frame is None:
                frame = framed[viewer.encoding] = self._framers[viewer.encoding].frame(message)
            found.append((viewer, frame))
        return found

    def _instead(self, viewer: Viewer, notices: Sequence[Notice], for_all: Sequence[bytes]) -> bytes:
        """Give what a chosen viewer is sent: only what is for nobody else is encoded for it."""
        frame = self._framers[viewer.encoding].frame
        return b"".join(
            [
                frame(notice.instead[viewer.user_id]) if viewer.user_id in notice.instead else common
                for notice, common in zip(notices, for_all, strict=True)
            ]
        )
