import gc
import hashlib
import time

import pytest
import trio

from cardroom.ids import UserId
from cardroom.local.servers import free_port
from cardroom.service.redis import Redis, RedisAway, open_redis
from cardroom.service.settings import RedisSettings
from cardroom.wire import keys
from shard_router.store.logins import Login, Logins, NewLogin

ALICE = Login(UserId(7), "앨리스")


async def test_open_find_close(redis: Redis) -> None:
    logins = Logins(redis, session_seconds=60)
    before = time.time() * 1000
    opened = await logins.open(ALICE)
    assert before + 59_000 < opened.expires_unix_ms < before + 65_000
    assert len(opened.token) >= 43
    assert await logins.find(opened.token) == ALICE
    await logins.close(opened.token)
    await logins.close(opened.token)
    assert await logins.find(opened.token) is None


async def test_expires(redis: Redis) -> None:
    logins = Logins(redis, session_seconds=1)
    opened = await logins.open(ALICE)
    key = keys.login(hashlib.sha256(opened.token.encode()).hexdigest())
    assert 0 < await redis.pttl(key) <= 1000
    await redis.pexpire(key, 5)
    with trio.fail_after(2):
        while await logins.find(opened.token) is not None:
            pass


@pytest.mark.parametrize("token", ["", "unknown", "x" * 129, "é"])
async def test_no_such_session(redis: Redis, token: str) -> None:
    assert await Logins(redis, session_seconds=60).find(token) is None


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_redis_away() -> None:
    async with open_redis(RedisSettings("127.0.0.1", free_port())) as redis:
        logins = Logins(redis, session_seconds=60)
        with pytest.raises(RedisAway):
            await logins.open(ALICE)
        with pytest.raises(RedisAway):
            await logins.find("token")
        with pytest.raises(RedisAway):
            await logins.close("token")
    gc.collect()


def test_a_token_does_not_show_itself() -> None:
    assert "secret" not in repr(NewLogin("secret", 1))
