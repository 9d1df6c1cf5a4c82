"""The whole baseline as a process: bots play it as they play the product, and no won is lost."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bench.playing import Play, play, play_bare
from bench.room import PYTHON_OF_BASELINE, Room, make_load, open_bare_room, open_baseline_room
from cardroom.local.load import LoadPlan

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.skipif(not PYTHON_OF_BASELINE.exists(), reason="make test installs it"),
]

PLAYERS, TABLES = 8, 2
PLAY = Play(PLAYERS, "5-15", seconds=3.0, ramp_seconds=1.0, warm_up_seconds=0.5)


@pytest.fixture
def load() -> LoadPlan:
    return make_load(PLAYERS, TABLES)


@pytest.fixture(params=["shared", "kept"])
async def room(load: LoadPlan, request: Any) -> AsyncIterator[Room]:
    async with open_baseline_room(load, request.param) as opened:
        yield opened


async def test_bots_play_and_all_money_is_somewhere(room: Room) -> None:
    played = await play(PLAY, room)
    assert played.actions_per_s > 20
    assert played.result["protocol_errors"] == {}
    assert played.result["connections_lost"] == 0
    assert played.cpu("baseline") > 0
    url = room.arguments[room.arguments.index("--router") + 1]
    async with httpx.AsyncClient() as http:
        counted = (await http.get(f"{url}/count")).json()
    assert counted["hands"] == counted["hands_booked"] > 5
    assert counted["is_balanced"]
    assert counted["messages_out"] > counted["actions"] * 4


async def test_who_is_not_let_in_is_told_why(load: LoadPlan) -> None:
    async with open_baseline_room(load, "shared") as room, httpx.AsyncClient() as http:
        url = room.arguments[room.arguments.index("--router") + 1]
        wrong = await http.post(f"{url}/api/v1/auth/login", json={"email": "a@b.c", "password": "12345678"})
        assert (wrong.status_code, wrong.json()) == (401, {"code": "wrong_credentials"})
        nobody = await http.post(f"{url}/api/v1/tables/1/ticket")
        assert (nobody.status_code, nobody.json()) == (401, {"code": "not_authenticated"})
        broken = await http.post(f"{url}/api/v1/auth/login", content=b"{")
        assert (broken.status_code, broken.json()) == (400, {"code": "malformed"})


async def test_bare_uvicorn_tells_all_seats_of_a_table(load: LoadPlan) -> None:
    async with open_bare_room(load) as room:
        played = await play_bare(PLAY, room, TABLES)
    assert played.actions_per_s > 20
    assert 0 < played.latency("own_ack", "p50") <= played.latency("all_seats", "p99")
    assert played.cpu("bare") > 0
