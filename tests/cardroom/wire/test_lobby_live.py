import json
from typing import Any

import pytest
from attrs import evolve, fields

from cardroom.ids import TableId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.lobby_live import (
    LobbyBeat,
    LobbyChange,
    LobbyDelta,
    LobbyMessage,
    LobbySnapshot,
    apply_change,
    compare_lines,
    live_codec,
    write_live,
    write_snapshot,
)
from cardroom.wire.presence import LobbyState

WON = Krw(100)
LINE = LobbyTable(TableId(1), "서울", "low", WON, WON, WON, WON, 6, 2, 0, 5, is_open=True)
LATER = evolve(LINE, players=0, is_open=False, pace_ms=1_200, state=LobbyState.CLOSING)
CHANGE = LobbyChange(TableId(1), players=0, is_open=False, pace_ms=1_200, state=LobbyState.CLOSING)


@pytest.mark.parametrize(
    "message",
    [
        LobbySnapshot("a.b.0", (LINE, LATER)),
        LobbyDelta("a.b.1", (LINE,), (CHANGE, LobbyChange(TableId(2), hand_no=6)), (TableId(9),)),
        LobbyDelta("a.b.1", (), (), ()),
        LobbyBeat("a.b.1", is_stale=True),
    ],
)
def test_what_is_written_is_read(message: LobbyMessage) -> None:
    text = write_live(message)
    assert live_codec().decode(text) == message
    assert live_codec().decode(live_codec().encode(message)) == message
    assert "null" not in text


def test_the_bytes_of_a_delta() -> None:
    assert write_live(LobbyDelta("a.b.1", (), (CHANGE,), (TableId(9),))) == (
        '{"type":"lobby_delta","id":"a.b.1","new":[],"changed":[{"table_id":1,"players":0,"is_open":false,'
        '"pace_ms":1200,"state":"closing"}],"removed":[9]}'
    )


def test_a_snapshot_of_written_lines() -> None:
    line = Codec[LobbyTable](LobbyTable, Encoding.JSON, 4096, {})
    text = write_snapshot("a.b.7", [line.encode(LINE), line.encode(LATER)])
    assert text == write_live(LobbySnapshot("a.b.7", (LINE, LATER)))
    assert json.loads(write_snapshot("a.b.7", [])) == {"type": "lobby_snapshot", "id": "a.b.7", "tables": []}


def test_changes_are_compared_and_applied() -> None:
    assert compare_lines(LINE, LATER) == CHANGE
    assert apply_change(LINE, CHANGE) == LATER
    assert compare_lines(LINE, LINE) == LobbyChange(TableId(1))
    assert compare_lines(LINE, evolve(LINE, name="Busan")) is None


@pytest.mark.parametrize("name", [field.name for field in fields(LobbyChange) if field.name != "table_id"])
def test_every_field_of_a_change_is_one_of_a_line(name: str) -> None:
    other: Any = LobbyState.HALTED if name == "state" else not getattr(LINE, name)
    changed = evolve(LINE, **{name: other})
    change = compare_lines(LINE, changed)
    assert change is not None
    assert apply_change(LINE, change) == changed


@pytest.mark.parametrize("text", ["", "[]", '{"type":"lobby_beat"}', '{"type":"other"}', '{"id":"1"}'])
def test_what_is_no_message(text: str) -> None:
    with pytest.raises(Malformed):
        live_codec().decode(text)
