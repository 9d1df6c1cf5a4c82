"""The pages of protection: each wish and each refusal, and what an exclusion means for tickets."""

from typing import Any

import httpx
import pytest
from attrs import evolve

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres
from cardroom.service.protection import ProtectionSettings
from cardroom.service.settings import PostgresSettings, RedisSettings
from tests.shard_router.front import Front, bearer, open_front, refusal, router_settings, table_summary

PAGE = "/api/v1/me/protection"
FOR_EVER = 253_402_214_400_000


async def put(front: Front, token: str | None, page: str, body: Any) -> httpx.Response:
    return await front.http.put(f"{PAGE}/{page}", json=body, headers=bearer(token))


def limit(answer: httpx.Response, kind: str) -> tuple[Any, Any]:
    assert answer.status_code == 200
    (found,) = [one for one in answer.json()["limits"] if one["kind"] == kind]
    assert (found["next_unix_ms"] is None) == (found["value"] == found["next_value"])
    return found["value"], found["next_value"]


async def test_limits_from_nothing_to_tight_to_loose(front: Front) -> None:
    token = await front.log_in()
    shown = await front.get(PAGE, token)
    assert limit(shown, "loss_day") == (None, None)
    assert len(shown.json()["limits"]) == 8
    assert shown.json()["excluded_until_unix_ms"] is None
    assert limit(await put(front, token, "limits/loss_day", {"value": 100}), "loss_day") == (100, 100)
    loosened = await put(front, token, "limits/loss_day", {"value": None})
    assert limit(loosened, "loss_day") == (100, None)
    assert limit(await front.get(PAGE, token), "loss_day") == (100, None)
    assert limit(await put(front, token, "limits/loss_day", {"value": 0}), "loss_day") == (0, 0)
    assert limit(await put(front, token, "limits/session_minutes", {"value": 60}), "loss_day") == (0, 0)


@pytest.mark.parametrize(
    ("page", "body", "expected"),
    [
        ("limits/loss_year", {"value": 1}, (404, "not_found")),
        ("limits/loss_day", {"value": -1}, (400, "malformed")),
        ("limits/loss_day", {"value": 10**15 + 1}, (400, "malformed")),
        ("limits/loss_day", {"value": "1"}, (400, "malformed")),
        ("limits/loss_day", {}, (400, "malformed")),
        ("limits/session_minutes", {"value": 1441}, (400, "malformed")),
        ("limits/reality_check_minutes", {"value": 0}, (400, "malformed")),
        ("exclusion", {"hours": 23}, (400, "malformed")),
        ("exclusion", {"hours": 87_601}, (400, "malformed")),
    ],
)
async def test_what_cannot_be_is_refused(
    front: Front, page: str, body: Any, expected: tuple[int, str]
) -> None:
    token = await front.log_in()
    assert refusal(await put(front, token, page, body)) == expected
    assert {one["value"] for one in (await front.get(PAGE, token)).json()["limits"]} == {None}


async def test_only_players_have_protection(front: Front, owner: Postgres) -> None:
    assert refusal(await front.get(PAGE)) == (401, "not_authenticated")
    assert refusal(await put(front, None, "limits/loss_day", {"value": 1})) == (401, "not_authenticated")
    assert refusal(await put(front, None, "exclusion", {"hours": 24})) == (401, "not_authenticated")
    token = await front.log_in()
    async with owner.transaction() as transaction:
        await transaction.execute("DELETE FROM player")
    assert refusal(await front.get(PAGE, token)) == (401, "not_authenticated")


async def test_who_is_excluded_gets_in_only_where_a_seat_is_left(front: Front) -> None:
    token = await front.log_in()
    await front.node.open_both_shards()
    await front.node.publish(table_summary(1, 0, 1), table_summary(2, 0))
    excluded = await put(front, token, "exclusion", {"hours": 24})
    assert excluded.json()["excluded_until_unix_ms"] > 1_700_000_000_000
    assert refusal(await front.post("/api/v1/tables/2/ticket", token=token)) == (403, "self_excluded")
    assert (await front.post("/api/v1/tables/1/ticket", token=token)).status_code == 200
    for_ever = await put(front, token, "exclusion", {"hours": None})
    assert for_ever.json()["excluded_until_unix_ms"] == FOR_EVER
    shorter = await put(front, token, "exclusion", {"hours": 48})
    assert refusal(shorter) == (409, "exclusion_stands")
    assert (await front.get(PAGE, await front.log_in())).json()["excluded_until_unix_ms"] == FOR_EVER


async def test_what_is_off_is_not_offered(
    database: PostgresSettings, redis_settings: RedisSettings, log: Log
) -> None:
    off = ProtectionSettings(
        self_exclusion=False, deposit_limits=False, loss_limits=False, session_limits=False
    )
    settings = evolve(router_settings(database, redis_settings), protection=off)
    async with open_front(settings, log) as front:
        token = await front.log_in()
        for kind in ("loss_day", "deposit_week", "session_minutes"):
            answer = await put(front, token, f"limits/{kind}", {"value": 1})
            assert refusal(answer) == (403, "not_offered")
        assert refusal(await put(front, token, "exclusion", {"hours": 24})) == (403, "not_offered")
        shown = await put(front, token, "limits/reality_check_minutes", {"value": 30})
        assert [one["kind"] for one in shown.json()["limits"]] == ["reality_check_minutes"]
