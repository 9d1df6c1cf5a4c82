"""Passwords are changed by who knows the old one, and reset by who reads the account's mails."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cardroom.service.logins import draw_token
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.shard_router.front import PASSWORD, Front, open_front, refusal, router_settings
from tests.shard_router.mailed import SITE, read_mails, token_in, wait_for_mails, with_mail

CHANGE = "/api/v1/auth/password"
ASK = "/api/v1/auth/reset-request"
RESET = "/api/v1/auth/reset"
LOGIN = "/api/v1/auth/login"
NEW = "battery staple"


@pytest.fixture
async def door(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log, tmp_path: Path
) -> AsyncIterator[Front]:
    async with open_front(
        with_mail(router_settings(database, redis_settings), tmp_path / "mail"), log
    ) as opened:
        yield opened


async def _log_in(door: Front, password: str) -> int:
    body = {"email": "alice@example.com", "password": password}
    return (await door.post(LOGIN, body)).status_code


async def _ask_and_read(door: Front, folder: Path) -> str:
    await door.post(ASK, {"email": "Alice@example.com"})
    return token_in((await wait_for_mails(folder, 1))[0])


async def test_a_change_ends_all_other_sessions(door: Front, redis: Redis, tmp_path: Path) -> None:
    here, elsewhere = await door.log_in(), await door.log_in()
    body = {"old_password": PASSWORD, "new_password": NEW}
    assert (await door.post(CHANGE, body, here)).status_code == 204
    assert (await door.get("/api/v1/me", here)).status_code == 200
    assert refusal(await door.get("/api/v1/me", elsewhere)) == (401, "not_authenticated")
    await redis.flushall()
    assert refusal(await door.get("/api/v1/me", elsewhere)) == (401, "not_authenticated")
    assert (await _log_in(door, PASSWORD), await _log_in(door, NEW)) == (401, 200)
    (mail,) = await wait_for_mails(tmp_path / "mail", 1)
    assert (mail["To"], "비밀번호가 변경" in mail["Subject"]) == ("alice@example.com", True)


async def test_a_change_that_is_refused_changes_nothing(door: Front) -> None:
    token = await door.log_in()
    wrong = {"old_password": "not this one", "new_password": NEW}
    short = {"old_password": PASSWORD, "new_password": "short"}
    assert refusal(await door.post(CHANGE, wrong, token)) == (403, "wrong_credentials")
    assert refusal(await door.post(CHANGE, short, token)) == (400, "malformed")
    assert refusal(await door.post(CHANGE, wrong)) == (401, "not_authenticated")
    assert await _log_in(door, PASSWORD) == 200


async def test_who_has_found_a_session_open_does_not_guess_the_password(door: Front) -> None:
    token = await door.log_in()
    wrong = {"old_password": "not this one", "new_password": NEW}
    for _ in range(5):
        assert refusal(await door.post(CHANGE, wrong, token)) == (403, "wrong_credentials")
    slowed = await door.post(CHANGE, wrong | {"old_password": PASSWORD}, token)
    assert refusal(slowed) == (429, "login_slowed")
    assert 1 <= int(slowed.headers["Retry-After"]) <= 2
    assert await _log_in(door, PASSWORD) == 200, "a login is another matter"


async def test_a_reset_by_mail_ends_all_sessions(door: Front, tmp_path: Path) -> None:
    session = await door.log_in()
    token = await _ask_and_read(door, tmp_path / "mail")
    assert f"{SITE}/reset#{token}" in read_mails(tmp_path / "mail")[0].get_content()
    assert refusal(await door.post(RESET, {"token": token, "password": "short"})) == (400, "malformed")
    assert (await door.post(RESET, {"token": token, "password": NEW})).status_code == 204
    assert refusal(await door.get("/api/v1/me", session)) == (401, "not_authenticated")
    assert (await _log_in(door, PASSWORD), await _log_in(door, NEW)) == (401, 200)
    again = await door.post(RESET, {"token": token, "password": "a third one"})
    assert refusal(again) == (403, "token_invalid")
    assert await _log_in(door, NEW) == 200
    await wait_for_mails(tmp_path / "mail", 2)


async def test_nobody_is_told_whether_an_address_has_an_account(door: Front, tmp_path: Path) -> None:
    await door.register()
    unknown = await door.post(ASK, {"email": "nobody@example.com"})
    known = await door.post(ASK, {"email": "alice@example.com"})
    assert known.status_code == 202
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert refusal(await door.post(ASK, {"email": "no address"})) == (400, "malformed")
    (mail,) = await wait_for_mails(tmp_path / "mail", 1)
    assert mail["To"] == "alice@example.com"


async def test_tokens_are_kept_hashed_and_no_more_than_some_are_mailed(
    door: Front, tmp_path: Path, owner: Postgres
) -> None:
    await door.register()
    for _ in range(5):
        await door.post(ASK, {"email": "alice@example.com"})
    await door.register("Bob")
    await door.post(ASK, {"email": "bob@example.com"})
    mails = await wait_for_mails(tmp_path / "mail", 4)
    assert [mail["To"] for mail in mails].count("alice@example.com") == 3
    kept = await owner.fetch("SELECT token_hash FROM password_reset")
    assert all(token_in(mail).encode() not in row["token_hash"] for mail in mails for row in kept)


async def test_tokens_that_were_not_mailed(door: Front) -> None:
    for token in ("", "x", draw_token()):
        assert refusal(await door.post(RESET, {"token": token, "password": NEW})) == (403, "token_invalid")


async def test_a_token_that_is_too_old_and_one_of_a_player_who_has_another(
    door: Front, tmp_path: Path, owner: Postgres
) -> None:
    await door.register()
    for _ in range(2):
        await door.post(ASK, {"email": "alice@example.com"})
    old, other = [token_in(mail) for mail in await wait_for_mails(tmp_path / "mail", 2)]
    assert (await door.post(RESET, {"token": other, "password": NEW})).status_code == 204
    assert refusal(await door.post(RESET, {"token": old, "password": "a third one"})) == (
        403,
        "token_invalid",
    )
    await door.post(ASK, {"email": "alice@example.com"})
    mails = await wait_for_mails(tmp_path / "mail", 4)
    (newest,) = {token_in(mail) for mail in mails if "#" in mail.get_content()} - {old, other}
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE password_reset SET expires_at = now()")
    assert refusal(await door.post(RESET, {"token": newest, "password": "a third one"})) == (
        403,
        "token_invalid",
    )


async def test_without_mail_there_is_no_reset(front: Front) -> None:
    await front.register()
    known = await front.post(ASK, {"email": "alice@example.com"})
    unknown = await front.post(ASK, {"email": "nobody@example.com"})
    assert refusal(known) == refusal(unknown) == (503, "unavailable")


async def test_a_change_ends_tokens_that_were_mailed_before(door: Front, tmp_path: Path) -> None:
    """Who changes the password because somebody else has asked for a reset is safe from that mail."""
    session = await door.log_in()
    token = await _ask_and_read(door, tmp_path / "mail")
    changed = await door.post(CHANGE, {"old_password": PASSWORD, "new_password": NEW}, session)
    assert changed.status_code == 204
    stolen = {"token": token, "password": "somebody else's"}
    assert refusal(await door.post(RESET, stolen)) == (403, "token_invalid")
    assert await _log_in(door, NEW) == 200
