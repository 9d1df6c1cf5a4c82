"""Who is kept out of a whole router, and how often a player may ask there."""

import gc
from collections.abc import AsyncIterator

import httpx
import pytest
import trio
from attrs import evolve

from cardroom.ids import UserId
from cardroom.local.servers import free_port
from cardroom.service.entry import GuardSettings
from cardroom.service.logins import draw_token
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.rate_limits import LimitSettings
from cardroom.service.settings import PostgresSettings, RedisSettings
from shard_router.settings import RouterSettings
from shard_router.store.blocks import NewBlock, add_block, remove_block
from tests.shard_router.front import PASSWORD, Front, open_front, refusal, router_settings, table_summary

ALICE = {"email": "alice@example.com", "password": PASSWORD}
LOGIN, ME = "/api/v1/auth/login", "/api/v1/me"
ACTS_WITHIN = 2.0
"""Seconds until every process acts on a block."""


@pytest.fixture
def settings(database: PostgresSettings, redis_settings: RedisSettings) -> RouterSettings:
    return router_settings(database, redis_settings)


async def until_refused(front: Front, path: str, token: str | None, code: tuple[int, str]) -> None:
    with trio.fail_after(ACTS_WITHIN + 1.0):
        while (answer := await front.get(path, token)).status_code == 200:
            await trio.lowlevel.checkpoint()
    assert refusal(answer) == code


async def block(pool: Postgres, new: NewBlock) -> int:
    async with pool.transaction() as transaction:
        return (await add_block(transaction, new)).block_id


async def test_a_blocked_player_is_out_within_two_seconds_and_stays_out(front: Front, pool: Postgres) -> None:
    await front.node.open_both_shards()
    await front.node.publish(table_summary(1))
    token, others = await front.log_in(), await front.log_in("Bob")
    user_id = UserId((await front.get(ME, token)).json()["user_id"])
    await block(pool, NewBlock("cheats", "kim", user_id=user_id))
    await until_refused(front, ME, token, (403, "user_blocked"))
    assert refusal(await front.get(ME, token)) == (401, "not_authenticated"), "the session has ended"
    assert refusal(await front.post(LOGIN, ALICE | {"password": "wrong"})) == (401, "wrong_credentials")
    assert refusal(await front.post(LOGIN, ALICE)) == (403, "user_blocked")
    assert (await front.get(ME, others)).status_code == 200


async def test_a_blocked_player_gets_no_ticket(front: Front, pool: Postgres) -> None:
    await front.node.open_both_shards()
    await front.node.publish(table_summary(1))
    token = await front.log_in()
    user_id = UserId((await front.get(ME, token)).json()["user_id"])
    assert (await front.post("/api/v1/tables/1/ticket", token=token)).status_code == 200
    await block(pool, NewBlock("cheats", "kim", user_id=user_id))
    with trio.fail_after(ACTS_WITHIN + 1.0):
        while (answer := await front.post("/api/v1/tables/1/ticket", token=token)).status_code == 200:
            await trio.lowlevel.checkpoint()
    assert refusal(answer) == (403, "user_blocked")


async def test_a_blocked_address_gets_nothing_but_what_monitors_read(front: Front, pool: Postgres) -> None:
    block_id = await block(pool, NewBlock("noise", "kim", network="127.0.0.0/8"))
    await until_refused(front, "/api/v1/tables", None, (403, "address_blocked"))
    assert refusal(await front.post(LOGIN, ALICE)) == (403, "address_blocked")
    assert refusal(await front.get("/nowhere")) == (403, "address_blocked")
    assert (await front.get("/health/live")).status_code == 200
    assert 'holdem_kept_out_total{code="address_blocked"}' in (await front.get("/metrics")).text
    async with pool.transaction() as transaction:
        await remove_block(transaction, block_id, "kim", "it was ours")
    with trio.fail_after(ACTS_WITHIN + 1.0):
        while (await front.get("/api/v1/tables")).status_code != 200:
            await trio.lowlevel.checkpoint()


async def test_an_operator_may_switch_both_off(settings: RouterSettings, log: Log, pool: Postgres) -> None:
    open_to_all = evolve(settings, guard=GuardSettings(blocked_users=False, blocked_addresses=False))
    async with open_front(open_to_all, log) as front:
        token = await front.log_in()
        user_id = UserId((await front.get(ME, token)).json()["user_id"])
        for new in (NewBlock("why", "kim", user_id=user_id), NewBlock("why", "kim", network="127.0.0.0/8")):
            await block(pool, new)
        with trio.fail_after(ACTS_WITHIN + 1.0):
            while 'holdem_blocks_standing{of="networks"} 1.0' not in (await front.get("/metrics")).text:
                await trio.lowlevel.checkpoint()
        assert (await front.get("/api/v1/tables")).status_code == 200
        assert (await front.post(LOGIN, ALICE)).status_code == 200


@pytest.fixture
async def strict(settings: RouterSettings, log: Log) -> AsyncIterator[Front]:
    """A router that exempts nobody, behind a proxy on this host."""
    limited = evolve(settings, limits=LimitSettings(default="20/minute"), trusted_proxies=("127.0.0.1/32",))
    async with open_front(limited, log) as opened:
        yield opened


async def ask(front: Front, address: str, path: str, token: str, body: object = None) -> httpx.Response:
    headers = {"X-Forwarded-For": address, "Authorization": f"Bearer {token}"}
    method = "GET" if body is None else "POST"
    return await front.http.request(method, path, json=body, headers=headers)


async def test_a_player_counts_for_himself_and_for_his_address_and_garbage_for_the_address_alone(
    strict: Front,
) -> None:
    token = await strict.log_in()
    first = await ask(strict, "198.51.100.1", ME, token)
    assert first.headers["RateLimit"].startswith('"default-address";r=19;t=')
    assert ', "default-user";r=19;t=' in first.headers["RateLimit"]
    for number in range(19):
        assert (await ask(strict, f"198.51.100.{number}", ME, token)).status_code == 200
    refused = await ask(strict, "198.51.100.99", ME, token)
    assert refusal(refused) == (429, "rate_limited")
    assert '"default-user";r=0;t=' in refused.headers["RateLimit"]
    garbage = await ask(strict, "198.51.100.99", ME, "garbage")
    assert refusal(garbage) == (401, "not_authenticated")
    assert garbage.headers["RateLimit-Policy"] == '"default-address";q=20;w=60'
    assert (await ask(strict, "198.51.100.99", "/api/v1/tables", token)).status_code == 200


async def test_logins_and_registrations_have_rules_of_their_own(strict: Front) -> None:
    for name in ("Alice", "Bob", "Carol"):
        assert (await strict.register(name)).status_code == 201
    assert refusal(await strict.register("Dave")) == (429, "rate_limited")
    wrong = ALICE | {"password": "wrong wrong"}
    for _ in range(5):
        assert refusal(await ask(strict, "198.51.100.1", LOGIN, "none", wrong)) == (401, "wrong_credentials")
    assert refusal(await ask(strict, "198.51.100.1", LOGIN, "none", ALICE)) == (429, "rate_limited")
    for last in range(5):
        assert (await ask(strict, f"198.51.101.{last}", LOGIN, "none", ALICE)).status_code == 200
    everywhere = await ask(strict, "198.51.101.99", LOGIN, "none", ALICE)
    assert refusal(everywhere) == (429, "rate_limited")
    assert '"login-user";r=0' in everywhere.headers["RateLimit"]


@pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning")  # coredis, of each failed connection
async def test_while_redis_is_away_nobody_registers_or_logs_in_and_the_rest_is_open(
    settings: RouterSettings, log: Log
) -> None:
    nobody = RedisSettings("127.0.0.1", free_port(), connect_seconds=1.0, call_seconds=1.0)
    away = evolve(settings, redis=nobody, limits=LimitSettings())
    async with open_front(away, log) as front:
        mailed = {"email": "alice@example.com"}
        for answer in (
            await front.register(),
            await front.post(LOGIN, ALICE),
            await front.post("/api/v1/auth/reset-request", mailed),
            await front.post("/api/v1/auth/confirm", {"token": "t"}),
        ):
            assert refusal(answer) == (503, "unavailable")
            assert answer.headers["Retry-After"] == "2"
        assert refusal(await front.get(ME, draw_token())) == (401, "not_authenticated")
        uncounted = await front.get("/nowhere")
        assert refusal(uncounted) == (404, "not_found")
        assert "RateLimit" not in uncounted.headers
        metrics = (await front.get("/metrics")).text
        assert 'holdem_limits_uncounted_total{outcome="refused",rule="register"}' in metrics
    gc.collect()
