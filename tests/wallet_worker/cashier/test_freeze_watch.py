"""Nodes, health and metrics know of a freeze; while the database is away the last word stands."""

import trio
from prometheus_client import REGISTRY

from cardroom.local.servers import free_port
from cardroom.service.postgres import open_postgres
from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from cardroom.wire import keys
from cardroom.wire.house import HouseWord, read_house
from tests.wallet_worker.house import LINK, LOG, House
from wallet_worker.cashier.freeze_watch import FreezeWatch
from wallet_worker.store.freezes import HouseFreeze, Scope, freeze_house, unfreeze_house


async def set_freeze(house: House, scope: Scope, *, is_frozen: bool, told: str = "") -> None:
    async with house.database.transaction() as transaction:
        if is_frozen:
            await freeze_house(transaction, HouseFreeze(scope, "kim", "breach", told), LINK)
        else:
            await unfreeze_house(transaction, scope, LINK)


async def word_of(redis: Redis) -> HouseWord | None:
    return read_house(dict(await redis.hgetall(keys.house())))


async def test_it_follows_the_freeze(house: House, redis: Redis) -> None:
    watch = FreezeWatch(house.database, redis, 0.01, LOG)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        for is_frozen in (True, False):
            await set_freeze(house, Scope.EVERYTHING, is_frozen=is_frozen)
            with trio.fail_after(5):
                while watch.notes()["everything_frozen"] is not is_frozen:
                    await trio.lowlevel.checkpoint()
            assert REGISTRY.get_sample_value("holdem_everything_frozen") == is_frozen
            assert REGISTRY.get_sample_value("holdem_house_frozen", {"scope": "everything"}) == is_frozen
        nursery.cancel_scope.cancel()
    assert watch.notes() == {"play_frozen": False, "withdrawals_frozen": False, "everything_frozen": False}


async def test_nodes_are_told_whether_hands_may_be_dealt(house: House, redis: Redis) -> None:
    watch = FreezeWatch(house.database, redis, 1.0, LOG)

    async def word() -> HouseWord | None:
        await watch.look()
        await watch.tell_nodes()
        return await word_of(redis)

    assert await word() == HouseWord()
    await set_freeze(house, Scope.WITHDRAWALS, is_frozen=True, told="Back at noon.")
    assert await word() == HouseWord(number=1)
    await set_freeze(house, Scope.PLAY, is_frozen=True, told="Back at ten.")
    assert await word() == HouseWord(is_play_frozen=True, told="Back at ten.", number=2)
    await redis.flushall()
    assert await word() == HouseWord(is_play_frozen=True, told="Back at ten.", number=2)
    await set_freeze(house, Scope.PLAY, is_frozen=True, told="a freeze that stands is not another one")
    await set_freeze(house, Scope.EVERYTHING, is_frozen=True)
    await set_freeze(house, Scope.PLAY, is_frozen=False)
    assert await word() == HouseWord(is_play_frozen=True, number=4)
    await set_freeze(house, Scope.EVERYTHING, is_frozen=False)
    assert await word() == HouseWord(number=5)


async def test_servers_that_are_away_do_not_end_it(house: House, redis: Redis) -> None:
    nowhere = PostgresSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/none", connect_seconds=0.2)
    nobody = RedisSettings(host="127.0.0.1", port=free_port(), connect_seconds=0.1, call_seconds=0.1)
    async with open_postgres(nowhere, must_answer=False) as postgres, open_redis(nobody) as broken:
        for one in (
            FreezeWatch(postgres, redis, 0.01, LOG),
            FreezeWatch(house.database, broken, 0.01, LOG),
        ):
            with trio.move_on_after(0.3) as running:
                await one.run()
            assert running.cancelled_caught
    assert await word_of(redis) is None, "who does not know says nothing"


async def test_while_the_database_is_away_the_last_word_stands(house: House, redis: Redis) -> None:
    nowhere = PostgresSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/none", connect_seconds=0.2)
    watch = FreezeWatch(house.database, redis, 0.01, LOG)
    await set_freeze(house, Scope.PLAY, is_frozen=True)
    await watch.look()
    async with open_postgres(nowhere, must_answer=False) as watch.postgres:
        with trio.move_on_after(0.3) as running:
            await watch.run()
    assert running.cancelled_caught
    assert watch.notes()["play_frozen"]
