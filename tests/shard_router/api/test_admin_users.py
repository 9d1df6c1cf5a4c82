"""Players as administrators find, see and freeze them."""

from typing import Any
from urllib.parse import quote

import pytest

from cardroom.ids import UserId
from tests.shard_router.front import table_summary
from tests.shard_router.office import WHY, Office

NAMES = ("alice", "Alina", "bob", "알리", "al_17")


def names(page: Any) -> list[str]:
    return [user["nickname"] for user in page["users"]]


async def test_players_are_found_by_number_nickname_and_address(office: Office) -> None:
    ids = {name: await office.register(name) for name in NAMES}
    for query, found in (
        ("AL", ["al_17", "alice", "Alina"]),
        ("알", ["알리"]),
        (str(ids["bob"]), ["bob"]),
        ("alice@", ["alice"]),
        ("ALINA@EXAMPLE.COM", ["Alina"]),
        ("@", []),
        ("nobody", []),
        ("a%", []),
        ("9" * 30, []),
    ):
        assert names(await office.get(f"/admin/users?query={quote(query)}")) == found
    (bob,) = (await office.get(f"/admin/users?query={ids['bob']}"))["users"]
    assert (bob["user_id"], bob["email"], bob["frozen_at"]) == (ids["bob"], "bob@example.com", None)


async def test_the_list_goes_on_page_by_page(office: Office) -> None:
    for name in NAMES:
        await office.register(name)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await office.get(f"/admin/users?limit=2&after={after}")
        assert len(page["users"]) <= 2
        seen += names(page)
        after = page["next"]
    assert seen == ["al_17", "alice", "Alina", "bob", "알리"]


async def test_a_viewer_sees_no_address_and_looks_for_none(office: Office) -> None:
    user_id = await office.register("alice")
    for page in ("/admin/users?query=alice", f"/admin/users/{user_id}"):
        assert "alice@example.com" not in str(await office.get(page, role="viewer"))
        assert "a***@e***" in str(await office.get(page, role="viewer"))
        assert "alice@example.com" in str(await office.get(page, role="support"))
    status, refused = await office.ask("GET", "/admin/users?query=alice@", role="viewer")
    assert (status, refused["code"]) == (403, "role_needed")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "more=1", "query=a&query=b", f"query={'a' * 513}"])
async def test_a_question_that_is_none_is_refused(office: Office, query: str) -> None:
    status, refused = await office.ask("GET", f"/admin/users?{query}")
    assert (status, refused["code"]) == (400, "malformed")


async def test_how_a_player_stands_is_shown(office: Office) -> None:
    user_id = await office.register("alice")
    await office.node.open_both_shards()
    await office.node.publish(table_summary(5, 1, 99, user_id))
    found = await office.get(f"/admin/users/{user_id}")
    assert found["seats"] == [{"table_id": 5, "shard": 1, "name": "Table 5", "seat": 1}]
    limits = {one["kind"]: one["value"] for one in found["protection"]["limits"]}
    assert (limits["loss_day"], found["protection"]["excluded_until_unix_ms"]) == (None, None)
    assert (found["nickname"], found["second_factor_at"]) == ("alice", None)
    for number in (user_id + 1, 0, 2**63):
        status, refused = await office.ask("GET", f"/admin/users/{number}")
        assert (status, refused["code"]) == (404, "not_found")


async def is_frozen(office: Office, user_id: UserId) -> bool:
    standing = await office.desk.accounts.standing(user_id)
    assert standing is not None
    return standing.is_frozen


async def test_a_player_is_frozen_once_and_it_is_recorded(office: Office) -> None:
    user_id = await office.register("alice")
    path = f"/admin/users/{user_id}/freeze"
    for _ in range(2):
        assert await office.ask("POST", path, WHY, role="support") == (
            200,
            {"user_id": user_id, "frozen": True},
        )
    assert await is_frozen(office, user_id) is True
    first = (await office.get(f"/admin/users/{user_id}"))["frozen_at"]
    assert await office.ask("POST", path, {**WHY, "idempotency_key": "k2"}, token="other") == (
        200,
        {"user_id": user_id, "frozen": True},
    )
    assert (await office.get(f"/admin/users/{user_id}"))["frozen_at"] == first
    status, _ = await office.ask("POST", f"/admin/users/{user_id}/unfreeze", WHY)
    assert (status, await is_frozen(office, user_id)) == (200, False)
    assert await office.actions() == [
        ("sue", "freeze_player", f"user:{user_id}", "for a test"),
        ("kim", "freeze_player", f"user:{user_id}", "for a test"),
        ("admin", "unfreeze_player", f"user:{user_id}", "for a test"),
    ]


async def test_a_dry_run_freezes_nobody(office: Office) -> None:
    user_id = await office.register("alice")
    status, said = await office.ask("POST", f"/admin/users/{user_id}/freeze", {**WHY, "dry_run": True})
    assert (status, said) == (200, {"dry_run": True, "user_id": user_id, "frozen": True})
    assert await is_frozen(office, user_id) is False
    assert await office.actions() == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/admin/users/77/freeze", WHY, 404, "not_found"),
        ("/admin/users/0/freeze", WHY, 404, "not_found"),
        (f"/admin/users/{2**63}/freeze", WHY, 404, "not_found"),
        ("/admin/users/1/freeze", {**WHY, "reason": ""}, 400, "malformed"),
        ("/admin/users/1/freeze", {**WHY, "idempotency_key": ""}, 400, "malformed"),
        ("/admin/users/1/freeze", {**WHY, "more": 1}, 400, "malformed"),
        ("/admin/users/1/freeze", None, 400, "malformed"),
    ],
)
async def test_a_freeze_is_refused_with_its_code(
    office: Office, path: str, body: Any, status: int, code: str
) -> None:
    await office.register("alice")
    found, refused = await office.ask("POST", path, body)
    assert (found, refused["code"]) == (status, code)
    assert await office.actions() == []


async def test_a_key_of_another_order_is_refused(office: Office) -> None:
    first, second = await office.register("alice"), await office.register("bob")
    await office.ask("POST", f"/admin/users/{first}/freeze", WHY)
    status, refused = await office.ask("POST", f"/admin/users/{second}/freeze", WHY)
    assert (status, refused["code"]) == (409, "command_reused")
    assert await is_frozen(office, second) is False
