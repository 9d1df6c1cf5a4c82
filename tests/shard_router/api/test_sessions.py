"""A player sees all sessions, and ends them; what has ended is at once no session anywhere."""

from uuid import uuid4

from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from tests.shard_router.front import PASSWORD, Front, bearer, refusal

SESSIONS = "/api/v1/me/sessions"
EVERYWHERE = "/api/v1/auth/logout-everywhere"


async def test_a_player_sees_where_sessions_come_from(front: Front, owner: Postgres) -> None:
    phone = await front.log_in()
    body = {"email": "alice@example.com", "password": PASSWORD}
    answer = await front.http.post(
        "/api/v1/auth/login", json=body, headers={b"User-Agent": b"phone/1.0 \xe9\x85" + b"x" * 300}
    )
    await front.log_in("Bob")
    listed = (await front.get(SESSIONS, answer.json()["token"])).json()["sessions"]
    assert [line["is_current"] for line in listed] == [True, False]
    assert listed[0]["user_agent"].startswith("phone/1.0 ")
    assert len(listed[0]["user_agent"]) == 200
    assert {line["address"] for line in listed} == {"127.0.0.1"}
    for line in listed:
        assert line["created_unix_ms"] <= line["seen_unix_ms"] < line["expires_unix_ms"]
    assert len({line["session_id"] for line in listed}) == 2
    (row,) = await owner.fetch("SELECT count(*) FROM session WHERE id::text = $1", listed[0]["session_id"])
    assert row[0] == 1
    assert (await front.get("/api/v1/me", phone)).status_code == 200


async def test_one_session_is_ended(front: Front, redis: Redis) -> None:
    here, lost = await front.log_in(), await front.log_in()
    listed = (await front.get(SESSIONS, here)).json()["sessions"]
    (other,) = [line["session_id"] for line in listed if not line["is_current"]]
    ended = await front.http.delete(f"{SESSIONS}/{other}", headers=bearer(here))
    assert (ended.status_code, ended.content) == (204, b"")
    assert refusal(await front.get("/api/v1/me", lost)) == (401, "not_authenticated")
    await redis.flushall()
    assert refusal(await front.get("/api/v1/me", lost)) == (401, "not_authenticated")
    again = await front.http.delete(f"{SESSIONS}/{other}", headers=bearer(here))
    assert refusal(again) == (404, "not_found")
    assert len((await front.get(SESSIONS, here)).json()["sessions"]) == 1


async def test_no_such_session(front: Front) -> None:
    token = await front.log_in()
    for session_id in ("1", "x" * 36, str(uuid4())):
        answer = await front.http.delete(f"{SESSIONS}/{session_id}", headers=bearer(token))
        assert refusal(answer) == (404, "not_found")


async def test_another_players_session_is_none_of_ours(front: Front) -> None:
    alice, bob = await front.log_in(), await front.log_in("Bob")
    (line,) = (await front.get(SESSIONS, bob)).json()["sessions"]
    answer = await front.http.delete(f"{SESSIONS}/{line['session_id']}", headers=bearer(alice))
    assert refusal(answer) == (404, "not_found")
    assert (await front.get("/api/v1/me", bob)).status_code == 200


async def test_log_out_everywhere(front: Front, redis: Redis) -> None:
    tokens = [await front.log_in() for _ in range(3)]
    bob = await front.log_in("Bob")
    assert (await front.post(EVERYWHERE, token=tokens[1])).status_code == 204
    for _ in range(2):
        for token in tokens:
            assert refusal(await front.get("/api/v1/me", token)) == (401, "not_authenticated")
        await redis.flushall()
    assert (await front.get("/api/v1/me", bob)).status_code == 200


async def test_all_of_it_needs_a_login(front: Front) -> None:
    assert refusal(await front.get(SESSIONS)) == (401, "not_authenticated")
    assert refusal(await front.http.delete(f"{SESSIONS}/{uuid4()}")) == (401, "not_authenticated")
    assert refusal(await front.post(EVERYWHERE)) == (401, "not_authenticated")
