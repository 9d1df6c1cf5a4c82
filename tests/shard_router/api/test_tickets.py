import time

import httpx
import pytest
from attrs import evolve
from itsdangerous import BadSignature

from cardroom.ids import BootNonce, Epoch, NodeId, ShardId, TableId, UserId
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import TableRoute, TicketAnswer, open_ticket
from tests.shard_router.front import (
    BOOT,
    NODE,
    PLAYER_URL,
    TICKET_KEY,
    Front,
    refusal,
    table_summary,
)

ANSWERS = Codec[TicketAnswer](TicketAnswer, Encoding.JSON, 4096, {})
ROUTES = Codec[TableRoute](TableRoute, Encoding.JSON, 4096, {})
OTHER, OTHER_BOOT, OTHER_URL = NodeId("node-2"), BootNonce("c" * 32), "ws://127.0.0.1:9002/play"


async def ask(front: Front, table: object, token: str | None) -> httpx.Response:
    return await front.post(f"/api/v1/tables/{table}/ticket", token=token)


def refused_for_now(answer: httpx.Response) -> bool:
    assert int(answer.headers["Retry-After"]) > 0
    return refusal(answer) == (503, "table_unavailable")


async def test_ticket_lets_this_player_into_this_start_of_the_node(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(41, 1))
    await front.node.open_both_shards()
    before = time.time() * 1000
    answer = ANSWERS.decode((await ask(front, 41, token)).content)
    assert (answer.url, answer.table_id) == (PLAYER_URL, TableId(41))
    assert before + 29_000 < answer.expires_unix_ms < before + 40_000
    ticket = open_ticket(answer.ticket, TICKET_KEY)
    assert (ticket.user_id, ticket.nickname) == (UserId(1), "Alice")
    assert (ticket.table_id, ticket.node, ticket.boot) == (TableId(41), NODE, BOOT)
    assert (ticket.shard, ticket.epoch, answer.route) == (ShardId(1), Epoch(1), "node-1/1")
    assert ticket.expires_unix_ms == answer.expires_unix_ms
    with pytest.raises(BadSignature):
        open_ticket(answer.ticket, "another key" * 3)


async def test_ticket_for_a_private_table_is_given_to_who_knows_its_number(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(evolve(table_summary(41, 1), is_private=True))
    await front.node.open_both_shards()
    answer = ANSWERS.decode((await ask(front, 41, token)).content)
    assert open_ticket(answer.ticket, TICKET_KEY).table_id == TableId(41)


async def test_every_ticket_is_another(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    texts = [ANSWERS.decode((await ask(front, 1, token)).content).ticket for _ in range(3)]
    assert len({open_ticket(text, TICKET_KEY).ticket_id for text in texts}) == 3


async def test_tickets_need_a_login(front: Front) -> None:
    assert refusal(await ask(front, 1, None)) == (401, "not_authenticated")
    assert refusal(await ask(front, 1, "unknown")) == (401, "not_authenticated")


async def test_account_that_is_gone(front: Front, owner: Postgres) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    async with owner.transaction() as transaction:
        await transaction.execute("DELETE FROM player")
    assert refusal(await ask(front, 1, token)) == (401, "not_authenticated")


async def test_frozen_player_gets_none(front: Front, owner: Postgres) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE player SET frozen_at = now()")
    assert refusal(await ask(front, 1, token)) == (403, "frozen")
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE player SET frozen_at = NULL")
    assert (await ask(front, 1, token)).status_code == 200


@pytest.mark.parametrize("table", [2, 0, -1, "one", "1.5", "٣", "9" * 19, "9" * 5000])
async def test_no_such_table(front: Front, table: object) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    assert refusal(await ask(front, table, token)) == (404, "no_such_table")


async def test_unlisted_table_while_a_shard_is_closed(front: Front) -> None:
    token = await front.log_in()
    await front.node.announce()
    await front.node.hold(0)
    assert refused_for_now(await ask(front, 1, token))


async def test_unavailable_until_a_node_holds_the_shard(front: Front, redis: Redis) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    assert refused_for_now(await ask(front, 1, token))
    await front.node.hold(0, epoch=0)
    await front.node.announce()
    assert refused_for_now(await ask(front, 1, token))
    await front.node.hold(0, epoch=3)
    assert (await ask(front, 1, token)).status_code == 200
    await redis.delete([keys.node(NODE)])
    assert refused_for_now(await ask(front, 1, token))


async def test_unavailable_while_the_lease_is_of_an_earlier_start(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    restarted = BootNonce("b" * 32)
    await front.node.announce(boot=restarted)
    assert refused_for_now(await ask(front, 1, token))
    await front.node.hold(0, epoch=2, boot=restarted)
    answer = ANSWERS.decode((await ask(front, 1, token)).content)
    assert open_ticket(answer.ticket, TICKET_KEY).boot == restarted


async def test_ticket_follows_the_shard_to_another_node(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    other, boot = OTHER, OTHER_BOOT
    await front.node.announce(other, boot, OTHER_URL)
    await front.node.hold(0, node=other, boot=BootNonce(""))
    assert refused_for_now(await ask(front, 1, token))
    await front.node.hold(0, epoch=0, node=other, boot=boot)
    assert refused_for_now(await ask(front, 1, token))
    await front.node.hold(0, epoch=2, node=other, boot=boot)
    answer = ANSWERS.decode((await ask(front, 1, token)).content)
    assert answer.url == OTHER_URL
    assert open_ticket(answer.ticket, TICKET_KEY).node == other


async def test_a_self_excluded_player_comes_only_to_where_he_sits(front: Front, owner: Postgres) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1), table_summary(2, 0, 1))
    await front.node.open_both_shards()
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE player SET self_excluded_until = now() + interval '1 day'")
    assert refusal(await ask(front, 1, token)) == (403, "self_excluded")
    assert (await ask(front, 2, token)).status_code == 200
    async with owner.transaction() as transaction:
        await transaction.execute("SET LOCAL session_replication_role = replica")  # or nobody may shorten it
        await transaction.execute("UPDATE player SET self_excluded_until = now() - interval '1 day'")
    assert (await ask(front, 1, token)).status_code == 200


async def test_the_route_says_where_a_table_is_played(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(41, 1))
    assert refused_for_now(await front.get("/api/v1/tables/41/route", token))
    await front.node.open_both_shards()
    answer = ROUTES.decode((await front.get("/api/v1/tables/41/route", token)).content)
    assert answer == TableRoute(TableId(41), "node-1/1", NODE, Epoch(1), PLAYER_URL)
    assert refusal(await front.get("/api/v1/tables/42/route", token)) == (404, "no_such_table")
    assert refusal(await front.get("/api/v1/tables/x/route", token)) == (404, "no_such_table")
    assert refusal(await front.get("/api/v1/tables/41/route")) == (401, "not_authenticated")


async def test_a_stale_route_is_told_the_new_one(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    path = "/api/v1/tables/1/ticket"
    route = ANSWERS.decode((await front.post(path, {"route": ""}, token)).content).route
    assert (await front.post(path, {"route": route}, token)).status_code == 200
    await front.node.announce(OTHER, OTHER_BOOT, OTHER_URL)
    await front.node.hold(0, epoch=2, node=OTHER, boot=OTHER_BOOT)
    stale = await front.post(path, {"route": route}, token)
    assert refusal(stale) == (409, "route_stale")
    assert (stale.json()["route"], stale.json()["url"]) == ("node-2/2", OTHER_URL)
    followed = ANSWERS.decode((await front.post(path, {"route": stale.json()["route"]}, token)).content)
    assert (followed.url, followed.route) == (OTHER_URL, "node-2/2")


async def test_who_has_the_shard_again_has_another_route(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(1))
    await front.node.open_both_shards()
    await front.node.hold(0, epoch=3)
    stale = await front.post("/api/v1/tables/1/ticket", {"route": "node-1/1"}, token)
    assert refusal(stale) == (409, "route_stale")
    assert stale.json()["route"] == "node-1/3"


@pytest.mark.parametrize("body", [{"way": "x"}, {"route": 1}, [], "node-1/1"])
async def test_a_ticket_is_asked_for_with_a_route_or_nothing(front: Front, body: object) -> None:
    token = await front.log_in()
    answer = await front.post("/api/v1/tables/1/ticket", body, token)
    assert refusal(answer) == (400, "malformed")
