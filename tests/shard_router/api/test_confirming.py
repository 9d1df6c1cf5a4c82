"""Accounts that begin by a mail: nobody learns from an answer whether an address has one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from attrs import evolve

from cardroom.service.logins import draw_token
from cardroom.service.logs import Log
from cardroom.service.mail import MailSettings, SmtpSettings
from cardroom.service.postgres import Postgres
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.shard_router.front import PASSWORD, Front, open_front, refusal, router_settings
from tests.shard_router.mailed import SITE, token_in, wait_for_mails, with_mail

REGISTER = "/api/v1/auth/register"
CONFIRM = "/api/v1/auth/confirm"
LOGIN = "/api/v1/auth/login"
ALICE = {"nickname": "앨리스", "email": "alice@example.com", "password": PASSWORD}
MALLORY = {"nickname": "Mallory", "email": "alice@example.com", "password": "not alice's own"}


@pytest.fixture
async def door(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log, tmp_path: Path
) -> AsyncIterator[Front]:
    settings = with_mail(router_settings(database, redis_settings), tmp_path / "mail", confirm_email=True)
    async with open_front(settings, log) as opened:
        yield opened


def _log_in_as(registered: dict[str, str]) -> dict[str, str]:
    return {"email": registered["email"], "password": registered["password"]}


async def test_an_account_begins_when_its_mail_is_confirmed(door: Front, tmp_path: Path) -> None:
    asked = await door.post(REGISTER, ALICE)
    assert (asked.status_code, asked.json()) == (202, {"status": "see_your_mail"})
    assert refusal(await door.post(LOGIN, _log_in_as(ALICE))) == (403, "email_not_confirmed")
    wrong = _log_in_as(ALICE) | {"password": "another one"}
    assert refusal(await door.post(LOGIN, wrong)) == (401, "wrong_credentials")

    (mail,) = await wait_for_mails(tmp_path / "mail", 1)
    assert mail["To"] == "alice@example.com"
    assert "앨리스" in mail.get_content()
    assert f"{SITE}/confirm#" in mail.get_content()
    confirmed = await door.post(CONFIRM, {"token": token_in(mail)})
    assert (confirmed.status_code, confirmed.json()) == (201, {"user_id": 1, "nickname": "앨리스"})
    assert refusal(await door.post(CONFIRM, {"token": token_in(mail)})) == (403, "token_invalid")
    assert (await door.post(LOGIN, _log_in_as(ALICE))).status_code == 200


async def test_an_address_that_has_an_account_gets_the_same_answers(door: Front, tmp_path: Path) -> None:
    """Who does not read its mails sees the same as with a new address, whatever else is tried."""
    await door.post(REGISTER, ALICE)
    (mail,) = await wait_for_mails(tmp_path / "mail", 1)
    await door.post(CONFIRM, {"token": token_in(mail)})

    new = await door.post(REGISTER, MALLORY | {"email": "nobody@example.com", "nickname": "Nobody"})
    taken = await door.post(REGISTER, MALLORY)
    assert (taken.status_code, taken.content) == (new.status_code, new.content)
    again_new = await door.post(REGISTER, MALLORY | {"email": "nobody@example.com", "nickname": "Nobody"})
    again_taken = await door.post(REGISTER, MALLORY)
    assert (again_taken.status_code, again_taken.content) == (again_new.status_code, again_new.content)
    login_new = await door.post(LOGIN, _log_in_as(MALLORY | {"email": "nobody@example.com"}))
    login_taken = await door.post(LOGIN, _log_in_as(MALLORY))
    assert refusal(login_taken) == (403, "email_not_confirmed")
    assert login_taken.content == login_new.content

    told = [mail for mail in await wait_for_mails(tmp_path / "mail", 5) if mail["To"] == "alice@example.com"]
    assert all("Mallory" not in mail.get_content() for mail in told), "nobody writes into another's mail"
    assert ["이미 계정" in mail["Subject"] for mail in told] == [False, True, True]
    assert (await door.post(LOGIN, _log_in_as(ALICE))).status_code == 200


async def test_each_mail_confirms_what_its_own_registration_said(door: Front, tmp_path: Path) -> None:
    """Who registers a stranger's address first has not put a password into the stranger's account."""
    await door.post(REGISTER, MALLORY)
    await door.post(REGISTER, ALICE)
    mails = await wait_for_mails(tmp_path / "mail", 2)
    hers, mallorys = sorted(mails, key=lambda mail: "Mallory" in mail.get_content())
    assert (await door.post(CONFIRM, {"token": token_in(hers)})).json()["nickname"] == "앨리스"
    assert refusal(await door.post(CONFIRM, {"token": token_in(mallorys)})) == (403, "token_invalid")
    assert (await door.post(LOGIN, _log_in_as(ALICE))).status_code == 200
    assert refusal(await door.post(LOGIN, _log_in_as(MALLORY))) == (401, "wrong_credentials")


async def test_a_nickname_is_public_and_may_be_told(door: Front, tmp_path: Path) -> None:
    other = ALICE | {"email": "other@example.com"}
    await door.post(REGISTER, ALICE)
    await door.post(REGISTER, other)
    first, second = await wait_for_mails(tmp_path / "mail", 2)
    assert (await door.post(CONFIRM, {"token": token_in(first)})).status_code == 201
    for _ in range(2):
        assert refusal(await door.post(CONFIRM, {"token": token_in(second)})) == (409, "name_taken")
    third = await door.post(REGISTER, ALICE | {"email": "third@example.com"})
    assert refusal(third) == (409, "name_taken")


async def test_an_address_is_not_mailed_again_and_again(door: Front, tmp_path: Path) -> None:
    answers = {(await door.post(REGISTER, ALICE)).content for _ in range(6)}
    assert len(answers) == 1
    await door.post(REGISTER, ALICE | {"email": "other@example.com"})
    mails = await wait_for_mails(tmp_path / "mail", 4)
    assert [mail["To"] for mail in mails].count("alice@example.com") == 3


async def test_tokens_that_were_not_mailed(door: Front) -> None:
    for token in ("", "x", draw_token()):
        assert refusal(await door.post(CONFIRM, {"token": token})) == (403, "token_invalid")


async def test_a_token_that_is_too_old(door: Front, tmp_path: Path, owner: Postgres) -> None:
    await door.post(REGISTER, ALICE)
    (mail,) = await wait_for_mails(tmp_path / "mail", 1)
    async with owner.transaction() as transaction:
        await transaction.execute("UPDATE registration SET expires_at = now()")
    assert refusal(await door.post(CONFIRM, {"token": token_in(mail)})) == (403, "token_invalid")
    assert refusal(await door.post(LOGIN, _log_in_as(ALICE))) == (401, "wrong_credentials")


async def test_a_full_line_of_mails_refuses_before_anything_is_looked_up(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log
) -> None:
    """The mail server takes connections and never says a word: four mails are under way, one waits."""
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        smtp = SmtpSettings("127.0.0.1", port, tls="none", call_seconds=0.5)
        mail = MailSettings(sender="house@example.com", smtp=smtp, waiting=1, attempts=1)
        settings = evolve(router_settings(database, redis_settings), confirm_email=True, mail=mail)
        nursery.start_soon(trio.serve_listeners, _say_nothing, listeners)
        async with open_front(settings, log) as front:
            answers = []
            for number in range(7):
                body = ALICE | {"email": f"{number}@example.com"}
                answers.append(await front.post(REGISTER, body))
            busy = await front.post("/api/v1/auth/reset-request", {"email": "alice@example.com"})
        nursery.cancel_scope.cancel()
    assert answers[0].status_code == 202
    assert refusal(answers[-1]) == refusal(busy) == (503, "busy")
    assert int(busy.headers["Retry-After"]) > 0


async def _say_nothing(_: trio.SocketStream) -> None:
    await trio.sleep_forever()


async def test_no_address_stops_the_post(door: Front, tmp_path: Path) -> None:
    """One that mails cannot be written to is refused, and what comes after it is mailed."""
    for email in (":;@example.com", "().@example.com", "(1)alice@example.com"):
        assert refusal(await door.post(REGISTER, ALICE | {"email": email})) == (400, "malformed")
    assert (await door.post(REGISTER, ALICE)).status_code == 202
    await wait_for_mails(tmp_path / "mail", 1)
