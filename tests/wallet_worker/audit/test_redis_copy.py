"""The copy in a real Valkey: in order, bounded, and filled up again when it was lost."""

from itertools import count

import pytest
from attrs import evolve

from cardroom.ids import ShardId
from cardroom.service.redis import Redis
from cardroom.wire import keys
from tests.wallet_worker.audit.test_line import LINE
from wallet_worker.audit.line import AuditLine, write_line
from wallet_worker.audit.redis_copy import CopyMoved, RedisCopy

_SHARDS = count(7000)
LARGE = b" " * 3_000_000


def lines(first: int, last: int, content: bytes = LINE.content) -> list[AuditLine]:
    return [evolve(LINE, number=number, content=content) for number in range(first, last + 1)]


def copy_of(redis: Redis, *, batches: int = 100, most_bytes: int = 10**9) -> RedisCopy:
    return RedisCopy(redis, ShardId(next(_SHARDS)), batches, most_bytes)


async def numbers(copy: RedisCopy) -> list[int]:
    return [number for number, _ in await copy.read(0, 1000)]


async def test_batches_stand_there_as_in_the_file(redis: Redis) -> None:
    copy = copy_of(redis)
    assert await copy.last_batch() == 0
    await copy.append(lines(4, 5), 0)
    await copy.append(lines(6, 6), 5)
    assert await copy.read(0, 10) == [(line.number, write_line(line)) for line in lines(4, 6)]
    assert [number for number, _ in await copy.read(4, 1)] == [5]
    assert await copy.last_batch() == 6


async def test_nothing_is_added_twice_or_out_of_order(redis: Redis) -> None:
    copy = copy_of(redis)
    await copy.append(lines(1, 3), 0)
    for again, after in ((lines(3, 4), 2), (lines(5, 5), 4), (lines(1, 1), 0)):
        with pytest.raises(CopyMoved, match="ends with batch 3"):
            await copy.append(again, after)
    assert await numbers(copy) == [1, 2, 3]


async def test_no_more_than_so_many_batches_are_kept(redis: Redis) -> None:
    copy = copy_of(redis, batches=3)
    await copy.append(lines(1, 5), 0)
    assert await numbers(copy) == [3, 4, 5]


async def test_no_more_memory_is_taken_than_allowed_but_one_batch_stays(redis: Redis) -> None:
    copy = copy_of(redis, most_bytes=10_000_000)
    await copy.append(lines(1, 8, LARGE), 0)
    assert 6 <= (await numbers(copy))[0] <= 7
    tiny = copy_of(redis, most_bytes=1)
    await tiny.append(lines(1, 2), 0)
    assert await numbers(tiny) == [2]


@pytest.mark.parametrize("how", ["deleted", "trimmed to nothing"])
async def test_a_copy_that_was_lost_begins_anew_with_older_batches(redis: Redis, how: str) -> None:
    shard = ShardId(next(_SHARDS))
    copy = RedisCopy(redis, shard, 100, 10**9)
    await copy.append(lines(1, 9), 0)
    if how == "deleted":
        await redis.delete([keys.audit(shard)])
    else:
        await redis.xdel(keys.audit(shard), [f"{number}-1" for number in range(1, 10)])
    with pytest.raises(CopyMoved, match="ends with batch 0"):
        await copy.append(lines(10, 10), 9)
    await copy.append(lines(5, 10), 0)
    assert await numbers(copy) == [5, 6, 7, 8, 9, 10]


async def test_an_entry_of_another_form_is_no_batch(redis: Redis) -> None:
    shard = ShardId(next(_SHARDS))
    copy = RedisCopy(redis, shard, 100, 10**9)
    await redis.xadd(keys.audit(shard), field_values={"other": "x"}, identifier="1-1")
    assert await copy.read(0, 10) == [(1, None)]
