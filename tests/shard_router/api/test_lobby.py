import os
import signal
from pathlib import Path

import pytest
import trio
from attrs import evolve

from cardroom.local.servers import valkey_server
from cardroom.money import Krw
from cardroom.service.logs import Log
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import Lobby, LobbyTable
from cardroom.wire.presence import LobbyState
from shard_router.api.lobby import STALE
from tests.shard_router.front import (
    SHARDS,
    Front,
    open_front,
    refusal,
    router_settings,
    table_summary,
)

LOBBY = Codec[Lobby](Lobby, Encoding.JSON, 1 << 20, {})


async def lobby_of(front: Front) -> tuple[LobbyTable, ...]:
    answer = await front.get("/api/v1/tables")
    assert answer.status_code == 200
    return LOBBY.decode(answer.content).tables


async def test_empty_lobby(front: Front) -> None:
    assert await lobby_of(front) == ()


async def test_tables_of_all_shards_by_id(front: Front) -> None:
    await front.node.publish(table_summary(12, 0, 5, 6), table_summary(3, 1), table_summary(4, 0))
    await front.node.announce()
    await front.node.hold(0)
    tables = await lobby_of(front)
    assert [(table.table_id, table.players, table.is_open) for table in tables] == [
        (3, 0, False),
        (4, 0, True),
        (12, 2, True),
    ]
    assert tables[2] == LobbyTable(12, "Table 12", "50/100", 50, 100, 4000, 10000, 6, 2, 2, 7, is_open=True)  # type: ignore[arg-type]


async def test_the_lobby_is_packed_for_who_can_unpack_it(front: Front) -> None:
    await front.node.publish(table_summary(3), table_summary(4))
    for accepted, encoding in (
        ("gzip, deflate", "gzip"),
        ("identity", None),
        ("gzip;q=0", None),
        ("br", None),
    ):
        answer = await front.http.get("/api/v1/tables", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert [table.table_id for table in LOBBY.decode(answer.content).tables] == [3, 4]


async def test_a_private_table_is_listed_for_nobody(front: Front) -> None:
    token = await front.log_in()
    private = evolve(table_summary(4, 0, 1), is_private=True, name="Back room")
    await front.node.publish(table_summary(3), private)
    await front.node.open_both_shards()
    for shown in (None, token):
        answer = await front.get("/api/v1/tables", shown)
        assert [table.table_id for table in LOBBY.decode(answer.content).tables] == [3]
        assert "Back room" not in answer.text


async def test_lobby_follows_the_nodes(front: Front, redis: Redis) -> None:
    table = table_summary(1, 0)
    await front.node.publish(table)
    assert not (await lobby_of(front))[0].is_open
    await front.node.open_both_shards()
    assert (await lobby_of(front))[0].is_open
    await front.node.publish(evolve(table, hand_no=8))
    assert (await lobby_of(front))[0].hand_no == 8
    await redis.delete([keys.lobby(SHARDS[0])])
    assert await lobby_of(front) == ()


async def test_one_reading_serves_all_for_a_while(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log, redis: Redis
) -> None:
    settings = evolve(router_settings(database, redis_settings), lobby_seconds=60.0)
    async with open_front(settings, log) as front:
        await front.node.publish(table_summary(1))
        first = await lobby_of(front)
        await front.node.publish(table_summary(2))
        assert await lobby_of(front) == first


async def ids_of(front: Front, query: str) -> list[int]:
    answer = await front.get(f"/api/v1/tables?{query}")
    assert answer.status_code == 200
    return [table.table_id for table in LOBBY.decode(answer.content).tables]


async def test_what_a_line_shows(front: Front) -> None:
    table = evolve(
        table_summary(1, 0, 7),
        average_pot=Krw(12_300),
        hands_per_hour=65,
        pace_ms=3_400,
        state=LobbyState.PAUSED,
    )
    await front.node.publish(table)
    answer = (await front.get("/api/v1/tables")).json()["tables"][0]
    shown = {"average_pot": 12_300, "hands_per_hour": 65, "pace_ms": 3_400, "state": "paused", "players": 1}
    assert {name: answer[name] for name in shown} == shown
    assert "seats" not in answer, "who sits where is not for the list"
    assert (await front.get("/api/v1/tables/1")).json() == answer


async def test_filters_and_order(front: Front) -> None:
    full, hidden = table_summary(2, 1, 1, 2, 3, 4, 5, 6), evolve(table_summary(9, 0, 1, 2), is_private=True)
    await front.node.publish(table_summary(1, 0, 8), full, evolve(table_summary(3), name="Busan"), hidden)
    assert await ids_of(front, "has_free_seat=true") == [1, 3]
    assert await ids_of(front, "sort=-players") == [2, 1, 3]
    assert await ids_of(front, "sort=-players&limit=1&after=2") == [1]
    assert await ids_of(front, "name=TABLE&min_players=1&stake=50/100&state=open") == [1, 2]
    assert await ids_of(front, "min_players=2") == [2]


@pytest.mark.parametrize(
    "query", ["colour=red", "limit=0", "sort=luck", "after=77", "stake=a&stake=b", "state="]
)
async def test_parameters_that_cannot_be(front: Front, query: str) -> None:
    answer = await front.get(f"/api/v1/tables?{query}")
    assert refusal(answer) == (400, "malformed")
    assert answer.json()["detail"].startswith(f"{query.partition('=')[0]}: ")


async def test_one_line(front: Front) -> None:
    await front.node.publish(table_summary(3), evolve(table_summary(4), is_private=True))
    assert (await front.get("/api/v1/tables/3")).json()["name"] == "Table 3"
    for missing in ("4", "5"):
        answer = await front.get(f"/api/v1/tables/{missing}")
        assert refusal(answer) == (503, "table_unavailable"), "nobody plays the shards"
        assert int(answer.headers["Retry-After"]) > 0
    await front.node.open_both_shards()
    for missing in ("4", "5", "x", "-1", "9" * 30):
        assert refusal(await front.get(f"/api/v1/tables/{missing}")) == (404, "no_such_table")


async def test_who_has_the_list_already_is_told_so(front: Front) -> None:
    await front.node.publish(table_summary(1), table_summary(2, 0, 3))
    first = await front.get("/api/v1/tables")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    for accepted in ("gzip", "identity"):
        headers = {"If-None-Match": f'"other", {tag}', "Accept-Encoding": accepted}
        answer = await front.http.get("/api/v1/tables", headers=headers)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    filtered = await front.http.get("/api/v1/tables?min_players=1", headers={"If-None-Match": tag})
    assert filtered.status_code == 200
    await front.node.publish(table_summary(3))
    changed = await front.http.get("/api/v1/tables", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["ETag"] == tag) == (200, False)
    headers = {"If-None-Match": filtered.headers["ETag"]}
    answer = await front.http.get("/api/v1/tables?min_players=1", headers=headers)
    assert answer.status_code == 304, "what changed does not pass the filter"


async def test_a_long_list_is_packed_beside_the_loop(front: Front) -> None:
    await front.node.publish(*(table_summary(number) for number in range(1, 151)))
    answer = await front.http.get("/api/v1/tables", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(LOBBY.decode(answer.content).tables) == 150


async def test_while_redis_is_away_the_last_lobby_is_shown_for_a_time(
    database: PostgresSettings, log: Log, tmp_path: Path
) -> None:
    with valkey_server(tmp_path / "own", port=0) as server:
        redis = evolve(server.settings, connect_seconds=0.5, call_seconds=0.5)
        settings = evolve(router_settings(database, redis), lobby_stale_seconds=1.5)
        async with open_front(settings, log) as front:
            await front.node.publish(table_summary(1))
            assert "Warning" not in (await front.get("/api/v1/tables")).headers
            os.kill(server.pid, signal.SIGKILL)
            stale = await front.get("/api/v1/tables")
            assert stale.headers["Warning"] == STALE
            assert [table.table_id for table in LOBBY.decode(stale.content).tables] == [1]
            assert (await front.get("/api/v1/tables/1")).headers["Warning"] == STALE
            with trio.fail_after(10):
                while (answer := await front.get("/api/v1/tables")).status_code == 200:
                    assert answer.headers["Warning"] == STALE
            assert refusal(answer) == (503, "unavailable")
            assert refusal(await front.get("/api/v1/lobby/events")) == (503, "unavailable")
