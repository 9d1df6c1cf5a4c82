from attrs import evolve

from cardroom.service.logs import Log
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import Lobby, LobbyTable
from tests.shard_router.front import (
    SHARDS,
    Front,
    open_front,
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
