"""What administrators see, and who is none: all pages, with the table's real task behind them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families
from quart.typing import TestClientProtocol as Client
from trio.testing import MockClock

from cardroom.ids import TableId, UserId
from cardroom.service.logs import Log, open_log
from cardroom.service.settings import LogSettings
from cardroom.wire import table as wire
from cardroom.wire.chat import Said
from cardroom.wire.refusals import Refusal
from node.admin.http import AdminServices, make_admin_app
from node.settings import TableLimits
from node.tables.directory import Directory, TableEntry
from node.tables.inbox import Inbox
from tests.cardroom.service.people import open_book
from tests.fakes.conformity import watch_answers
from tests.node.admin.pages import unread_actions
from tests.node.shards.stand_in import desk_over
from tests.node.tables.house import BUY_IN, LOG, TABLE, House, open_house, settle

TOKEN = {"Authorization": "Bearer the-token"}
ESCROW = "/admin/tables/escrow"
PAGES = ("/admin/tables", f"/admin/tables/{TABLE}", "/admin/players", ESCROW)
ANNOUNCE, SILENCE = f"/admin/tables/{TABLE}/announce", f"/admin/tables/{TABLE}/silence"
EVERYWHERE = "/admin/announce"
WORDS = {"text": "the house closes at six", "reason": "closing time"}
NO_WORDS: list[object] = [
    {},
    [],
    {"text": "a"},
    {**WORDS, "more": "1"},
    {**WORDS, "text": 7},
    {**WORDS, "text": None},
]
ORDER = {"user_id": 1, "seconds": 60, "reason": "insults"}


@asynccontextmanager
async def office(
    parts: dict[str, bool] | None = None,
    log: Log = LOG,
    *more: TableEntry,
    limits: TableLimits | None = None,
    invitation: str = "",
) -> AsyncIterator[tuple[Client, House]]:
    """Open a house with two players and the pages above it, and more tables that nobody serves."""
    health = parts or {}
    async with open_house(limits=limits, invitation=invitation) as house:
        directory = Directory()
        for entry in (house.table.entry, *more):
            directory.add(entry)
        services = AdminServices(
            directory,
            lambda: {UserId(1): 2},
            desk_over(None),
            lambda: health,
            open_book(),
            unread_actions(),
            log,
        )
        house.guest(1, invitation=invitation).sit(0)
        house.guest(2, invitation=invitation).sit(3)
        await settle()
        app = make_admin_app(services)
        watch_answers(app)
        yield app.test_client(), house


@pytest.mark.parametrize("page", PAGES)
async def test_only_who_shows_the_token_is_served(page: str) -> None:
    async with office() as (client, _):
        for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": "Basic the-token"}):
            refused = await client.get(page, headers=headers)
            assert refused.status_code == 401
            assert (await refused.get_json())["code"] == "not_authenticated"
        assert (await client.get(page, headers=TOKEN)).status_code == 200


@pytest.mark.parametrize(("page", "body"), [(ANNOUNCE, WORDS), (EVERYWHERE, WORDS), (SILENCE, ORDER)])
async def test_only_who_shows_the_token_orders(page: str, body: dict[str, object]) -> None:
    async with office() as (client, house):
        for headers in ({}, {"Authorization": "Bearer another"}):
            refused = await client.post(page, json=body, headers=headers)
            assert (refused.status_code, (await refused.get_json())["code"]) == (401, "not_authenticated")
        house.guests[1].say("hi")
        await settle()
        assert house.guests[1].all(wire.Announced) == []
        assert len(house.guests[2].all(Said)) == 1
        assert (await client.get(page, headers=TOKEN)).status_code == 405


async def test_tables_and_players_are_listed_and_an_unknown_table_is_not_found() -> None:
    async with office() as (client, _):
        (row,) = (await (await client.get("/admin/tables", headers=TOKEN)).get_json())["tables"]
        assert (row["table_id"], row["players"], row["hand_no"]) == (TABLE, 2, 0)
        players = (await (await client.get("/admin/players", headers=TOKEN)).get_json())["players"]
        assert players == [
            {"user_id": 1, "connections": 2, "seats": [{"table_id": TABLE, "seat": 0}]},
            {"user_id": 2, "connections": 0, "seats": [{"table_id": TABLE, "seat": 3}]},
        ]
        missing = await client.get("/admin/tables/77", headers=TOKEN)
        assert (missing.status_code, (await missing.get_json())["code"]) == (404, "no_such_table")


async def test_what_lies_at_the_tables_is_told_to_the_audit(autojump_clock: MockClock) -> None:
    async with open_house() as other:
        deaf = TableEntry(
            Inbox(1), attrs.evolve(other.table.entry.summary, table_id=TableId(3)), run="another"
        )
        async with office(None, LOG, deaf) as (client, house):
            await trio.sleep(1.01)
            house.ledger.is_silent = True
            await house.fold()
            found = await (await client.get(ESCROW, headers=TOKEN)).get_json()
            assert found["unanswered"] == [3]
            (table,) = found["tables"]
            loser, winner = house.table.seats.settlements.unsettled[0].results
            assert table == {
                "table_id": TABLE, "shard": 1, "settled_hand_no": 0,
                "seats": [
                    {"seat": 0, "user_id": 1, "escrow": BUY_IN, "under_way": None, "amount": 0},
                    {"seat": 3, "user_id": 2, "escrow": BUY_IN, "under_way": None, "amount": 0},
                ],
                "unsettled": [
                    {
                        "hand_no": 1,
                        "nets": [{"user_id": one.user_id, "net": one.net} for one in (loser, winner)],
                    }
                ],
            }  # fmt: skip


async def test_no_page_shows_the_code_of_a_private_table() -> None:
    code = "ABCDEFGH23"
    async with office({"shard 0": True}, invitation=code) as (client, house):
        house.guest(9, invitation="ABCDEFGH99")
        await settle()
        for page in (*PAGES, "/health", "/metrics"):
            text = await (await client.get(page, headers=TOKEN)).get_data(as_text=True)
            assert text
            assert code not in text
        found = await (await client.get(f"/admin/tables/{TABLE}", headers=TOKEN)).get_json()
        assert (found["snapshot"]["is_private"], found["viewers"]) == (True, 2)


async def test_no_hole_card_is_shown_during_a_hand(autojump_clock: MockClock) -> None:
    async with office() as (client, house):
        await trio.sleep(1.01)
        assert len(house.guests[1].last(wire.CardsDealt).cards) == 2
        found = await (await client.get(f"/admin/tables/{TABLE}", headers=TOKEN)).get_json()
        assert found["snapshot"]["hand_id"] is not None
        assert [seat["cards"] for seat in found["snapshot"]["seats"]] == [[], []]
        assert (found["viewers"], found["unsettled_hands"]) == (2, 0)


async def test_health_and_metrics_are_open_to_monitors() -> None:
    parts = {"shard 0": False}
    async with office(parts) as (client, _):
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 503
        parts["shard 0"] = True
        assert (await client.get("/health/ready")).status_code == 200
        text = await (await client.get("/metrics")).get_data(as_text=True)
        names = {family.name for family in text_string_to_metric_families(text)}
        assert {"holdem_hands", "holdem_action_seconds", "holdem_unforeseen_errors"} <= names


def audit_lines(text: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in text.splitlines()]
    unimportant = {"level", "timestamp", "process"}
    return [{key: value for key, value in line.items() if key not in unimportant} for line in lines]


async def test_an_announcement_is_told_at_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    async with office(None, open_log(LogSettings(), "tests")) as (client, house):
        answer = await client.post(ANNOUNCE, json=WORDS, headers=TOKEN)
        assert answer.status_code == 200
        announced = house.guests[1].last(wire.Announced)
        assert announced.text == WORDS["text"]
        assert await answer.get_json() == {"table_id": TABLE, "table_seq": announced.table_seq}
        assert house.guests[2].all(wire.Announced) == [announced]
    (line,) = audit_lines(capsys.readouterr().err)
    assert line == {"event": "table.announced", "table_id": TABLE, **WORDS}


async def test_the_body_is_read_as_curl_sends_it() -> None:
    async with office() as (client, house):
        as_curl = TOKEN | {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post(EVERYWHERE, data=json.dumps(WORDS), headers=as_curl)
        assert await answer.get_json() == {"tables": 1, "unanswered": []}
        assert house.guests[1].last(wire.Announced).text == WORDS["text"]


async def test_an_announcement_everywhere_names_tables_that_do_not_answer(
    autojump_clock: MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_house() as second:
        second.table.seats.game = attrs.evolve(second.table.seats.game, table_id=TableId(2))
        watcher = second.guest(5)
        await settle()
        deaf = TableEntry(
            Inbox(1), attrs.evolve(second.table.entry.summary, table_id=TableId(3)), run="another"
        )
        log = open_log(LogSettings(), "tests")
        async with office(None, log, second.table.entry, deaf) as (client, house):
            answer = await client.post(EVERYWHERE, json=WORDS, headers=TOKEN)
            assert (answer.status_code, await answer.get_json()) == (200, {"tables": 2, "unanswered": [3]})
            assert house.guests[1].last(wire.Announced).text == WORDS["text"]
            assert watcher.last(wire.Announced).text == WORDS["text"]
    (line,) = audit_lines(capsys.readouterr().err)
    assert line == {"event": "node.announced", "tables": 2, "unanswered": [3], **WORDS}


async def test_a_player_is_silenced_and_may_speak_again(
    autojump_clock: MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with office(None, open_log(LogSettings(), "tests")) as (client, house):
        one = house.guests[1]
        for seconds in (604_800, 60, 0):
            answer = await client.post(SILENCE, json=ORDER | {"seconds": seconds}, headers=TOKEN)
            assert await answer.get_json() == {"table_id": TABLE, "user_id": 1, "seconds": seconds}
            one.say("hello?")
            await settle()
        assert [refused.code for refused in one.all(wire.Refused)] == [Refusal.SILENCED] * 2
        assert len(house.guests[2].all(Said)) == 1
    lines = audit_lines(capsys.readouterr().err)
    assert [line["seconds"] for line in lines] == [604_800, 60, 0]
    assert lines[0] == {"event": "table.silenced", "table_id": TABLE, **ORDER, "seconds": 604_800}


async def test_no_more_players_are_silenced_than_the_limit_allows() -> None:
    async with office(limits=TableLimits(silenced=1)) as (client, _):
        answers = [
            await client.post(SILENCE, json=ORDER | {"user_id": user}, headers=TOKEN) for user in (1, 2)
        ]
        assert [answer.status_code for answer in answers] == [200, 409]
        assert (await answers[1].get_json())["code"] == "busy"


@pytest.mark.parametrize(
    ("page", "body", "status", "code"),
    [
        ("/admin/tables/77/announce", WORDS, 404, "no_such_table"),
        ("/admin/tables/77/silence", ORDER, 404, "no_such_table"),
        ("/admin/tables/x/silence", ORDER, 404, "not_found"),
        *[(page, body, 400, "malformed") for page in (ANNOUNCE, EVERYWHERE) for body in NO_WORDS],
        *[
            (page, body, 400, "text_not_allowed")
            for page in (ANNOUNCE, EVERYWHERE)
            for body in (
                WORDS | {"text": ""},
                WORDS | {"text": "a" * 501},
                WORDS | {"text": "a\nb"},
                WORDS | {"reason": ""},
                WORDS | {"reason": "a" * 201},
            )
        ],
        (SILENCE, ORDER | {"reason": "  "}, 400, "text_not_allowed"),
        (SILENCE, ORDER | {"seconds": 604_801}, 400, "malformed"),
        (SILENCE, ORDER | {"seconds": -1}, 400, "malformed"),
        (SILENCE, ORDER | {"seconds": 1.5}, 400, "malformed"),
        (SILENCE, ORDER | {"seconds": True}, 400, "malformed"),
        (SILENCE, ORDER | {"user_id": 0}, 400, "malformed"),
        (SILENCE, ORDER | {"user_id": 2**63}, 400, "malformed"),
        (SILENCE, ORDER | {"user_id": "1"}, 400, "malformed"),
        (ANNOUNCE, WORDS | {"text": "a" * 20_000}, 413, "too_large"),
    ],
)
async def test_a_bad_order_is_refused_with_a_code_and_does_nothing(
    page: str, body: object, status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with office(None, open_log(LogSettings(), "tests")) as (client, house):
        refused = await client.post(page, json=body, headers=TOKEN)
        assert (refused.status_code, (await refused.get_json())["code"]) == (status, code)
        house.guests[1].say("hi")
        await settle()
        assert house.guests[2].all(wire.Announced) == []
        assert len(house.guests[2].all(Said)) == 1
    assert capsys.readouterr().err == ""


async def test_an_order_that_nobody_carries_out_is_answered(autojump_clock: MockClock) -> None:
    async with open_house() as other:
        deaf = TableEntry(
            Inbox(1), attrs.evolve(other.table.entry.summary, table_id=TableId(3)), run="another"
        )
        async with office(None, LOG, deaf) as (client, _):
            for order, body in (("announce", WORDS), ("silence", ORDER)):
                answer = await client.post(f"/admin/tables/3/{order}", json=body, headers=TOKEN)
                assert (answer.status_code, (await answer.get_json())["code"]) == (503, "table_unavailable")
