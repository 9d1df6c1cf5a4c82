"""What the bots saw, line by line, as it came: to be compared afterwards with what the ledger holds.

Each line is a JSON object with ``at`` (seconds of the steady clock), ``connection`` (counted from 1),
``player``, ``table``, ``node`` and ``kind``: ``arrived`` (with what there was to see), ``saw`` (with the
``message`` as the protocol writes it), ``accepted`` (an action of the bot's own), ``lost`` and ``left``.
"""

import json
import time
from functools import cache
from typing import Any, Final, TextIO

from cardroom.client import Table, TableUpdate
from cardroom.wire.chat import Emoted, Said
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.moved import Moved
from cardroom.wire.place import PlaceChanged
from cardroom.wire.table import Announced, TableMessage, TimeExtended, TurnBegan, table_codec

_UNRECORDED: Final = Said | Emoted | PlaceChanged | Announced | TurnBegan | TimeExtended | Moved
"""What says nothing about the course of a hand, or is between the player and the node."""


class Record:
    """The file of all bots; without one nothing is kept."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._connections = 0

    def open(self, table: Table) -> "Sight":
        """Begin with a connection that is open now."""
        self._connections += 1
        sight = Sight(self, self._connections, table)
        if self._file is not None:
            sight.arrived()
        return sight

    def write(self, line: str) -> None:
        """Write a line at once: what was seen must not be lost with the bots."""
        if self._file is not None:
            self._file.write(line + "\n")
            self._file.flush()

    def is_kept(self) -> bool:
        """Say whether anything is written."""
        return self._file is not None


class Sight:
    """What one connection sees of its table."""

    def __init__(self, record: Record, number: int, table: Table) -> None:
        self._record = record
        self._number = number
        self._table = table
        self._is_kept = record.is_kept()

    def arrived(self) -> None:
        """Keep what there was to see at once: hole cards and board of a hand in play, if there is one."""
        view = self._table.view
        seats = {str(seat.seat): list(seat.cards) for seat in view.seats.values() if seat.cards}
        self._write(
            "arrived",
            seat=view.my_seat,
            table_seq=view.table_seq,
            hand_no=view.hand_no,
            hand_id=None if view.hand_id is None else str(view.hand_id),
            is_in_play=view.turn is not None,
            cards=seats,
            board=list(view.board),
        )

    def saw(self, update: TableUpdate) -> None:
        """Keep a message that tells something of a hand."""
        if self._is_kept and not isinstance(update, _UNRECORDED):
            self._record.write(f'{self._start("saw")},"message":{self._encoded(update)}}}')

    def accepted(self) -> None:
        """Keep that an action of the bot's own was carried out."""
        self._write("accepted")

    def lost(self) -> None:
        """Keep that the connection broke; all that had come before it was kept as it came."""
        self._write("lost")

    def left(self) -> None:
        """Keep that the bot went of its own will."""
        self._write("left")

    def _encoded(self, update: TableMessage) -> str:
        return _codec().encode(update).decode()

    def _write(self, kind: str, **facts: Any) -> None:
        if not self._is_kept:
            return
        more = json.dumps(facts, separators=(",", ":"))[1:]
        self._record.write(self._start(kind) + ("," if facts else "") + more)

    def _start(self, kind: str) -> str:
        view = self._table.view
        return (
            f'{{"at":{time.monotonic():.4f},"connection":{self._number},"player":{view.user_id},'
            f'"table":{view.table_id},"node":"{self._table.welcome.node}","kind":"{kind}"'
        )


@cache
def _codec() -> Codec[TableMessage]:
    """Give the one codec that all sights use; building it costs more than using it."""
    return table_codec(Encoding.JSON)
