"""A resolved letter is told to the node start that owns the shard; nothing depends on that."""

from cardroom.service.redis import Redis, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from cardroom.wire.ledger import ReopenTable, TableReleased
from tests.wallet_worker.house import BOOT, LOG, House
from tests.wallet_worker.letters import bury_hand, retry_of
from tests.wallet_worker.post import Post
from wallet_worker.ledger.letter_desk import LetterDesk


async def test_the_owner_is_told_after_the_commit_and_again_with_the_same_release(
    house: House, redis: Redis
) -> None:
    post, desk = Post(house, redis), LetterDesk(house.tools, redis, LOG)
    number, _ = await bury_hand(house)
    document = await desk.resolve(retry_of(number))
    assert await desk.resolve(retry_of(number)) == document
    first, second = await post.replies()
    assert isinstance(first, TableReleased)
    assert first == second
    assert first.table_id == house.tables[0]
    assert 0 < await redis.ttl(keys.replies(house.shard, BOOT)) <= keys.REPLIES_SECONDS


async def test_nobody_is_told_of_a_table_that_is_open_again(house: House, redis: Redis) -> None:
    post, desk = Post(house, redis), LetterDesk(house.tools, redis, LOG)
    number, _ = await bury_hand(house)
    await desk.resolve(retry_of(number))
    await house.ask(ReopenTable(house.tables[0]))
    await desk.resolve(retry_of(number))
    assert len(await post.replies()) == 1


async def test_without_redis_the_letter_is_resolved_all_the_same(house: House) -> None:
    number, _ = await bury_hand(house)
    nowhere = RedisSettings("127.0.0.1", 1, connect_seconds=0.2, call_seconds=0.2)
    async with open_redis(nowhere) as broken:
        document = await LetterDesk(house.tools, broken, LOG).resolve(retry_of(number))
    assert document["answer"] == "hand_settled"
    assert await house.escrow(0) == {0: 900, 1: 1095}


async def test_where_nobody_owns_the_shard_nobody_is_told(house: House, redis: Redis) -> None:
    number, _ = await bury_hand(house)
    await house.change(f"UPDATE shard SET owner_boot = NULL WHERE id = {house.shard}")
    await LetterDesk(house.tools, redis, LOG).resolve(retry_of(number))
    assert await Post(house, redis).raw_replies() == []
