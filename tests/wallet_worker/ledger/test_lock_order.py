"""Several workers and HTTP move the money of the same players at once, and nobody waits in a circle."""

from random import Random

import trio

from cardroom.ids import ShardId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, open_postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings
from cardroom.wire.ledger import BuyInHeld, CashedOut, CommandBody, HandSettled, SettleHand
from tests.wallet_worker.house import LINK, PURSE, House, add_players, hand_of, hold, leave, open_house
from tests.wallet_worker.post import Post
from wallet_worker.store.promote import Promotion, promote

SHARDS, PLAYERS, SEATS, ROUNDS, GIFTS = 3, 8, 6, 12, 25

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def _round(house: House, chance: Random, last: SettleHand | None) -> tuple[list[CommandBody], SettleHand]:
    """Six of the eight sit down, top up, play a hand and leave, in any order."""
    table = house.tables[0]
    seated = list(enumerate(chance.sample(house.players, SEATS)))
    buy_ins = [hold(user, table, seat, 100) for seat, user in seated]
    chance.shuffle(seated)
    top_ups = [hold(user, table, seat, 50) for seat, user in seated]
    nets = [(user, seat, (-10, 10)[seat % 2]) for seat, user in seated]
    hand = hand_of(table, nets, last)
    chance.shuffle(seated)
    leaves = [leave(user, table, seat, 150 + (-10, 10)[seat % 2]) for seat, user in seated]
    return [*buy_ins, *top_ups, hand, *leaves], hand


async def _play(post: Post, seed: int) -> None:
    chance, last, answered = Random(seed), None, 0
    for _ in range(ROUNDS):
        bodies, last = _round(post.house, chance, last)
        await post.put(*bodies)
        answered += len(bodies)
        with trio.fail_after(60):
            while len(await post.raw_replies()) < answered:  # noqa: ASYNC110
                await trio.sleep(0.005)
    kinds = [type(reply) for reply in await post.replies()]
    assert kinds == ([BuyInHeld] * SEATS * 2 + [HandSettled] + [CashedOut] * SEATS) * ROUNDS


async def _give(database: Postgres, house: House, seed: int) -> None:
    chance = Random(seed)
    for number in range(GIFTS):
        gift = Promotion(chance.choice(house.players), Krw(10), "gift", f"{seed}-{number}")
        await promote(database, gift, LINK)


async def _work(wallet: PostgresSettings, house: House, redis: Redis, seed: int) -> None:
    """Serve one shard by a consumer with a pool of its own, and play there until all is answered."""
    async with open_postgres(wallet) as database, trio.open_nursery() as nursery:
        own = House(database, house.owner, house.shard, house.tables, house.players, house.epoch, house.term)
        post, stopping = Post(own, redis), trio.Event()
        nursery.start_soon(post.consumer().run, "test", stopping)
        nursery.start_soon(_give, database, house, seed)
        await _play(post, seed)
        stopping.set()


async def test_players_who_cross_between_shards_and_gifts_meet_in_no_deadlock(
    database: Postgres, owner: Postgres, redis: Redis, wallet_settings: PostgresSettings
) -> None:
    players = await add_players(database, owner, PLAYERS)
    houses = [
        await open_house(database, owner, ShardId(70_000 + number), players) for number in range(SHARDS)
    ]
    before = await houses[0].number(DEADLOCKS)
    async with trio.open_nursery() as nursery:
        for seed, house in enumerate(houses):
            nursery.start_soon(_work, wallet_settings, house, redis, seed)
    # The pools are closed, so whatever their servers had counted is counted by now.
    assert await houses[0].number(DEADLOCKS) == before
    assert await houses[0].number("SELECT count(*) FROM dead_letter") == 0
    wallets = "SELECT sum(balance) FROM account WHERE kind = 'wallet'"
    assert await houses[0].number(wallets) == PLAYERS * PURSE + SHARDS * GIFTS * 10
    await houses[0].assert_sound()
