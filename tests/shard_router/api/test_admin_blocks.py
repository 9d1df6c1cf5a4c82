"""Players and networks that support keeps out."""

from typing import Any

import pytest

from cardroom.ids import UserId
from tests.shard_router.office import WHY, Office


async def test_a_player_is_blocked_logged_out_and_let_in_again(office: Office) -> None:
    user_id = await office.register("alice")
    login = await office.log_in("alice")
    body = {**WHY, "user_id": user_id, "seconds": 3600}
    status, made = await office.ask("POST", "/admin/blocks", body, role="support")
    assert (status, made["ended"]) == (201, 1)
    assert await office.ask("POST", "/admin/blocks", body, role="support") == (201, made)
    assert await office.desk.logins.find(login.token) is None
    (listed,) = (await office.get("/admin/blocks", role="viewer"))["blocks"]
    assert (listed["block"], listed["user_id"], listed["blocked_by"]) == (made["block"], user_id, "sue")
    assert listed["expires_at"] == made["expires_at"]
    (shown,) = (await office.get(f"/admin/users/{user_id}"))["blocks"]
    assert (shown["block"], shown["reason"]) == (made["block"], "for a test")
    path = f"/admin/blocks/{made['block']}"
    gone = (200, {"block": made["block"], "user_id": user_id, "network": None})
    for _ in range(2):
        assert await office.ask("DELETE", path, WHY, role="support") == gone
    assert (await office.get("/admin/blocks"))["blocks"] == []
    assert (await office.get(f"/admin/users/{user_id}"))["blocks"] == []
    (ended,) = (await office.get("/admin/blocks?all=1"))["blocks"]
    assert (ended["removed_by"], ended["removed_reason"]) == ("sue", "for a test")


async def test_networks_are_blocked_for_good_and_listed_in_pages(office: Office) -> None:
    for number, network in enumerate(("192.0.2.0/24", "198.51.100.7", "2001:db8::/48")):
        body = {"reason": "bots", "idempotency_key": f"k{number}", "network": network}
        status, made = await office.ask("POST", "/admin/blocks", body)
        assert (status, made["expires_at"], made["ended"]) == (201, None, 0)
    page = await office.get("/admin/blocks?limit=2")
    assert [one["network"] for one in page["blocks"]] == ["2001:db8::/48", "198.51.100.7/32"]
    page = await office.get(f"/admin/blocks?limit=2&before={page['next_before']}")
    assert ([one["network"] for one in page["blocks"]], page["next_before"]) == (["192.0.2.0/24"], None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/admin/blocks", WHY, 400, "malformed"),
        ("POST", "/admin/blocks", {**WHY, "user_id": 1, "network": "192.0.2.0/24"}, 400, "malformed"),
        ("POST", "/admin/blocks", {**WHY, "network": "192.0.2.1/24"}, 400, "malformed"),
        ("POST", "/admin/blocks", {**WHY, "network": "somewhere"}, 400, "malformed"),
        ("POST", "/admin/blocks", {**WHY, "user_id": 1, "seconds": 0}, 400, "malformed"),
        ("POST", "/admin/blocks", {**WHY, "user_id": 1, "seconds": 10**400}, 400, "malformed"),
        ("POST", "/admin/blocks", {**WHY, "user_id": 1, "reason": ""}, 400, "malformed"),
        ("POST", "/admin/blocks", {**WHY, "user_id": UserId(77)}, 404, "not_found"),
        ("POST", "/admin/blocks", {**WHY, "user_id": 0}, 404, "not_found"),
        ("DELETE", "/admin/blocks/77", WHY, 404, "not_found"),
        ("DELETE", f"/admin/blocks/{2**63}", WHY, 404, "not_found"),
        ("DELETE", "/admin/blocks/1", {}, 400, "malformed"),
        ("GET", "/admin/blocks?all=2", None, 400, "malformed"),
        ("GET", "/admin/blocks?before=0", None, 400, "malformed"),
    ],
)
async def test_a_block_that_is_none_is_refused(
    office: Office, method: str, path: str, body: Any, status: int, code: str
) -> None:
    await office.register("alice")
    found, refused = await office.ask(method, path, body)
    assert (found, refused["code"]) == (status, code)
    assert await office.actions() == []
