"""From a table of a node to a player who follows the lobby: real presence, real Valkey, real router."""

from contextlib import aclosing

import attrs
import trio
from attrs import evolve

from cardroom.client import follow_lobby
from cardroom.ids import ShardId, TableId
from cardroom.service.logs import Log
from cardroom.service.redis import open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire.presence import NodeAnnouncement
from node.presence.announce import Presence, PresenceServices
from node.settings import NodeSettings
from node.tables.directory import Directory, TableEntry
from node.tables.inbox import Inbox
from node.tables.tempo import Rhythm
from shard_router.settings import LiveSettings
from tests.shard_router.front import BOOT, NODE, PLAYER_URL, open_front, router_settings, table_summary

NODE_SECONDS: float = attrs.fields_dict(NodeSettings)["lobby_seconds"].default  # type: ignore[assignment]
LIVE = LiveSettings()
CHANGES = 5


async def test_a_change_is_seen_within_a_second(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log
) -> None:
    directory, me = Directory(), NodeAnnouncement(NODE, BOOT, PLAYER_URL, 0, 600)
    table, busy = (TableEntry(Inbox(1), table_summary(number), "run") for number in (1, 2))
    directory.add(table)
    directory.add(busy)
    settings = evolve(router_settings(database, redis_settings), live=LIVE, lobby_seconds=0.5)
    assert NODE_SECONDS + LIVE.tell_seconds < 0.8, "what is waited for on purpose"
    async with (
        open_front(settings, log) as front,
        open_redis(redis_settings) as redis,
        trio.open_nursery() as nursery,
    ):
        await front.node.hold(0)
        services = PresenceServices(
            redis, directory, lambda: me, lambda: [ShardId(0)], 60.0, log, tell_seconds=NODE_SECONDS
        )
        nursery.start_soon(Presence(services).run)
        url, took = f"http://{settings.http.host}:{settings.http.port}", []
        async with aclosing(follow_lobby(url)) as views:
            while len((await anext(views)).tables) < 2:
                pass
            nursery.start_soon(_change_always, busy)
            for hand_no in range(100, 100 + CHANGES):
                began = trio.current_time()
                table.tell(evolve(table.summary, hand_no=hand_no), Rhythm())
                while (await anext(views)).tables[TableId(1)].hand_no != hand_no:
                    pass
                took.append(trio.current_time() - began)
        nursery.cancel_scope.cancel()
    assert sorted(took)[CHANGES // 2] < 1.0


async def _change_always(entry: TableEntry) -> None:
    """Change all the time, so that nothing is told at once."""
    while True:
        entry.tell(evolve(entry.summary, hand_no=entry.summary.hand_no + 1), Rhythm())
        await trio.sleep(0.02)
