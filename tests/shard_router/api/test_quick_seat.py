"""A seat at any table of a game, for many players and over several routers at once."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from attrs import evolve

from cardroom.ids import BootNonce, NodeId, SeatIndex, TableId
from cardroom.local.servers import free_port
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import Bind, PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.house import HouseWord, write_house
from cardroom.wire.lobby import QuickSeat, open_ticket
from cardroom.wire.orders import MakeTable, OrderRefused
from cardroom.wire.presence import TableSummary
from cardroom.wire.refusals import Refusal
from shard_router.settings import RouterSettings
from tests.fakes.orders import FIRST_TABLE, OrderTaker, taking_orders
from tests.shard_router.front import (
    NODE,
    PLAYER_URL,
    TICKET_KEY,
    Front,
    bearer,
    open_front,
    refusal,
    router_settings,
    table_summary,
)

SEATS = Codec[QuickSeat](QuickSeat, Encoding.JSON, 4096, {})
PATH = "/api/v1/quick-seat"
GAMES = """
sizes = { two = 2, six = 6 }
stakes."50/100" = { sizes = ["two", "six"] }
stakes.other = { sizes = ["two"] }
"""


@pytest.fixture
def settings(database: PostgresSettings, redis_settings: RedisSettings, tmp_path: Path) -> RouterSettings:
    file = tmp_path / "stakes.toml"
    file.write_text(GAMES, encoding="utf-8")
    settings = router_settings(database, redis_settings)
    quick = evolve(settings.quick_seat, order_seconds=0.5, wait_seconds=2.0, look_seconds=0.02)
    return evolve(settings, stakes_file=file, quick_seat=quick)


@pytest.fixture
async def front(settings: RouterSettings, log: Log) -> AsyncIterator[Front]:
    async with open_front(settings, log) as opened:
        await opened.node.open_both_shards()
        yield opened


@pytest.fixture
async def taker(redis: Redis, front: Front) -> AsyncIterator[OrderTaker]:
    async with taking_orders(redis, NODE) as taking:
        yield taking


def table(number: int, *users: int, **changes: Any) -> TableSummary:
    return evolve(table_summary(number, 0, *users), **{"waiting": 0, **changes})


async def ask(front: Front, token: str | None, stake: str = "50/100", seats: int = 6) -> httpx.Response:
    return await front.post(PATH, {"stake": stake, "seats": seats}, token)


async def seat(front: Front, token: str, stake: str = "50/100", seats: int = 6) -> QuickSeat:
    answer = await ask(front, token, stake, seats)
    assert answer.status_code == 200, answer.text
    return SEATS.decode(answer.content)


def no_seat(answer: httpx.Response) -> bool:
    assert int(answer.headers["Retry-After"]) > 0
    return refusal(answer) == (503, "no_seat")


async def test_the_fullest_table_with_a_free_seat(front: Front) -> None:
    token = await front.log_in()
    full = table(3, 5, 6, 7, 8, 9, 10)
    await front.node.publish(table(1, 5), table(2, 5, 6, 7), full, table(4, 5, 6, 7, 8, is_private=True))
    found = await seat(front, token)
    assert (found.table_id, found.seat, found.is_yours) == (2, 3, False)
    assert (found.url, found.route) == (PLAYER_URL, "node-1/1")
    ticket = open_ticket(found.ticket, TICKET_KEY)
    assert (ticket.table_id, ticket.user_id, ticket.epoch) == (2, 1, 1)


async def test_who_sits_at_such_a_table_is_sent_back_there(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table(1, 5, 6, 7), table(2, 9, 8, 1, waiting=3))
    found = await seat(front, token)
    assert (found.table_id, found.seat, found.is_yours) == (2, 2, True)
    assert (await seat(front, token, seats=0)).table_id == 2


async def test_any_size(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table(1, 5), table(2, 5, seat_count=2))
    assert (await seat(front, token, seats=0)).table_id == 2


@pytest.mark.parametrize(("stake", "seats"), [("none", 6), ("none", 0), ("other", 6), ("50/100", 9), ("", 0)])
async def test_no_such_game(front: Front, stake: str, seats: int) -> None:
    token = await front.log_in()
    assert refusal(await ask(front, token, stake, seats)) == (404, "no_such_stake")


@pytest.mark.parametrize("seats", [1, 10, -1, 10**9])
async def test_no_table_has_so_many_seats(front: Front, seats: int) -> None:
    token = await front.log_in()
    assert refusal(await ask(front, token, seats=seats)) == (400, "malformed")


@pytest.mark.parametrize("body", [None, {}, {"stake": "50/100"}, {"stake": 1, "seats": 6}, []])
async def test_a_wish_is_whole(front: Front, body: object) -> None:
    token = await front.log_in()
    assert refusal(await front.post(PATH, body, token)) == (400, "malformed")


async def test_who_may_not_come_in(front: Front, owner: Postgres) -> None:
    await front.node.publish(table(1, 5))
    assert refusal(await ask(front, None)) == (401, "not_authenticated")
    token = await front.log_in()
    for change, code in (
        ("frozen_at = now()", "frozen"),
        ("frozen_at = NULL, self_excluded_until = now() + interval '1 day'", "self_excluded"),
    ):
        async with owner.transaction() as transaction:
            await transaction.execute(f"UPDATE player SET {change}")
        assert refusal(await ask(front, token)) == (403, code)
    await front.node.publish(table(1, 5, 1))
    assert (await seat(front, token)).is_yours, "who is excluded still finds the way back"


async def test_while_play_is_frozen_nobody_gets_another_seat(
    front: Front, redis: Redis, taker: OrderTaker
) -> None:
    token = await front.log_in()
    await redis.hset(keys.house(), write_house(HouseWord(is_play_frozen=True)))
    await front.node.publish(table(1, 5))
    assert refusal(await ask(front, token)) == (403, "play_frozen")
    assert taker.orders == []
    assert (await front.post("/api/v1/tables/1/ticket", token=token)).status_code == 200, "one may watch"
    await front.node.publish(table(1, 5, 1))
    assert (await seat(front, token)).is_yours


async def test_a_table_is_opened_for_who_finds_none(front: Front, taker: OrderTaker) -> None:
    token = await front.log_in()
    await front.node.publish(table(1, 5, 6, 7, 8, 9, 10))
    found = await seat(front, token)
    assert (found.table_id, found.seat, found.is_yours) == (FIRST_TABLE, 0, False)
    (order,) = taker.orders
    assert isinstance(order.body, MakeTable)
    assert (order.shard, order.body.seat_count, order.body.is_extra) == (1, 6, True)
    assert (await seat(front, await front.log_in("Bob"))).seat == 1
    assert len(taker.orders) == 1


async def test_what_is_opened_for_who_does_not_care(front: Front, taker: OrderTaker) -> None:
    token = await front.log_in()
    await seat(front, token, seats=0)
    await seat(front, token, "other", seats=0)
    sizes = [order.body.seat_count for order in taker.orders if isinstance(order.body, MakeTable)]
    assert sizes == [6, 2]


async def test_a_new_table_stands_where_least_is_going_on(front: Front, redis: Redis) -> None:
    token = await front.log_in()
    other, boot = NodeId("node-2"), BootNonce("c" * 32)
    await front.node.announce(other, boot, "ws://127.0.0.1:9002/play")
    await front.node.hold(1, node=other, boot=boot)
    await front.node.publish(table(1, 5, 6, 7, 8, 9, 10))
    async with taking_orders(redis, other) as taker:
        found = await seat(front, token)
    assert (taker.orders[0].shard, found.url) == (1, "ws://127.0.0.1:9002/play")


async def test_no_seat_when_no_node_opens_a_table(front: Front, taker: OrderTaker) -> None:
    token = await front.log_in()
    taker.outcome = lambda _: OrderRefused(Refusal.ROOM_CLOSED)
    assert no_seat(await ask(front, token))
    taker.outcome = lambda _: None
    assert no_seat(await ask(front, token))


async def test_no_seat_while_nothing_is_played(front: Front, redis: Redis) -> None:
    token = await front.log_in()
    await front.node.publish(table(1, 5))
    await redis.delete([keys.node(NODE)])
    assert no_seat(await ask(front, token))
    await front.node.publish(table(1, 5, 1))
    answer = await ask(front, token)
    assert refusal(answer) == (503, "table_unavailable"), "who has a seat waits for the node"
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("limit", ["extra_per_stake", "extra_per_shard"])
async def test_only_so_many_extra_tables(
    settings: RouterSettings, log: Log, redis: Redis, limit: str
) -> None:
    quick = evolve(settings.quick_seat, **{limit: 1})  # type: ignore[arg-type]
    async with (
        open_front(evolve(settings, quick_seat=quick), log) as front,
        taking_orders(redis, NODE) as taker,
    ):
        await front.node.announce()
        await front.node.hold(0)
        tokens = [await front.log_in(name) for name in ("Alice", "Bob", "Carol")]
        found = [await seat(front, token, seats=2) for token in tokens[:2]]
        assert [(one.table_id, one.seat) for one in found] == [(FIRST_TABLE, 0), (FIRST_TABLE, 1)]
        assert no_seat(await ask(front, tokens[2], seats=2))
        assert len(taker.orders) == 1


async def test_without_a_list_of_games_none_is_opened(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log
) -> None:
    async with open_front(router_settings(database, redis_settings), log) as front:
        token = await front.log_in()
        await front.node.open_both_shards()
        await front.node.publish(table(1, 5, 6, 7, 8, 9, 10))
        assert no_seat(await ask(front, token))
        assert refusal(await ask(front, token, seats=9)) == (404, "no_such_stake")
        await front.node.publish(table(2, 5))
        assert (await seat(front, token)).table_id == 2


async def test_fifty_at_two_routers_are_spread_over_few_tables(
    settings: RouterSettings, log: Log, redis: Redis
) -> None:
    """Two seats are free: eight tables of six are opened for the other 48, one at a time."""
    patient = evolve(settings.quick_seat, wait_seconds=8.9, order_seconds=5.0, reserve_seconds=60.0)
    settings = evolve(settings, quick_seat=patient)
    second = evolve(settings, http=Bind("127.0.0.1", free_port()))
    found: list[QuickSeat] = []

    async def want(front: Front, token: str) -> None:
        found.append(await seat(front, token))

    async with (
        open_front(settings, log) as one,
        open_front(second, log) as two,
        taking_orders(redis, NODE) as taker,
    ):
        await one.node.open_both_shards()
        await one.node.publish(table(1, 105, 106, 107, 108))
        tokens = [await one.log_in(f"player-{number}") for number in range(50)]
        taker.delay_seconds = 0.02
        with trio.fail_after(30):
            async with trio.open_nursery() as players:
                for number, token in enumerate(tokens):
                    players.start_soon(want, (one, two)[number % 2], token)
        seats = [(one_seat.table_id, one_seat.seat) for one_seat in found]
        assert len(seats) == len(set(seats)) == 50
        by_table = Counter(table_id for table_id, _ in seats)
        assert by_table[TableId(1)] == 2
        assert len(taker.orders) == 8
        assert sorted(by_table.values()) == [2] + [6] * 8
        again = await one.http.post(PATH, json={"stake": "50/100", "seats": 6}, headers=bearer(tokens[0]))
        mine = SEATS.decode(again.content)
        assert (mine.table_id, SeatIndex(mine.seat)) in set(seats), "who asks again is not sent elsewhere"
