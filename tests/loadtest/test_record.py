"""What bots keep of what they see, against a node that follows a script."""

import io
import json
from random import Random
from typing import Any
from uuid import UUID

import pytest
import trio
from attrs import evolve

from cardroom.client import ConnectionLost, Table, connect
from cardroom.ids import HandId
from cardroom.money import Krw
from cardroom.wire.cards import CardCode
from cardroom.wire.codec import Encoding
from cardroom.wire.table import (
    CardsDealt,
    DealtSeat,
    HandStarted,
    HandVoided,
    StateChanged,
    TableState,
    table_codec,
)
from loadtest.profile import Pace
from loadtest.record import Record
from loadtest.stop import Stop
from loadtest.tally import Tally
from loadtest.visit import Visit
from tests.fakes.node import ME, MY_SEAT, OTHER_SEAT, TABLE, Stage, scripted_node
from tests.loadtest.table import other_view, seat_view
from tests.loadtest.test_visit import AT_SEAT

HAND = HandId(UUID(int=5))
DEALT = (DealtSeat(MY_SEAT, Krw(100_000)), DealtSeat(OTHER_SEAT, Krw(100_000)))
STARTED = HandStarted(TABLE, 11, 4, HAND, MY_SEAT, MY_SEAT, OTHER_SEAT, DEALT, (), b"\x00" * 32)
CARDS = CardsDealt(TABLE, 12, 4, (CardCode(48), CardCode(49)))
VOIDED = HandVoided(TABLE, 13, 4, HAND, DEALT)


def lines(file: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


async def deal_and_hang_up(stage: Stage) -> None:
    await stage.welcome(snapshot=evolve(AT_SEAT, seats=(seat_view(), other_view())))
    await stage.tell(STARTED, CARDS, VOIDED)
    await stage.connection.aclose()


async def test_all_that_came_is_kept_also_when_the_connection_breaks() -> None:
    file = io.StringIO()
    tally = Tally(Record(file))
    with trio.fail_after(5):
        async with scripted_node(deal_and_hang_up) as ticket, connect(ticket) as table:
            with pytest.raises(ConnectionLost):
                await Visit(table, Pace(), Random(1), tally, Stop()).run()
    kept = lines(file)
    assert [line["kind"] for line in kept] == ["arrived", "saw", "saw", "saw", "lost"]
    heads = {(line["player"], line["table"], line["connection"], line["node"]) for line in kept}
    assert heads == {(ME, TABLE, 1, "node-1")}
    assert kept[0]["hand_id"] is None
    codec = table_codec(Encoding.JSON)
    seen = [codec.decode(json.dumps(line["message"])) for line in kept[1:4]]
    assert seen == [STARTED, CARDS, VOIDED]


async def see(record: Record, table: Table) -> None:
    sight = record.open(table)
    sight.saw(StateChanged(TABLE, 11, 3, TableState.WAITING_FOR_PLAYERS))
    sight.accepted()
    sight.left()


@pytest.mark.parametrize("is_kept", [True, False])
async def test_without_a_file_nothing_is_kept(is_kept: bool) -> None:
    file = io.StringIO()

    async def node(stage: Stage) -> None:
        await stage.welcome()
        await trio.sleep_forever()

    async with scripted_node(node) as ticket, connect(ticket) as table:
        await see(Record(file if is_kept else None), table)
    kinds = [line["kind"] for line in lines(file)]
    assert kinds == (["arrived", "saw", "accepted", "left"] if is_kept else [])
