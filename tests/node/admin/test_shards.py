"""What administrators see of shards and order, over HTTP: statuses, codes, how a drain goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from cardroom.ids import BootNonce, NodeId, ShardId
from cardroom.local.servers import EmbeddedValkey
from cardroom.service.redis import open_redis
from cardroom.wire import keys
from cardroom.wire.presence import NodeAnnouncement, announcement_codec
from node.admin.http import AdminServices, make_admin_app
from node.shards.moving import MovePhase
from node.tables.directory import Directory
from tests.cardroom.service.people import open_book
from tests.fakes.conformity import watch_answers
from tests.node.admin.pages import unread_actions
from tests.node.shards.stand_in import ShardStandIn, desk_over
from tests.node.tables.house import LOG

TOKEN = {"Authorization": "Bearer the-token"}
NUMBERS = count(6000)
DRAIN = "/admin/drain"


@asynccontextmanager
async def office(valkey: EmbeddedValkey) -> AsyncIterator[tuple[Client, ShardStandIn, str]]:
    """Open the pages above one shard; gives the name of the node that takes it, too."""
    shard = ShardStandIn(ShardId(next(NUMBERS)), ends=None)
    taker = NodeId(f"taker-of-{shard.shard}")
    async with open_redis(valkey.settings) as redis:
        told = NodeAnnouncement(taker, BootNonce("b"), "ws://there", 0, 600, (shard.shard,))
        await redis.set(keys.node(taker), announcement_codec().encode(told), ex=keys.NODE_SECONDS)
        services = AdminServices(
            Directory(),
            dict,
            desk_over(redis, shard),
            dict,
            open_book(),
            unread_actions(),
            LOG,
        )
        app = make_admin_app(services)
        watch_answers(app)
        yield app.test_client(), shard, taker


async def ask(client: Client, method: str, page: str, body: Any = None) -> tuple[int, Any]:
    answer = await client.open(page, method=method, json=body, headers=TOKEN)
    return answer.status_code, await answer.get_json()


async def test_shards_are_shown_and_an_unknown_one_is_not_found(valkey: EmbeddedValkey) -> None:
    async with office(valkey) as (client, shard, _):
        line = {
            "shard": shard.shard, "is_home": True, "is_open": True, "owner": "node-1", "epoch": 4,
            "lease_age_ms": 120, "tables": 3, "hands_in_play": 2, "viewers": 7, "journal_waiting": 0,
            "move": None,
        }  # fmt: skip
        assert await ask(client, "GET", "/admin/shards") == (200, {"shards": [line]})
        assert await ask(client, "GET", f"/admin/shards/{shard.shard}") == (200, line)
        status, refused = await ask(client, "GET", "/admin/shards/1")
        assert (status, refused["code"]) == (404, "no_such_shard")


async def test_a_move_is_begun_and_its_way_can_be_followed(valkey: EmbeddedValkey) -> None:
    async with office(valkey) as (client, shard, taker):
        order = {"to": taker, "reason": "a new kernel"}
        page = f"/admin/shards/{shard.shard}"
        status, begun = await ask(client, "POST", f"{page}/move", order)
        assert (status, begun["shard"], begun["move"]["phase"]) == (202, shard.shard, "looking")
        assert {name: begun["move"][name] for name in order} == order
        shard.moves[0].pause_ms, shard.moves[0].hands_in_play = 180, 0
        shard.end(MovePhase.MOVED)
        _, found = await ask(client, "GET", page)
        assert (found["move"]["phase"], found["move"]["pause_ms"]) == ("moved", 180)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"is_open": False}, 409, "shard_not_held"),
        ({"ledger_answers": False}, 503, "ledger_away"),
        ({"to": "nobody"}, 409, "node_away"),
        ({"shard": 1}, 404, "no_such_shard"),
        ({"reason": ""}, 400, "text_not_allowed"),
        ({"more": 1}, 400, "malformed"),
    ],
)
async def test_a_move_is_refused_with_its_code(
    valkey: EmbeddedValkey, changes: dict[str, Any], status: int, code: str
) -> None:
    async with office(valkey) as (client, shard, taker):
        order = {"to": taker, "reason": "a test"}
        number = changes.get("shard", shard.shard)
        for name, value in changes.items():
            if hasattr(shard, name) and name != "shard":
                setattr(shard, name, value)
            elif name != "shard":
                order[name] = value
        answered, refused = await ask(client, "POST", f"/admin/shards/{number}/move", order)
        assert (answered, refused["code"]) == (status, code)
        assert shard.moves == []


async def test_a_drain_is_ordered_shown_and_taken_back(valkey: EmbeddedValkey) -> None:
    async with office(valkey) as (client, shard, _):
        assert (await ask(client, "GET", DRAIN))[1]["is_draining"] is False
        assert (await ask(client, "POST", DRAIN, {"reason": ""}))[0] == 400
        status, begun = await ask(client, "POST", DRAIN, {"reason": "a new kernel"})
        assert (status, begun["is_draining"], begun["reason"]) == (202, True, "a new kernel")
        assert begun["is_done"] is False
        shard.is_open = False
        assert (await ask(client, "GET", DRAIN))[1]["is_done"] is True
        status, ended = await ask(client, "DELETE", DRAIN, {"reason": "later"})
        assert (status, ended["is_draining"], ended["is_done"]) == (200, False, False)


@pytest.mark.parametrize(
    ("method", "page"), [("GET", "/admin/shards"), ("POST", "/admin/shards/1/move"), ("POST", DRAIN)]
)
async def test_only_who_shows_the_token_is_served(valkey: EmbeddedValkey, method: str, page: str) -> None:
    async with office(valkey) as (client, _, _taker):
        refused = await client.open(page, method=method, json={"to": "node", "reason": "r"})
        assert (refused.status_code, (await refused.get_json())["code"]) == (401, "not_authenticated")
