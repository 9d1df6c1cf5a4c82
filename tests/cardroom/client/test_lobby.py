"""What a follower makes of the messages; tests/shard_router/api/test_lobby_live.py follows a real router."""

import pytest
from attrs import evolve

from cardroom.client import LobbyView, ProtocolBroken
from cardroom.ids import TableId
from cardroom.money import Krw
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.lobby_live import LobbyBeat, LobbyChange, LobbyDelta, LobbySnapshot

WON = Krw(100)
LINE = LobbyTable(TableId(1), "Seoul", "low", WON, WON, WON, WON, 6, 2, 0, 5, is_open=True)
OTHER = evolve(LINE, table_id=TableId(2))


def test_messages_lead_from_view_to_view() -> None:
    view = LobbyView().after(LobbySnapshot("a.1", (LINE, OTHER)))
    assert (view.id, view.tables, view.is_stale) == ("a.1", {1: LINE, 2: OTHER}, False)
    change = LobbyChange(TableId(1), players=3)
    third = evolve(LINE, table_id=TableId(3))
    view = view.after(LobbyDelta("a.2", (third,), (change,), (TableId(2), TableId(7))))
    assert view == LobbyView("a.2", {TableId(1): evolve(LINE, players=3), TableId(3): third})
    assert view.after(LobbyBeat("a.2", is_stale=True)) == evolve(view, is_stale=True)
    assert view.after(LobbySnapshot("b.1", (OTHER,))).tables == {2: OTHER}


def test_a_change_of_what_was_never_told_is_refused() -> None:
    with pytest.raises(ProtocolBroken):
        LobbyView().after(LobbyDelta("a.1", (), (LobbyChange(TableId(1), players=3),), ()))
