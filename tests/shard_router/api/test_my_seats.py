"""The way back to one's seats, by the lobby, whatever became of the node."""

import pytest
from attrs import evolve

from cardroom.ids import BootNonce, SeatIndex, TableId
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.codec import Codec, Encoding
from cardroom.wire.lobby import RouteState, SeatPlace, WhereAmI
from tests.shard_router.front import BOOT, NODE, PLAYER_URL, SHARDS, Front, refusal, table_summary

SEATS = Codec[WhereAmI](WhereAmI, Encoding.JSON, 1 << 20, {})


async def seats_of(front: Front, token: str) -> WhereAmI:
    return SEATS.decode((await front.get("/api/v1/me/seats", token)).content)


def played(table: int, seat: int = 0) -> SeatPlace:
    return SeatPlace(TableId(table), SeatIndex(seat), PLAYER_URL, "node-1/1", RouteState.PLAYED)


async def test_seats_of_all_shards_by_table(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(9, 1, 2, 1), table_summary(4, 0, 1), table_summary(5, 0, 3))
    await front.node.announce()
    await front.node.hold(0)
    away = SeatPlace(TableId(9), SeatIndex(1), "", "", RouteState.AWAY)
    assert await seats_of(front, token) == WhereAmI((played(4), away), is_complete=True)


@pytest.mark.parametrize(
    ("epoch", "boot", "state"),
    [
        (0, BOOT, RouteState.OPENING),
        (2, BootNonce(""), RouteState.OPENING),
        (2, BootNonce("d" * 32), RouteState.OPENING),
        (2, BOOT, RouteState.PLAYED),
    ],
)
async def test_a_seat_says_if_it_can_be_reached(
    front: Front, epoch: int, boot: BootNonce, state: RouteState
) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(4, 0, 1))
    await front.node.open_both_shards()
    await front.node.hold(0, epoch=epoch, boot=boot)
    (place,) = (await seats_of(front, token)).seats
    assert place.state is state
    assert bool(place.url) is bool(place.route) is (state is RouteState.PLAYED)


async def test_a_node_that_is_gone_hides_no_seat(front: Front, redis: Redis) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(4, 0, 1))
    await front.node.open_both_shards()
    await redis.delete([keys.node(NODE)])
    away = SeatPlace(TableId(4), SeatIndex(0), "", "", RouteState.AWAY)
    assert await seats_of(front, token) == WhereAmI((away,), is_complete=False)
    await front.node.publish(table_summary(5, 1))
    assert (await seats_of(front, token)).is_complete


async def test_a_shard_of_which_nothing_is_known_may_have_more_seats(front: Front, redis: Redis) -> None:
    token = await front.log_in()
    await front.node.publish(table_summary(4, 0, 1), table_summary(9, 1, 1))
    await front.node.announce()
    await front.node.hold(0)
    assert len((await seats_of(front, token)).seats) == 2
    await redis.delete([keys.lobby(SHARDS[1])])
    assert await seats_of(front, token) == WhereAmI((played(4),), is_complete=False)
    await front.node.hold(1)
    assert await seats_of(front, token) == WhereAmI((played(4),), is_complete=True)


async def test_a_private_table_is_told_to_who_sits_there(front: Front) -> None:
    token = await front.log_in()
    await front.node.publish(evolve(table_summary(4, 0, 1), is_private=True))
    await front.node.open_both_shards()
    assert (await seats_of(front, token)).seats == (played(4),)
    other = await front.log_in("Bob")
    assert await seats_of(front, other) == WhereAmI((), is_complete=True)


async def test_seats_need_a_login(front: Front) -> None:
    assert refusal(await front.get("/api/v1/me/seats")) == (401, "not_authenticated")
