"""A node learns that play is frozen, through a real Valkey, and believes the last word."""

import pytest
import trio
from attrs import define, field

from cardroom.ids import ShardId
from cardroom.local.servers import EmbeddedValkey, free_port
from cardroom.service.redis import Redis, RedisAway, make_line, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.house import HouseWord, write_house
from cardroom.wire.ledger import LedgerTable
from node.sessions.fanout import Fanout
from node.settings import TableLimits
from node.shards.house_watch import HouseWatch
from node.shards.opening import TableMaker, set_up_table
from node.tables.commands import HearHouse
from node.tables.directory import Directory
from tests.node.shards.test_supervisor import STAKES
from tests.node.tables.house import LOG, TABLE, until

FROZEN, LIFTED = HouseWord(is_play_frozen=True, told="Back at ten.", number=4), HouseWord(number=5)


@define
class House:
    """A table that is served by nobody, so that what it is told can be read, and who tells it."""

    redis: Redis
    watch: HouseWatch
    directory: Directory = field(factory=Directory)

    async def tell(self, word: HouseWord) -> None:
        await self.redis.hset(keys.house(), write_house(word))

    async def look(self) -> list[HouseWord]:
        """Look once; gives what the table was told."""
        line = make_line(self.redis)
        await self.watch.look(line)
        line.close()
        return await self.heard()

    async def heard(self) -> list[HouseWord]:
        found, (entry,) = [], tuple(self.directory)
        while len(entry.inbox):
            command = await entry.inbox.receive()
            assert isinstance(command, HearHouse)
            found.append(command.word)
        return found


async def open_house(redis: Redis) -> House:
    await redis.delete([keys.house()])
    maker = TableMaker(STAKES, TableLimits(), Fanout({}), LOG)
    told = LedgerTable(TABLE, "Seoul", "low", 6, False, None, 0, (), "", ())
    directory = Directory()
    directory.add(set_up_table(told, ShardId(1), maker).entry)
    return House(redis, HouseWatch(redis, directory, LOG, seconds=0.02), directory)


async def test_tables_are_told_of_each_change_once(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis:
        house = await open_house(redis)
        assert await house.look() == []
        assert house.watch.has_looked, "that there is no word is known, too"
        await house.tell(FROZEN)
        assert await house.look() == [FROZEN]
        assert await house.look() == []
        await house.tell(LIFTED)
        assert await house.look() == [LIFTED]
        await house.tell(FROZEN)
        assert await house.look() == [], "a worker that was held up writes an old word"
        assert house.watch.word == LIFTED


async def test_the_last_word_stands_when_redis_has_lost_it_or_has_garbage(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis:
        house = await open_house(redis)
        await house.tell(FROZEN)
        await house.look()
        await redis.delete([keys.house()])
        assert await house.look() == []
        await redis.hset(keys.house(), {b"play_frozen": b"perhaps"})
        assert await house.look() == []
        assert house.watch.word == FROZEN


async def test_it_looks_by_itself(valkey: EmbeddedValkey) -> None:
    async with open_redis(valkey.settings) as redis, trio.open_nursery() as nursery:
        house = await open_house(redis)
        nursery.start_soon(house.watch.run)
        await house.tell(FROZEN)
        await until(lambda: house.watch.word == FROZEN)
        await house.tell(LIFTED)
        await until(lambda: house.watch.word == LIFTED)
        nursery.cancel_scope.cancel()


async def test_without_redis_it_looks_on_and_no_shard_is_taken() -> None:
    gone = RedisSettings(host="127.0.0.1", port=free_port(), connect_seconds=0.1)
    async with open_redis(gone) as redis:
        watch = HouseWatch(redis, Directory(), LOG, seconds=0.02)
        with trio.move_on_after(0.3) as running:
            await watch.run()
        assert running.cancelled_caught
        assert not watch.has_looked
        with pytest.raises(RedisAway):
            await watch.look(make_line(redis))
