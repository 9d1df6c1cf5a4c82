"""The second factor over HTTP; what codes are good for, and when, the tests of its store say."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from attrs import evolve

from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.shard_router.front import PASSWORD, Front, open_front, refusal, router_settings

FACTOR = "/api/v1/me/second-factor"
CONFIRM = f"{FACTOR}/confirm"
REMOVE = f"{FACTOR}/remove"
STEP_UP = "/api/v1/auth/step-up"
LOGIN = "/api/v1/auth/login"
ALICE = {"email": "alice@example.com", "password": PASSWORD}


async def _enrol(front: Front, token: str) -> list[str]:
    """Enrol and confirm; gives the recovery codes: an authenticator has one in half a minute."""
    offer = (await front.post(FACTOR, {"password": PASSWORD}, token)).json()
    confirmed = await front.post(CONFIRM, {"code": pyotp.TOTP(offer["secret"]).now()}, token)
    assert confirmed.status_code == 200, confirmed.text
    codes: list[str] = confirmed.json()["codes"]
    return codes


async def _state(front: Front, token: str) -> Any:
    return (await front.get(FACTOR, token)).json()


async def test_enrol_and_log_in_with_a_code(front: Front, owner: Postgres) -> None:
    token = await front.log_in()
    assert await _state(front, token) == {
        "is_on": False, "recovery_codes": 0, "stepped_up_until_unix_ms": 0
    }  # fmt: skip
    offered = await front.post(FACTOR, {"password": PASSWORD}, token)
    assert offered.status_code == 201
    secret, uri = offered.json()["secret"], urlsplit(offered.json()["uri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query)["secret"] == [secret]
    assert (await front.post(LOGIN, ALICE)).status_code == 200, "it does not count yet"

    confirmed = await front.post(CONFIRM, {"code": pyotp.TOTP(secret).now()}, token)
    codes = confirmed.json()["codes"]
    assert len(set(codes)) == 10
    assert (await _state(front, token))["is_on"], "the session that was open knows it at once"
    assert refusal(await front.post(LOGIN, ALICE)) == (403, "second_factor_needed")
    assert refusal(await front.post(LOGIN, ALICE | {"code": "000000"})) == (403, "second_factor_wrong")
    wrong_password = ALICE | {"password": "not this one", "code": codes[0]}
    assert refusal(await front.post(LOGIN, wrong_password)) == (401, "wrong_credentials")
    assert (await front.post(LOGIN, ALICE | {"code": codes[0].lower()})).status_code == 200
    assert refusal(await front.post(LOGIN, ALICE | {"code": codes[0]})) == (403, "second_factor_wrong")
    assert (await _state(front, token))["recovery_codes"] == 9
    (row,) = await owner.fetch("SELECT sealed_secret FROM second_factor")
    assert secret.encode() not in row["sealed_secret"]


async def test_step_up_counts_for_a_while_in_this_session(front: Front, redis: Redis, pool: Postgres) -> None:
    token, other = await front.log_in(), await front.log_in()
    assert refusal(await front.post(STEP_UP, {"code": "123456"}, token)) == (409, "second_factor_off")
    codes = await _enrol(front, token)
    before = time.time() * 1000
    assert refusal(await front.post(STEP_UP, {"code": "123456"}, token)) == (403, "second_factor_wrong")
    stepped_up = await front.post(STEP_UP, {"code": codes[0]}, token)
    assert stepped_up.status_code == 200
    until = stepped_up.json()["stepped_up_until_unix_ms"]
    assert before + 299_000 < until < before + 310_000
    lookup = LoginLookup(redis, pool, LookupSettings())  # as the wallet worker has one
    for _ in range(2):
        login, elsewhere = await lookup.find(token), await lookup.find(other)
        assert login is not None
        assert elsewhere is not None
        assert (login.has_second_factor, login.stepped_up_until_ms) == (True, until)
        assert (elsewhere.has_second_factor, elsewhere.stepped_up_until_ms) == (True, 0)
        await redis.flushall()


async def test_it_is_taken_away_by_password_and_code(front: Front) -> None:
    token = await front.log_in()
    assert refusal(await front.post(REMOVE, {"password": PASSWORD, "code": "1"}, token)) == (
        409, "second_factor_off"
    )  # fmt: skip
    codes = await _enrol(front, token)
    wrong = {"password": "not this one", "code": codes[0]}
    assert refusal(await front.post(REMOVE, wrong, token)) == (403, "wrong_credentials")
    wrong = {"password": PASSWORD, "code": "000000"}
    assert refusal(await front.post(REMOVE, wrong, token)) == (403, "second_factor_wrong")
    assert (await front.post(REMOVE, {"password": PASSWORD, "code": codes[0]}, token)).status_code == 204
    assert not (await _state(front, token))["is_on"]
    assert (await front.post(LOGIN, ALICE)).status_code == 200
    assert len(await _enrol(front, token)) == 10, "and there may be another"


async def test_who_has_found_a_session_open_gets_no_second_factor(front: Front) -> None:
    token = await front.log_in()
    assert refusal(await front.post(FACTOR, {"password": "not this one"}, token)) == (
        403,
        "wrong_credentials",
    )
    assert refusal(await front.post(CONFIRM, {"code": "123456"}, token)) == (409, "second_factor_off")
    await front.post(FACTOR, {"password": PASSWORD}, token)
    assert refusal(await front.post(CONFIRM, {"code": "12345"}, token)) == (403, "second_factor_wrong")
    await _enrol(front, token)
    assert refusal(await front.post(FACTOR, {"password": PASSWORD}, token)) == (409, "second_factor_on")
    assert refusal(await front.post(CONFIRM, {"code": "123456"}, token)) == (409, "second_factor_on")


async def test_codes_are_not_guessed(front: Front) -> None:
    token = await front.log_in()
    codes = await _enrol(front, token)
    for _ in range(5):
        assert refusal(await front.post(LOGIN, ALICE | {"code": "000000"}))[0] == 403
    slowed = await front.post(LOGIN, ALICE | {"code": codes[0]})
    assert refusal(slowed) == (429, "login_slowed")
    assert refusal(await front.post(STEP_UP, {"code": codes[0]}, token)) == (429, "login_slowed")


@pytest.mark.parametrize("path", [FACTOR, CONFIRM, REMOVE, STEP_UP])
async def test_all_of_it_needs_a_login(front: Front, path: str) -> None:
    assert refusal(await front.post(path, {"code": "123456"})) == (401, "not_authenticated")
    assert refusal(await front.post(path, {"code": 5}, await front.log_in())) == (400, "malformed")


async def test_a_router_without_the_key_lets_nobody_past_the_second_factor(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log
) -> None:
    settings = router_settings(database, redis_settings)
    async with open_front(settings, log) as front:
        token = await front.log_in()
        codes = await _enrol(front, token)
    async with open_front(evolve(settings, factor_key=None), log) as front:
        answers = [
            await front.post(LOGIN, ALICE | {"code": codes[0]}),
            await front.post(STEP_UP, {"code": codes[0]}, token),
            await front.post(FACTOR, {"password": PASSWORD}, token),
            await front.post(REMOVE, {"password": PASSWORD, "code": codes[0]}, token),
        ]
        assert {refusal(answer) for answer in answers} == {(503, "unavailable")}
        assert refusal(await front.post(LOGIN, ALICE)) == (403, "second_factor_needed")


@pytest.mark.parametrize("asks", ["removes it", "asks for another"])
async def test_the_right_password_forgives_no_wrong_codes(front: Front, asks: str) -> None:
    """Who has found a session and knows the password guesses codes as slowly as anybody."""
    token = await front.log_in()
    await _enrol(front, token)
    for _ in range(5):
        if asks == "removes it":
            guess = await front.post(REMOVE, {"password": PASSWORD, "code": "000000"}, token)
        else:
            assert refusal(await front.post(FACTOR, {"password": PASSWORD}, token)) == (
                409,
                "second_factor_on",
            )
            guess = await front.post(STEP_UP, {"code": "000000"}, token)
        assert refusal(guess) == (403, "second_factor_wrong")
    await front.post(FACTOR, {"password": PASSWORD}, token)
    assert refusal(await front.post(STEP_UP, {"code": "000000"}, token)) == (429, "login_slowed")
