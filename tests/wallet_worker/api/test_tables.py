"""Tables that administrators make past the stream: each once, recorded, and listed page by page."""

import pytest
import trio
from quart_trio import QuartTrio

from cardroom.service.logs import open_log
from cardroom.service.redis import Redis
from cardroom.service.settings import LogSettings
from tests.wallet_worker.house import LINK, House
from tests.wallet_worker.office import get, guarded_app, make_office, ordered, post
from wallet_worker.api.admin import admin_pages
from wallet_worker.api.office import Office


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


def table_of(house: House, **changes: object) -> dict[str, object]:
    return ordered({"shard": house.shard, "name": "Seoul", "stake": "low", "seat_count": 6}, **changes)


async def test_a_table_is_made_once_per_shard_and_name(app: QuartTrio, house: House) -> None:
    first = await post(app, "/admin/tables", table_of(house))
    assert first == (201, {"table_id": first[1]["table_id"], "invitation": ""})
    assert await post(app, "/admin/tables", table_of(house)) == first
    status, document = await post(app, "/admin/tables", table_of(house, stake="high"))
    assert (status, document["code"]) == (409, "name_taken")
    status, listed = await get(app, "/admin/tables")
    assert [table["name"] for table in listed["tables"]] == ["One", "Two", "Seoul"]
    assert {table["invitation"] for table in listed["tables"]} == {""}


async def test_a_private_table_gets_a_code_and_a_repeat_the_same_one(app: QuartTrio, house: House) -> None:
    private = table_of(house, private=True)
    first = await post(app, "/admin/tables", private)
    assert first[0] == 201
    code = first[1]["invitation"]
    assert len(code) == 10
    assert await post(app, "/admin/tables", private) == first
    for other in (table_of(house), table_of(house, private=False), ordered(private, seat_count=9)):
        status, document = await post(app, "/admin/tables", other)
        assert (status, document["code"]) == (409, "name_taken")
        assert code not in str(document)
    another = await post(app, "/admin/tables", ordered(private, name="Busan"))
    assert another[1]["invitation"] != code
    _, listed = await get(app, "/admin/tables")
    codes = {table["name"]: table["invitation"] for table in listed["tables"]}
    assert codes == {"One": "", "Two": "", "Seoul": code, "Busan": another[1]["invitation"]}


async def test_of_many_who_make_a_private_table_at_once_all_get_one_code(
    app: QuartTrio, house: House
) -> None:
    answers = []

    async def make() -> None:
        answers.append(await post(app, "/admin/tables", table_of(house, private=True)))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(make)
    assert [status for status, _ in answers] == [201] * 5
    assert len({document["invitation"] for _, document in answers}) == 1


async def test_the_code_is_in_no_log(house: House, redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    log = open_log(LogSettings(level="debug"), "tests")
    app = guarded_app(log)
    app.register_blueprint(admin_pages(Office(house.database, LINK, log)))
    _, made = await post(app, "/admin/tables", table_of(house, private=True))
    said = capsys.readouterr()
    assert "table.made" in said.err
    assert made["invitation"] not in said.err + said.out


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"shard": 77}, 404, "not_found"),
        ({"seat_count": 1}, 400, "malformed"),
        ({"seat_count": 10}, 400, "malformed"),
        ({"name": ""}, 400, "malformed"),
        ({"name": "x" * 65}, 400, "malformed"),
        ({"stake": 5}, 400, "malformed"),
        ({"private": "yes"}, 400, "malformed"),
        ({"private": 1}, 400, "malformed"),
        ({"private": None}, 400, "malformed"),
        ({"invitation": "MYOWNCODE2"}, 400, "malformed"),
    ],
)
async def test_a_table_is_refused_with_a_code(
    app: QuartTrio, house: House, change: dict[str, object], status: int, code: str
) -> None:
    found, document = await post(app, "/admin/tables", ordered(table_of(house), **change))
    assert (found, document["code"]) == (status, code)


@pytest.mark.parametrize("field", ["reason", "idempotency_key"])
async def test_a_table_is_not_made_without_a_reason_or_a_key(
    app: QuartTrio, house: House, field: str
) -> None:
    body = table_of(house)
    for broken in (body | {field: ""}, {name: value for name, value in body.items() if name != field}):
        status, document = await post(app, "/admin/tables", broken)
        assert (status, document["code"]) == (400, "malformed")


async def test_a_table_is_recorded_with_who_made_it_and_without_its_code(
    app: QuartTrio, house: House
) -> None:
    body = table_of(house, private=True)
    _, made = await post(app, "/admin/tables", body, token="other")
    _, again = await post(app, "/admin/tables", body | {"idempotency_key": "another"})
    assert again == made
    status, document = await post(app, "/admin/tables", body | {"name": "Busan"}, token="other")
    assert (status, document["code"]) == (409, "command_reused")
    actions = (await get(app, "/admin/actions"))[1]["actions"]
    assert [(one["admin"], one["action"], one["reason"]) for one in actions] == [
        ("admin", "table_made", "for a test"), ("kim", "table_made", "for a test")]  # fmt: skip
    assert {str(one["answer"]) for one in actions} == {str({"table_id": made["table_id"]})}


async def test_a_rehearsed_table_is_not_made(app: QuartTrio, house: House) -> None:
    status, answer = await post(app, "/admin/tables", table_of(house, dry_run=True))
    assert (status, answer["dry_run"], sorted(answer)) == (201, True, ["dry_run", "table_id"])
    assert [one["name"] for one in (await get(app, "/admin/tables"))[1]["tables"]] == ["One", "Two"]


async def test_tables_are_listed_page_by_page(app: QuartTrio, house: House) -> None:
    for number in range(3):
        await post(app, "/admin/tables", table_of(house, name=f"Table {number}"))
    names, path = [], "/admin/tables?limit=2"
    for rows in (2, 2, 1):
        status, page = await get(app, path)
        assert (status, len(page["tables"])) == (200, rows)
        names += [one["name"] for one in page["tables"]]
        path = f"/admin/tables?limit=2&after={page['next']}"
    assert page["next"] is None
    assert names == ["One", "Two", "Table 0", "Table 1", "Table 2"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "after=-1", "after=x", "before=1"])
async def test_a_page_that_cannot_be_is_refused(app: QuartTrio, query: str) -> None:
    status, document = await get(app, f"/admin/tables?{query}")
    assert (status, document["code"]) == (400, "malformed")


async def test_the_name_of_a_closed_table_is_free(app: QuartTrio, house: House) -> None:
    first = table_of(house)
    _, made = await post(app, "/admin/tables", first)
    await house.change("UPDATE game_table SET closed_at = now() WHERE name = 'Seoul'")
    _, another = await post(app, "/admin/tables", table_of(house, stake="high"))
    assert another["table_id"] != made["table_id"]
    assert (await post(app, "/admin/tables", first))[1] == made, "the order was carried out once"
