"""The lobby as it changes: what followers are told by WebSocket or by server-sent events, as JSON.

First comes a ``LobbySnapshot``, or, to who says which message came last, all that changed since then; after
it a ``LobbyDelta`` whenever lines have changed, and a ``LobbyBeat`` when nothing was said for a while. Each
has the id of the state that it leads to. An id is good at the router that gave it, for a while, with the same
filters; whoever shows another one, or too old a one, begins with a snapshot.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs
from attrs import frozen

from cardroom.ids import TableId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding, message_name
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.plain_values import Objects
from cardroom.wire.presence import LobbyState

LOBBY_PROTOCOL: Final = "holdem.lobby.v1.json"
"""The WebSocket subprotocol. Who offers none is told the same."""

MAX_LIVE_BYTES: Final = 16 * 1024 * 1024
"""No message to a follower is longer; a snapshot of many thousand tables fits."""


@frozen
class LobbyChange:
    """What has changed in a line; a field that is not there is as it was. What is not listed here never
    changes.
    """

    table_id: TableId
    players: int | None = None
    waiting: int | None = None
    hand_no: int | None = None
    is_open: bool | None = None
    average_pot: Krw | None = None
    hands_per_hour: int | None = None
    pace_ms: int | None = None
    state: LobbyState | None = None


@frozen
class LobbySnapshot:
    """All lines that pass the follower's filters, by id: whatever was known before is over."""

    id: str
    tables: tuple[LobbyTable, ...]


@frozen
class LobbyDelta:
    """What has changed since the message before. A line that now passes the filters is new, one that passes
    them no more is removed.
    """

    id: str
    new: tuple[LobbyTable, ...]
    changed: tuple[LobbyChange, ...]
    removed: tuple[TableId, ...]


@frozen
class LobbyBeat:
    """Nothing has changed. ``is_stale``: the router hears nothing of the nodes for now, so who knows."""

    id: str
    is_stale: bool


LobbyMessage = LobbySnapshot | LobbyDelta | LobbyBeat

LIVE_TAGS: Mapping[int, type] = MappingProxyType({1: LobbySnapshot, 2: LobbyDelta, 3: LobbyBeat})
"""Only their names are ever written, as ``type``."""

_CHANGING: Final = tuple(field.name for field in attrs.fields(LobbyChange) if field.name != "table_id")
_FIXED: Final = tuple(field.name for field in attrs.fields(LobbyTable) if field.name not in _CHANGING)
_UNIONS: Final[Mapping[Any, Mapping[int, type]]] = {LobbyMessage: LIVE_TAGS}
_TO_PLAIN: Final = Objects(_UNIONS).function("write", LobbyMessage)


def live_codec() -> Codec[LobbyMessage]:
    """Give the codec that reads these messages; ``write_live`` writes them shorter than it would."""
    return Codec(LobbyMessage, Encoding.JSON, MAX_LIVE_BYTES, _UNIONS)


def compare_lines(before: LobbyTable, now: LobbyTable) -> LobbyChange | None:
    """Say what has changed in a line; None if something did that never changes: then it is a new one."""
    if any(getattr(before, name) != getattr(now, name) for name in _FIXED):
        return None
    return LobbyChange(
        now.table_id,
        **{name: value for name in _CHANGING if (value := getattr(now, name)) != getattr(before, name)},
    )


def apply_change(line: LobbyTable, change: LobbyChange) -> LobbyTable:
    """Give a line as it is after a change."""
    values = {name: value for name in _CHANGING if (value := getattr(change, name)) is not None}
    return attrs.evolve(line, **values)


def write_live(message: LobbyMessage) -> str:
    """Write a message, without the fields that say nothing."""
    plain = _TO_PLAIN(message)
    if isinstance(message, LobbyDelta):
        plain["changed"] = [_without_nothing(change) for change in plain["changed"]]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def write_snapshot(message_id: str, lines: list[bytes]) -> str:
    """Write a snapshot of lines that are written already."""
    kind = message_name(LobbySnapshot)
    head = json.dumps({"type": kind, "id": message_id}, separators=(",", ":"))
    return f'{head[:-1]},"tables":[{b",".join(lines).decode()}]}}'


def _without_nothing(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if value is not None}
