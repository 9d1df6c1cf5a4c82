"""Many players at once, over several connections, are each sent to a seat of their own."""

import pytest
import trio
from attrs import evolve

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from shard_router.rules.quick_seat import OpenTable
from shard_router.store.reserved_seats import Reservation, ReservedSeats

TABLE = OpenTable(TableId(1), ShardId(0), 6, {SeatIndex(0): UserId(90), SeatIndex(2): UserId(2**62 + 1)})
OTHER = evolve(TABLE, table_id=TableId(2), seat_count=2, taken={})


async def seat_of(seats: ReservedSeats, user: int, *tables: OpenTable) -> tuple[int, int] | None:
    found: Reservation | None = await seats.reserve(UserId(user), tables)
    return None if found is None else (found.table.table_id, found.seat)


async def test_each_is_sent_to_another_seat_of_the_first_table(redis: Redis) -> None:
    seats = ReservedSeats(redis, 20.0)
    found = [await seat_of(seats, user, TABLE, OTHER) for user in range(1, 8)]
    assert found == [(1, 1), (1, 3), (1, 4), (1, 5), (2, 0), (2, 1), None]
    assert await seat_of(seats, 1) is None


async def test_who_asks_again_is_sent_to_the_same_seat(redis: Redis) -> None:
    seats = ReservedSeats(redis, 20.0)
    assert await seat_of(seats, 1, OTHER) == (2, 0)
    assert await seat_of(seats, 1, TABLE, OTHER) == (2, 0), "also when another table is fuller now"
    taken = evolve(OTHER, taken={SeatIndex(0): UserId(7)})
    assert await seat_of(seats, 1, TABLE, taken) == (1, 1), "somebody else sits there now"


async def test_a_seat_is_free_again_when_nobody_came(redis: Redis) -> None:
    assert await seat_of(ReservedSeats(redis, 0.0), 1, OTHER) == (2, 0)
    seats = ReservedSeats(redis, 20.0)
    assert await seat_of(seats, 2, OTHER) == (2, 0)
    assert await seat_of(seats, 3, OTHER) == (2, 1)
    assert 0 < await redis.ttl(keys.reserved_seats(OTHER.table_id)) <= keys.RESERVED_SECONDS


async def test_who_sits_needs_no_reservation_any_more(redis: Redis) -> None:
    seats = ReservedSeats(redis, 20.0)
    for user in (1, 2):
        await seat_of(seats, user, OTHER)
    moved = evolve(OTHER, seat_count=3, taken={SeatIndex(2): UserId(1)})
    assert await seat_of(seats, 3, moved) == (2, 0), "player 1 sits, in another seat"


async def test_a_router_that_has_not_heard_yet_who_sits_sends_nobody_to_that_seat(redis: Redis) -> None:
    seats = ReservedSeats(redis, 20.0)
    assert await seat_of(seats, 1, OTHER) == (2, 0)
    heard = evolve(OTHER, taken={SeatIndex(0): UserId(1)})
    assert await seat_of(seats, 2, heard) == (2, 1)
    assert await seat_of(seats, 3, evolve(OTHER, seat_count=3)) == (2, 2)


async def test_a_table_that_is_closed_gets_nobody_and_one_with_reservations_is_not(redis: Redis) -> None:
    seats = ReservedSeats(redis, 20.0)
    assert await seats.close(TABLE.table_id)
    assert await seat_of(seats, 1, TABLE) is None
    assert await seat_of(seats, 1, TABLE, OTHER) == (2, 0)
    assert not await seats.close(OTHER.table_id)


@pytest.mark.parametrize("routers", [2])
async def test_of_fifty_at_once_no_two_are_sent_to_one_seat(
    redis_settings: RedisSettings, routers: int
) -> None:
    tables = [evolve(OTHER, table_id=TableId(number), seat_count=6) for number in range(1, 9)]
    found: list[tuple[int, int] | None] = []

    async def ask(seats: ReservedSeats, user: int) -> None:
        found.append(await seat_of(seats, user, *tables))

    async with (
        open_redis(redis_settings) as one,
        open_redis(redis_settings) as two,
        trio.open_nursery() as players,
    ):
        stores = [ReservedSeats(one, 20.0), ReservedSeats(two, 20.0)]
        for user in range(50):
            players.start_soon(ask, stores[user % routers], user)
    sent = [one for one in found if one is not None]
    assert len(found) == 50
    assert len(sent) == len(set(sent)) == 48
