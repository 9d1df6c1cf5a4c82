"""What is ordered at nodes comes into the record of orders, each once, whoever moves it and however often."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from attrs import evolve

from cardroom.ids import NodeId, new_command_id
from cardroom.local.servers import free_port
from cardroom.service.postgres import PostgresAway, open_postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings
from cardroom.wire import keys
from cardroom.wire.admin_actions import NodeAction, node_action_codec
from tests.wallet_worker.house import LOG, House
from wallet_worker.audit.node_actions import NodeActions

CODEC = node_action_codec()


@pytest.fixture
async def stream(redis: Redis) -> AsyncIterator[Redis]:
    await redis.delete([keys.admin_actions()])
    yield redis
    await redis.delete([keys.admin_actions()])


def action_of(number: int, facts: str = '{"text": "six"}') -> NodeAction:
    return NodeAction(
        new_command_id(number, bytes(10)), NodeId("node-1"), "kim", "table_announced", f"table:{number}",
        "closing time", facts, 1_700_000_000_000 + number,
    )  # fmt: skip


async def add(redis: Redis, data: bytes, field: bytes = keys.ADMIN_ACTION_FIELD) -> None:
    await redis.xadd(keys.admin_actions(), field_values={field: data})


async def kept(house: House) -> list[tuple[Any, ...]]:
    rows = await house.rows(
        "SELECT admin, action, subject, reason, key, answer FROM admin_action WHERE action <> 'x' ORDER BY id"
    )
    return [(*row[:5], json.loads(row["answer"])) for row in rows]


async def test_orders_are_written_down_with_who_where_and_why_and_leave_the_stream(
    house: House, stream: Redis
) -> None:
    for number in (1, 2):
        await add(stream, CODEC.encode(action_of(number)))
    assert await NodeActions(house.database, stream, LOG).move() == 2
    first, second = await kept(house)
    assert first[:5] == ("kim", "table_announced", "table:1", "closing time", str(action_of(1).id))
    assert first[5] == {
        "node": "node-1", "ordered_at": "2023-11-14T22:13:20.001000+00:00", "ordered": {"text": "six"},
    }  # fmt: skip
    assert second[2] == "table:2"
    assert await stream.xlen(keys.admin_actions()) == 0


async def test_each_is_written_once_by_workers_at_once_and_by_one_that_died_before_deleting(
    house: House, stream: Redis
) -> None:
    for _ in range(2):
        for number in range(3, 23):
            await add(stream, CODEC.encode(action_of(number)))
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(NodeActions(house.database, stream, LOG).move)
    assert len(await kept(house)) == 20
    assert await stream.xlen(keys.admin_actions()) == 0


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"garbage", keys.ADMIN_ACTION_FIELD),
        (CODEC.encode(action_of(30, facts="no json")), keys.ADMIN_ACTION_FIELD),
        (CODEC.encode(action_of(31)), b"another"),
        (CODEC.encode(action_of(33, facts="[" * 2000)), keys.ADMIN_ACTION_FIELD),
        (CODEC.encode(action_of(34, facts='{"text": "a\\u0000"}')), keys.ADMIN_ACTION_FIELD),
        (CODEC.encode(evolve(action_of(35), reason="")), keys.ADMIN_ACTION_FIELD),
        (CODEC.encode(evolve(action_of(36), reason="a" * 201)), keys.ADMIN_ACTION_FIELD),
    ],
)
async def test_what_is_no_order_is_written_down_too_and_stops_nothing(
    house: House, stream: Redis, data: bytes, field: bytes
) -> None:
    await add(stream, data, field)
    await add(stream, CODEC.encode(action_of(32)))
    await NodeActions(house.database, stream, LOG).move()
    odd, good = await kept(house)
    assert odd[:2] == ("unknown", "unreadable")
    assert odd[5] == {"bytes": data.hex() if field == keys.ADMIN_ACTION_FIELD else ""}
    assert good[2] == "table:32"


async def test_while_the_database_is_away_they_wait(stream: Redis) -> None:
    nowhere = PostgresSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/none", connect_seconds=1.0)
    await add(stream, CODEC.encode(action_of(40)))
    async with open_postgres(nowhere, must_answer=False) as postgres:
        with pytest.raises(PostgresAway):
            await NodeActions(postgres, stream, LOG).move()
    assert await stream.xlen(keys.admin_actions()) == 1
