"""Rooms: made once per name, listed page by page, closed for good; tables are made in open ones only."""

from typing import Any

import pytest
import trio
from quart_trio import QuartTrio

from tests.wallet_worker.api.test_tables import app, table_of
from tests.wallet_worker.house import House
from tests.wallet_worker.office import get, ordered, post
from wallet_worker.store.create_room import close_room
from wallet_worker.store.create_table import NewTable, RoomClosed, create_table

__all__ = ["app"]

TOKEN = {"Authorization": "Bearer right"}


async def _make(app: QuartTrio, name: str) -> dict[str, Any]:
    status, room = await post(app, "/admin/rooms", ordered({"name": name}))
    assert status == 201, room
    return dict(room)


async def test_a_room_is_made_once_per_name(app: QuartTrio) -> None:
    first = await _make(app, "Seoul")
    assert first == await _make(app, "Seoul")
    assert (first["name"], first["status"], first["closed_at"]) == ("Seoul", "open", None)
    assert (await _make(app, "Busan"))["room_id"] != first["room_id"]


async def test_rooms_are_listed_the_newest_first_page_by_page(app: QuartTrio, house: House) -> None:
    names = [f"Room {number}" for number in range(7)]
    for name in names:
        await _make(app, name)
    await house.change("UPDATE room SET created_at = '2026-01-01T00:00:00.000001Z' WHERE name <> 'Main'")
    found: list[str] = []
    path = "/admin/rooms?limit=3"
    for rows in (3, 3, 2):
        status, page = await get(app, path)
        assert (status, len(page["rooms"])) == (200, rows)
        found += [room["name"] for room in page["rooms"]]
        path = f"/admin/rooms?limit=3&after={page['next']}"
    assert page["next"] is None
    assert found == ["Main", *reversed(names)], "of one moment, the last number first"


async def test_a_closed_room_takes_no_new_tables_and_keeps_its_old_ones(app: QuartTrio, house: House) -> None:
    room = await _make(app, "Seoul")
    table = table_of(house, room="Seoul")
    made = await post(app, "/admin/tables", table)
    assert made[0] == 201
    path = f"/admin/rooms/{room['room_id']}/close"
    status, closed = await post(app, path, ordered({}))
    assert (status, closed["status"]) == (200, "closed")
    assert await post(app, path, ordered({})) == (200, closed), "a repeat keeps the first time"
    assert await post(app, "/admin/tables", table) == made, "that table stands"
    status, document = await post(app, "/admin/tables", ordered(table, name="Another"))
    assert (status, document["code"]) == (409, "room_closed")
    status, document = await post(
        app, "/admin/rooms", ordered({"name": "Seoul"}) | {"idempotency_key": "late"}
    )
    assert (status, document["code"]) == (409, "room_closed")
    assert [one["name"] for one in (await get(app, "/admin/rooms"))[1]["rooms"]] == ["Main"]
    assert [one["name"] for one in (await get(app, "/admin/rooms?status=closed"))[1]["rooms"]] == ["Seoul"]
    _, listed = await get(app, "/admin/tables")
    assert {one["name"]: one["room"] for one in listed["tables"]} == {
        "One": "Main", "Two": "Main", "Seoul": "Seoul",
    }  # fmt: skip


async def test_a_table_that_stands_in_another_room_is_another_table(app: QuartTrio, house: House) -> None:
    await _make(app, "Seoul")
    assert (await post(app, "/admin/tables", table_of(house)))[0] == 201
    status, document = await post(app, "/admin/tables", table_of(house, room="Seoul"))
    assert (status, document["code"]) == (409, "name_taken")


async def test_a_table_is_not_made_in_a_room_that_is_being_closed(app: QuartTrio, house: House) -> None:
    """The table waits for the room's row, and then finds the room closed."""
    room = await _make(app, "Seoul")
    outcomes = []

    async def make() -> None:
        try:
            await create_table(house.database, NewTable(house.shard, "Late", "low", 6, room="Seoul"))
        except RoomClosed:
            outcomes.append("closed")
        else:
            outcomes.append("made")

    async with trio.open_nursery() as nursery:  # noqa: SIM117
        async with house.owner.transaction() as closing:
            await closing.execute("UPDATE room SET status = 'closed', closed_at = now() WHERE name = 'Seoul'")
            nursery.start_soon(make)
            with trio.fail_after(5):
                while not await house.number(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND datname = current_database()"
                ):
                    pass
            assert outcomes == []
    assert outcomes == ["closed"]
    async with house.database.transaction() as transaction:
        assert await close_room(transaction, room["room_id"]) is not None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": ""}, "malformed"),
        ({"name": "x" * 65}, "malformed"),
        ({"name": "a\0b"}, "malformed"),
        ({"name": 5}, "malformed"),
        ({"name": "a", "status": "open"}, "malformed"),
        ({}, "malformed"),
    ],
)
async def test_a_room_is_refused_with_a_code(app: QuartTrio, body: dict[str, object], code: str) -> None:
    status, document = await post(app, "/admin/rooms", ordered(body))
    assert (status, document["code"]) == (400, code)


async def test_who_made_and_closed_a_room_is_recorded(app: QuartTrio) -> None:
    room = await _make(app, "Seoul")
    await post(app, f"/admin/rooms/{room['room_id']}/close", ordered({}), token="other")
    actions = (await get(app, "/admin/actions"))[1]["actions"]
    assert [(one["admin"], one["action"], one["subject"]) for one in actions] == [
        ("kim", "room_closed", f"room:{room['room_id']}"), ("admin", "room_made", "room:Seoul")]  # fmt: skip


@pytest.mark.parametrize("field", ["reason", "idempotency_key"])
async def test_no_room_without_a_reason_or_a_key(app: QuartTrio, field: str) -> None:
    room = await _make(app, "Seoul")
    for path, body in (("/admin/rooms", {"name": "a"}), (f"/admin/rooms/{room['room_id']}/close", {})):
        status, document = await post(app, path, ordered(body) | {field: ""})
        assert (status, document["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "query",
    ["status=shut", "limit=0", "limit=201", "limit=x", "limit=", "after=", "after=5", "after=5-",
     "after=-5-5", "after=x-5", f"after={2**62}-5", f"after=5-{2**63}", "after=5-5-5", "after=%D9%A5-5"],
)  # fmt: skip
async def test_a_list_that_cannot_be_is_refused(app: QuartTrio, query: str) -> None:
    status, document = await get(app, f"/admin/rooms?{query}")
    assert (status, document["code"]) == (400, "malformed")


@pytest.mark.parametrize("room_id", [77, 2**63 - 1, 2**63, 10**30])
async def test_no_such_room(app: QuartTrio, house: House, room_id: int) -> None:
    status, document = await post(app, f"/admin/rooms/{room_id}/close", ordered({}))
    assert (status, document["code"]) == (404, "not_found")
    status, document = await post(app, "/admin/tables", table_of(house, room="Nowhere"))
    assert (status, document["code"]) == (404, "not_found")


@pytest.mark.parametrize("room", ["", "x" * 65, "a\0b", 5, None])
async def test_a_table_with_no_name_of_a_room_is_refused(app: QuartTrio, house: House, room: object) -> None:
    status, document = await post(app, "/admin/tables", table_of(house, room=room))
    assert (status, document["code"]) == (400, "malformed")


async def test_nobody_asks_without_the_token(app: QuartTrio) -> None:
    client = app.test_client()
    for call in (client.get("/admin/rooms"), client.post("/admin/rooms", json={"name": "a"})):
        assert (await call).status_code == 401
    assert (await client.post("/admin/rooms/1/close", headers={})).status_code == 401
    assert (await client.get("/admin/rooms", headers=TOKEN)).status_code == 200
