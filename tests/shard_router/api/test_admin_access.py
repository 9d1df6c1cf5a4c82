"""Sessions and second factors of players in the hands of support."""

import uuid
from typing import Any

import pytest

from cardroom.ids import UserId
from tests.shard_router.office import WHY, Office

TURN_ON = "UPDATE player SET second_factor_at = now() WHERE id = $1"


async def turn_on(office: Office, user_id: UserId) -> None:
    async with office.owner.transaction() as transaction:
        await transaction.execute(TURN_ON, user_id)


async def test_sessions_are_listed_and_one_is_ended(office: Office) -> None:
    user_id = await office.register("alice")
    first, second = await office.log_in("alice"), await office.log_in("alice")
    page = f"/admin/users/{user_id}/sessions"
    listed = (await office.get(page, role="viewer"))["sessions"]
    assert [one["address"] for one in listed] == ["192.0.2.7"] * 2
    assert first.token not in str(listed)
    found = await office.desk.logins.find(first.token)
    assert found is not None
    ended = await office.ask("DELETE", f"{page}/{found.session_id}", WHY, role="support")
    assert ended == (200, {"user_id": user_id, "session_id": str(found.session_id)})
    assert await office.desk.logins.find(first.token) is None
    assert await office.desk.logins.find(second.token) is not None
    assert await office.ask("DELETE", f"{page}/{found.session_id}", WHY, role="support") == ended
    assert await office.actions() == [("sue", "session_ended", f"user:{user_id}", "for a test")]


async def test_all_sessions_of_a_player_end_and_nobody_elses(office: Office) -> None:
    user_id, _ = await office.register("alice"), await office.register("bob")
    logins = [await office.log_in("alice") for _ in range(2)]
    other = await office.log_in("bob")
    page = f"/admin/users/{user_id}/sessions"
    assert await office.ask("DELETE", page, WHY) == (200, {"user_id": user_id, "ended": 2})
    for login in logins:
        assert await office.desk.logins.find(login.token) is None
    assert await office.desk.logins.find(other.token) is not None
    assert (await office.get(page))["sessions"] == []
    assert await office.actions() == [("admin", "sessions_ended", f"user:{user_id}", "for a test")]


async def test_a_second_factor_is_taken_away_and_sessions_end(office: Office) -> None:
    user_id = await office.register("alice")
    login = await office.log_in("alice")
    await turn_on(office, user_id)
    assert (await office.get(f"/admin/users/{user_id}"))["second_factor_at"] is not None
    page = f"/admin/users/{user_id}/second-factor"
    for _ in range(2):
        done = await office.ask("DELETE", page, WHY, role="support")
        assert done == (200, {"user_id": user_id, "ended": 1})
    assert await office.desk.logins.find(login.token) is None
    assert (await office.get(f"/admin/users/{user_id}"))["second_factor_at"] is None
    status, refused = await office.ask("DELETE", page, {**WHY, "idempotency_key": "k2"})
    assert (status, refused["code"]) == (409, "second_factor_off")
    assert await office.actions() == [("sue", "second_factor_taken", f"user:{user_id}", "for a test")]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/admin/users/77/sessions", None, 404, "not_found"),
        ("DELETE", "/admin/users/77/sessions", WHY, 404, "not_found"),
        ("DELETE", f"/admin/users/1/sessions/{uuid.UUID(int=7)}", WHY, 404, "not_found"),
        ("DELETE", "/admin/users/1/sessions/17", WHY, 404, "not_found"),
        ("DELETE", "/admin/users/77/second-factor", WHY, 404, "not_found"),
        ("DELETE", "/admin/users/1/sessions", {"reason": "no key"}, 400, "malformed"),
        ("DELETE", "/admin/users/1/sessions", {**WHY, "reason": ""}, 400, "malformed"),
        ("DELETE", "/admin/users/1/second-factor", {}, 400, "malformed"),
    ],
)
async def test_what_cannot_be_ended_is_refused(
    office: Office, method: str, path: str, body: Any, status: int, code: str
) -> None:
    await office.register("alice")
    found, refused = await office.ask(method, path, body)
    assert (found, refused["code"]) == (status, code)
    assert await office.actions() == []
