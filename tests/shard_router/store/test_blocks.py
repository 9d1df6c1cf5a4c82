"""Blocks in a real database: made, known to all, listed and taken away."""

from collections.abc import AsyncIterator

import pytest
import structlog
import trio
from structlog.testing import LogCapture

from cardroom.ids import UserId
from cardroom.local.servers import free_port
from cardroom.service.blocklist import Blocklist
from cardroom.service.logins import LoginLookup, LookupSettings, hash_token
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresRefused, open_postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings
from shard_router.store.accounts import Account, Accounts
from shard_router.store.blocks import (
    BlockMade,
    NewBlock,
    NoSuchBlock,
    NoSuchPlayer,
    add_block,
    list_blocks,
    remove_block,
)
from shard_router.store.logins import Logins, Origin, SessionRules

_LARGEST = 2**63 - 1
_HASH = "x" * 97


@pytest.fixture
async def blocklist(pool: Postgres, log: Log) -> Blocklist:
    return Blocklist(pool, log)


@pytest.fixture
async def alice(pool: Postgres) -> UserId:
    found = await Accounts(pool).register("Alice", "alice@example.com", _HASH)
    assert isinstance(found, int)
    return UserId(found)


async def block(pool: Postgres, new: NewBlock) -> BlockMade:
    async with pool.transaction() as transaction:
        return await add_block(transaction, new)


async def remove(pool: Postgres, block_id: int) -> None:
    async with pool.transaction() as transaction:
        await remove_block(transaction, block_id, "kim", "a mistake")


async def test_a_player_is_blocked_until_every_block_is_taken_away(
    pool: Postgres, blocklist: Blocklist, alice: UserId
) -> None:
    first = await block(pool, NewBlock("cheats", "kim", user_id=alice))
    second = await block(pool, NewBlock("cheats again", "lee", user_id=alice, seconds=3600))
    await blocklist.look()
    assert blocklist.blocks_user(alice)
    assert not blocklist.blocks_user(UserId(alice + 1))
    await remove(pool, first.block_id)
    await blocklist.look()
    assert blocklist.blocks_user(alice)
    await remove(pool, second.block_id)
    await blocklist.look()
    assert not blocklist.blocks_user(alice)
    with pytest.raises(NoSuchBlock):
        await remove(pool, first.block_id)


async def test_a_block_ends_by_itself(pool: Postgres, blocklist: Blocklist) -> None:
    await block(pool, NewBlock("noise", "kim", network="198.51.100.0/24", seconds=0.3))
    await blocklist.look()
    assert blocklist.blocks_address("198.51.100.9")
    with trio.fail_after(5):
        while blocklist.blocks_address("198.51.100.9"):
            await trio.lowlevel.checkpoint()
    assert await list_blocks(pool, _LARGEST, 10) == []
    assert len(await list_blocks(pool, _LARGEST, 10, only_standing=False)) == 1


async def test_a_block_ends_the_sessions_of_the_player_alone(
    pool: Postgres, redis: Redis, alice: UserId
) -> None:
    bob = await Accounts(pool).register("Bob", "bob@example.com", _HASH)
    assert isinstance(bob, int)
    logins = Logins(LoginLookup(redis, pool, LookupSettings()), pool, SessionRules(3600))
    first, second = Account(alice, "Alice", _HASH), Account(bob, "Bob", _HASH)
    tokens = [(await logins.open(first, Origin())).token for _ in range(2)]
    others = (await logins.open(second, Origin())).token
    made = await block(pool, NewBlock("cheats", "kim", user_id=alice))
    assert set(made.ended_sessions) == {hash_token(token) for token in tokens}
    await redis.flushdb()
    assert [await logins.find(token) for token in tokens] == [None, None]
    assert await logins.find(others) is not None


async def test_what_is_listed_says_who_and_why(pool: Postgres, alice: UserId) -> None:
    await block(pool, NewBlock("cheats", "kim", user_id=alice, seconds=3600))
    made = await block(pool, NewBlock("noise", "lee", network="2001:DB8::/32"))
    await remove(pool, made.block_id)
    taken_away, standing = await list_blocks(pool, _LARGEST, 10, only_standing=False)
    assert (taken_away["network"], taken_away["reason"], taken_away["blocked_by"]) == (
        "2001:db8::/32", "noise", "lee",
    )  # fmt: skip
    assert (taken_away["removed_by"], taken_away["removed_reason"]) == ("kim", "a mistake")
    assert (standing["user_id"], standing["removed_at"]) == (alice, None)
    assert (standing["expires_at"] - standing["blocked_at"]).total_seconds() == pytest.approx(3600, abs=5)
    assert [row["id"] for row in await list_blocks(pool, _LARGEST, 10)] == [standing["id"]]
    assert await list_blocks(pool, standing["id"], 10, only_standing=False) == []


async def test_nobody_is_blocked_who_does_not_exist(pool: Postgres) -> None:
    with pytest.raises(NoSuchPlayer):
        await block(pool, NewBlock("cheats", "kim", user_id=UserId(123)))


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"user_id": UserId(1), "network": "10.0.0.0/8"},
        {"network": "10.0.0.1/8"},
        {"network": "somewhere"},
        {"network": "::ffff:10.0.0.1"},
        {"network": "10.0.0.0/8", "seconds": 0.0},
        {"network": "10.0.0.0/8", "seconds": 1e11},
    ],
)
def test_blocks_that_cannot_be_meant(words: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        NewBlock("why", "kim", **words)  # type: ignore[arg-type]


async def test_a_block_can_be_taken_away_and_not_be_changed(pool: Postgres, alice: UserId) -> None:
    made = await block(pool, NewBlock("cheats", "kim", user_id=alice))
    for change in ("reason = 'none'", "expires_at = now()", "user_id = NULL", "blocked_by = 'lee'"):
        with pytest.raises(PostgresRefused, match="permission denied"):
            async with pool.transaction() as transaction:
                await transaction.execute(f"UPDATE block SET {change} WHERE id = $1", made.block_id)
    with pytest.raises(PostgresRefused, match="permission denied"):
        async with pool.transaction() as transaction:
            await transaction.execute("DELETE FROM block WHERE id = $1", made.block_id)


async def test_the_wallet_knows_who_is_blocked_now(
    pool: Postgres, database: PostgresSettings, alice: UserId
) -> None:
    await block(pool, NewBlock("cheats", "kim", user_id=alice))
    dsn = database.dsn.replace("holdem_router@", "holdem_wallet@")
    async with open_postgres(PostgresSettings(dsn)) as wallet:
        rows = await wallet.fetch("SELECT user_id FROM blocked_player")
        with pytest.raises(PostgresRefused, match="permission denied"):
            await block(wallet, NewBlock("cheats", "kim", user_id=alice))
    assert [row["user_id"] for row in rows] == [alice]


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
async def away(capture: LogCapture) -> AsyncIterator[Blocklist]:
    log: Log = structlog.wrap_logger(None, [capture], structlog.BoundLogger)
    nowhere = PostgresSettings(f"postgresql://nobody@127.0.0.1:{free_port()}/none", connect_seconds=1.0)
    async with open_postgres(nowhere, must_answer=False) as nothing:
        yield Blocklist(nothing, log, look_seconds=0.01)


async def test_a_database_that_is_away_is_asked_again_and_logged_once(
    away: Blocklist, capture: LogCapture
) -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(away.watch)
        assert not away.blocks_address("198.51.100.9")
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    assert [entry["event"] for entry in capture.entries] == ["blocks.not_read"]
