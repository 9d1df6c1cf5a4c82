import hashlib
import time

import pytest
import structlog
import trio

from cardroom.service.logs import Log, open_log
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import LogSettings, PostgresSettings, RedisSettings
from cardroom.wire import keys
from shard_router.settings import HashingSettings
from shard_router.store.passwords import Passwords
from tests.shard_router.front import (
    PASSWORD,
    Front,
    open_front,
    refusal,
    router_settings,
    table_summary,
    with_hashing,
)

REGISTER = "/api/v1/auth/register"
LOGIN = "/api/v1/auth/login"
LOGOUT = "/api/v1/auth/logout"
ALICE = {"nickname": "Alice", "email": "Alice@Example.com", "password": PASSWORD}


async def test_register_and_log_in(front: Front, owner: Postgres) -> None:
    registered = await front.post(REGISTER, ALICE)
    assert registered.status_code == 201
    assert registered.json() == {"user_id": 1, "nickname": "Alice"}

    before = time.time() * 1000
    answer = await front.post(LOGIN, {"email": " alice@EXAMPLE.com", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    session = answer.json()
    assert (session["user_id"], session["nickname"]) == (1, "Alice")
    assert before + 3_590_000 < session["expires_unix_ms"] < before + 3_660_000
    assert (await front.get("/api/v1/me", session["token"])).json() == {"user_id": 1, "nickname": "Alice"}

    async with owner.transaction() as transaction:
        row = await transaction.fetch_one("SELECT * FROM player")
    assert row is not None
    assert row["email"] == "alice@example.com"
    assert row["password_hash"].startswith("$argon2id$v=19$m=64,t=1,p=1$")


async def test_korean_nickname_is_composed(front: Front) -> None:
    decomposed = "\u1112\u1161\u11ab\u1100\u116e\u11a8"
    answer = await front.post(REGISTER, ALICE | {"nickname": decomposed})
    assert answer.json()["nickname"] == "한국"
    again = await front.post(REGISTER, ALICE | {"nickname": "한국", "email": "other@example.com"})
    assert refusal(again) == (409, "name_taken")


@pytest.mark.parametrize(
    "change",
    [
        {"nickname": "a"},
        {"nickname": "a b"},
        {"nickname": 5},
        {"email": "no address"},
        {"password": "short"},
        {"password": "x" * 129},
        {"is_admin": True},
    ],
)
async def test_malformed_registration(front: Front, change: dict[str, object]) -> None:
    answer = await front.post(REGISTER, ALICE | change)
    assert refusal(answer) == (400, "malformed")
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("path", [REGISTER, LOGIN])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"email":"a@b.cd"}', b"[" * 4000])
async def test_garbage_is_malformed(front: Front, path: str, body: bytes) -> None:
    assert refusal(await front.http.post(path, content=body)) == (400, "malformed")


async def test_oversized_body(front: Front) -> None:
    answer = await front.post(LOGIN, {"email": "alice@example.com", "password": "x" * 5000})
    assert refusal(answer) == (413, "too_large")
    assert refusal(await front.http.post(LOGIN, content=b"x" * 100_000)) == (413, "too_large")


async def test_names_are_unique_whatever_the_case(front: Front) -> None:
    await front.post(REGISTER, ALICE)
    same_name = await front.post(REGISTER, ALICE | {"nickname": "aLICE", "email": "b@example.com"})
    assert refusal(same_name) == (409, "name_taken")
    same_email = await front.post(REGISTER, ALICE | {"nickname": "Bob", "email": "ALICE@example.com"})
    assert refusal(same_email) == (409, "email_taken")


async def test_one_of_two_racing_registrations_wins(front: Front) -> None:
    statuses: list[int] = []

    async def register(number: int) -> None:
        body = {"nickname": "Alice", "email": f"{number}@example.com", "password": PASSWORD}
        statuses.append((await front.post(REGISTER, body)).status_code)

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(register, number)
    assert sorted(statuses) == [201, 409, 409, 409, 409, 409]


async def test_unknown_account_answers_as_a_wrong_password(front: Front) -> None:
    await front.register()
    wrong = await front.post(LOGIN, {"email": "alice@example.com", "password": "not this one"})
    unknown = await front.post(LOGIN, {"email": "nobody@example.com", "password": PASSWORD})
    no_address = await front.post(LOGIN, {"email": "nobody", "password": PASSWORD})
    assert refusal(wrong) == (401, "wrong_credentials")
    assert wrong.content == unknown.content == no_address.content


async def test_wrong_passwords_slow_down_alike_whether_or_not_there_is_an_account(front: Front) -> None:
    await front.register()
    for email in ("alice@example.com", "nobody@example.com", "no address"):
        body = {"email": email, "password": "not this one"}
        codes = [refusal(await front.post(LOGIN, body)) for _ in range(5)]
        assert codes == [(401, "wrong_credentials")] * 5
        slowed = await front.post(LOGIN, body | {"password": PASSWORD})
        assert refusal(slowed) == (429, "login_slowed")
        assert slowed.headers["Retry-After"] in ("1", "2")


async def test_right_passwords_are_never_slowed(front: Front) -> None:
    await front.register()
    body = {"email": "alice@example.com", "password": PASSWORD}
    for _ in range(3):
        for _ in range(4):
            await front.post(LOGIN, body | {"password": "not this one"})
        assert (await front.post(LOGIN, body)).status_code == 200


async def test_every_login_costs_one_hash_whoever_it_is(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is what takes time; so it is counted, not timed."""
    all_passwords: list[Passwords] = []
    before = Passwords.__init__

    def remember(passwords: Passwords, settings: HashingSettings) -> None:
        all_passwords.append(passwords)
        before(passwords, settings)

    monkeypatch.setattr(Passwords, "__init__", remember)
    async with open_front(router_settings(database, redis_settings), log) as front:
        await front.register()
        (passwords,) = all_passwords
        costs = []
        for email in ("alice@example.com", "nobody@example.com", "no address"):
            hashed = passwords.hashed
            await front.post(LOGIN, {"email": email, "password": "not this one"})
            costs.append(passwords.hashed - hashed)
    assert costs == [1, 1, 1]


async def test_log_out_ends_that_session_only(front: Front) -> None:
    first, second = await front.log_in(), await front.log_in()
    assert first != second
    assert (await front.post(LOGOUT, token=first)).status_code == 204
    assert refusal(await front.get("/api/v1/me", first)) == (401, "not_authenticated")
    assert refusal(await front.post(LOGOUT, token=first)) == (401, "not_authenticated")
    assert (await front.get("/api/v1/me", second)).status_code == 200


async def test_token_is_kept_hashed_and_expires(front: Front, redis: Redis, owner: Postgres) -> None:
    token = await front.log_in()
    key = keys.login(hashlib.sha256(token.encode()).hexdigest())
    kept = await redis.hgetall(key)
    assert (kept[b"user_id"], kept[b"nickname"]) == (b"1", b"Alice")
    assert 3_500_000 < await redis.pttl(key) <= 3_600_000
    assert not any(token.encode() in name for name in await redis.keys("*"))
    async with owner.transaction() as transaction:
        row = await transaction.fetch_one("SELECT * FROM session")
        await transaction.execute("UPDATE session SET expires_at = now()")
    assert row is not None
    assert row["token_hash"] == hashlib.sha256(token.encode()).digest()
    await redis.pexpire(key, 1)
    with trio.fail_after(2):
        while await redis.exists([key]):
            await trio.lowlevel.checkpoint()
    assert refusal(await front.get("/api/v1/me", token)) == (401, "not_authenticated")


async def test_a_redis_that_lost_everything_logs_nobody_out(front: Front, redis: Redis) -> None:
    await front.node.open_both_shards()
    await front.node.publish(table_summary(3, 0, 1))
    token, ended = await front.log_in(), await front.log_in()
    assert (await front.post(LOGOUT, token=ended)).status_code == 204
    await redis.flushall()
    await front.node.open_both_shards()
    await front.node.publish(table_summary(3, 0, 1))
    seats = await front.get("/api/v1/me/seats", token)
    assert (seats.status_code, seats.json()["seats"][0]["table_id"]) == (200, 3)
    assert (await front.post("/api/v1/tables/3/ticket", token=token)).status_code == 200
    assert (await front.get("/api/v1/me", token)).json() == {"user_id": 1, "nickname": "Alice"}
    assert refusal(await front.get("/api/v1/me", ended)) == (401, "not_authenticated")
    assert (await front.post(LOGOUT, token=token)).status_code == 204
    await redis.flushall()
    assert refusal(await front.get("/api/v1/me", token)) == (401, "not_authenticated")


@pytest.mark.parametrize("shown", ["", "Bearer", "Basic abc", "Bearer unknown", "Bearer " + "x" * 999])
async def test_not_authenticated(front: Front, shown: str) -> None:
    answer = await front.http.get("/api/v1/me", headers={"Authorization": shown})
    assert refusal(answer) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_frozen_player_can_log_in(front: Front, owner: Postgres) -> None:
    await front.register()
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE player SET frozen_at = now()")
    assert (await front.get("/api/v1/me", await front.log_in())).status_code == 200


async def test_hash_of_another_cost_is_renewed(
    database: PostgresSettings, redis_settings: RedisSettings, owner: Postgres, log: Log
) -> None:
    settings = router_settings(database, redis_settings)
    async with open_front(settings, log) as front:
        await front.register()
    async with open_front(with_hashing(settings, memory_kib=128), log) as front:
        await front.log_in()
        await front.log_in()
    async with owner.transaction() as transaction:
        row = await transaction.fetch_one("SELECT password_hash FROM player")
    assert row is not None
    assert "$m=128,t=1,p=1$" in row["password_hash"]


async def test_too_many_logins_in_line_are_told_to_come_back(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log
) -> None:
    settings = with_hashing(
        router_settings(database, redis_settings), memory_kib=65_536, time_cost=3, threads=1, waiting=1
    )
    answers = []

    async with open_front(settings, log) as front:

        async def log_in(number: int) -> None:
            body = {"email": f"{number}@example.com", "password": PASSWORD}
            answers.append(await front.post(LOGIN, body))

        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(log_in, number)
    codes = {refusal(answer) for answer in answers}
    assert codes == {(401, "wrong_credentials"), (503, "busy")}
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)


async def test_logs_keep_no_secret(database: PostgresSettings, redis_settings: RedisSettings) -> None:
    log = open_log(LogSettings(), "shard_router")  # at the level of a router, whatever was imported
    with structlog.testing.capture_logs() as lines:
        async with open_front(router_settings(database, redis_settings), log) as front:
            token = await front.log_in()
            await front.post(LOGIN, {"email": "alice@example.com", "password": "not this one"})
    written = str(lines).lower()
    assert "account.registered" in written
    assert not [
        secret for secret in (token.lower(), PASSWORD, "not this one", "example.com") if secret in written
    ]
