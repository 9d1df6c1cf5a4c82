"""Buy-ins against a player's own limits: at once, in one batch, in two shards, while a worker dies."""

import pytest
import trio
from attrs import evolve

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres
from cardroom.service.protection import ProtectionSettings
from cardroom.service.redis import Redis
from cardroom.wire.ledger import BuyInHeld, CommandRefused, ReplyBody
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.crashing import CRASHES, open_worker
from tests.wallet_worker.house import House, hand_of, hold, leave, open_house
from tests.wallet_worker.post import Post
from tests.wallet_worker.terms import age, limit
from wallet_worker.ledger.batch import apply_batch

LOSS = CommandRefused(Refusal.LOSS_LIMIT)
SESSION = CommandRefused(Refusal.SESSION_LIMIT)
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def held(*replies: ReplyBody) -> list[bool]:
    return [isinstance(reply, BuyInHeld) for reply in replies]


async def test_a_buy_in_that_could_lose_more_than_the_limit_is_refused(house: House) -> None:
    user, table = house.players[0], house.tables[0]
    await limit(house, 0, "loss_day", 1_000)
    assert await house.ask(hold(user, table, 0, 1_001)) == [LOSS]
    assert held(*await house.ask(hold(user, table, 0, 600), hold(user, table, 0, 400))) == [True, True]
    assert await house.ask(hold(user, table, 0, 1)) == [LOSS]
    assert held(*await house.ask(hold(house.players[1], table, 1, 5_000))) == [True]
    hand = hand_of(table, [(user, 0, -300), (house.players[1], 1, 300)])
    await house.ask(hand)
    assert await house.ask(hold(user, table, 0, 1)) == [LOSS]
    back = await house.ask(leave(user, table, 0, 700), hold(user, house.tables[1], 0, 701))
    assert back[1] == LOSS
    assert held(*await house.ask(hold(user, house.tables[1], 0, 700))) == [True]
    await house.assert_sound()


async def test_what_is_won_today_may_be_brought_again(house: House) -> None:
    user, table = house.players[0], house.tables[0]
    await limit(house, 0, "loss_day", 1_000)
    await house.seat(0, 1_000, 5_000)
    won = hand_of(table, [(user, 0, 2_000), (house.players[1], 1, -2_000)])
    replies = await house.ask(won, leave(user, table, 0, 3_000), hold(user, table, 0, 3_001))
    assert replies[2] == LOSS
    assert held(*await house.ask(hold(user, table, 0, 3_000))) == [True]


async def test_a_new_day_has_room_again_and_the_week_has_not(house: House) -> None:
    user, table = house.players[0], house.tables[0]
    await limit(house, 0, "loss_day", 1_000)
    await house.seat(0, 1_000, 5_000)
    await house.ask(hand_of(table, [(user, 0, -1_000), (house.players[1], 1, 1_000)]))
    assert await house.ask(hold(user, table, 0, 1)) == [LOSS]
    await age(house, "2 days")
    assert held(*await house.ask(hold(user, table, 0, 1_000))) == [True]
    await age(house, "29 days")
    await limit(house, 0, "loss_month", 500)
    assert await house.ask(hold(user, house.tables[1], 0, 1)) == [LOSS]  # 1,000 lie at the first one


async def test_who_has_no_time_left_sits_down_nowhere(house: House) -> None:
    user, table = house.players[0], house.tables[0]
    await limit(house, 0, "session_minutes", 1)
    await house.seat(0, 1_000)
    await house.change("UPDATE entry SET booked_at = booked_at - interval '61 s'")
    await limit(house, 1, "session_minutes", 0)
    assert await house.ask(hold(house.players[1], table, 1, 500)) == [SESSION]
    # If midnight has just been, the minute is a new day's.
    expected = {True} if await house.number(_SECONDS_SINCE_MIDNIGHT) >= 61 else {True, False}
    replies = await house.ask(hold(user, house.tables[1], 0, 500), hold(user, table, 0, 500))
    assert {reply == SESSION for reply in replies} <= expected


_SECONDS_SINCE_MIDNIGHT = "SELECT extract(epoch FROM (now() AT TIME ZONE 'Asia/Seoul')::time)::integer"


async def test_what_is_off_is_not_enforced(house: House) -> None:
    await limit(house, 0, "loss_day", 1)
    await limit(house, 0, "session_minutes", 0)
    off = ProtectionSettings(loss_limits=False, session_limits=False)
    entry = house.entry(house.command(hold(house.players[0], house.tables[0], 0, 500)))
    await apply_batch(evolve(house.tools, protection=off), house.shard, house.term, [entry])
    assert await house.escrow(0) == {0: 500}


async def test_two_shards_at_once_do_not_use_the_same_room(
    house: House, database: Postgres, owner: Postgres
) -> None:
    """Twenty buy-ins in two shards, each of a batch of its own: what was held is within the limit."""
    other = await open_house(database, owner, ShardId(house.shard + 1), house.players)
    await limit(house, 0, "loss_day", 1_000)
    replies: list[ReplyBody] = []

    async def ask(place: House, table: int) -> None:
        for _ in range(5):
            replies.extend(await place.ask(hold(house.players[0], place.tables[table], 0, 150)))

    async with trio.open_nursery() as nursery:
        for place in (house, other):
            nursery.start_soon(ask, place, 0)
    assert sum(held(*replies)) == 6
    assert [reply for reply in replies if not isinstance(reply, BuyInHeld)] == [LOSS] * 4
    await house.assert_sound()


async def test_a_limit_that_is_set_while_a_buy_in_waits_holds_for_it(house: House, owner: Postgres) -> None:
    """Who was answered that the limit holds loses no more, even if the buy-in was asked for before."""
    user, replies = house.players[0], []

    async def ask() -> None:
        replies.extend(await house.ask(hold(user, house.tables[0], 0, 500)))

    async with trio.open_nursery() as nursery, owner.transaction() as transaction:
        await transaction.fetch("SELECT id FROM account WHERE user_id = $1 FOR UPDATE", user)
        nursery.start_soon(ask)
        with trio.fail_after(5):
            while not await house.number(_WAITING):  # noqa: ASYNC110 (it waits in the database)
                await trio.sleep(0.01)
        await limit(house, 0, "loss_day", 499)
    assert replies == [LOSS]


@pytest.mark.parametrize("crash", CRASHES)
async def test_a_worker_that_dies_uses_the_room_once(
    house: House, database: Postgres, redis: Redis, crash: str | None
) -> None:
    user, table = house.players[0], house.tables[0]
    await limit(house, 0, "loss_day", 1_000)
    post = Post(house, redis)
    await post.free_the_term()
    await post.put(hold(user, table, 0, 600), hold(user, table, 0, 400))
    await open_worker("first", house.shard, database, redis).step(crash)
    await post.free_the_term()
    await open_worker("second", house.shard, database, redis).step(None)
    await post.put(hold(user, table, 0, 1))
    await post.free_the_term()
    await open_worker("third", house.shard, database, redis).step(None)
    assert await house.escrow(0) == {0: 1_000}
    assert (await post.replies())[-1] == LOSS
    await house.assert_sound()
