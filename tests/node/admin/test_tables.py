"""What administrators see, and who is none: all pages, with the table's real task behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families
from quart.typing import TestClientProtocol as Client
from trio.testing import MockClock

from cardroom.ids import UserId
from cardroom.service.settings import Secret
from cardroom.wire import table as wire
from node.admin.http import AdminServices, make_admin_app
from node.tables.directory import Directory
from tests.node.tables.house import LOG, TABLE, House, open_house, settle

TOKEN = {"Authorization": "Bearer the-token"}
PAGES = ("/admin/tables", f"/admin/tables/{TABLE}", "/admin/players")


@asynccontextmanager
async def office(parts: dict[str, bool], invitation: str = "") -> AsyncIterator[tuple[Client, House]]:
    """Open a house with two players and the pages above it."""
    async with open_house(invitation=invitation) as house:
        directory = Directory()
        directory.add(house.table.entry)
        services = AdminServices(directory, lambda: {UserId(1): 2}, lambda: parts, Secret("the-token"), LOG)
        house.guest(1, invitation=invitation).sit(0)
        house.guest(2, invitation=invitation).sit(3)
        await settle()
        yield make_admin_app(services).test_client(), house


@pytest.mark.parametrize("page", PAGES)
async def test_only_who_shows_the_token_is_served(page: str) -> None:
    async with office({}) as (client, _):
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "Basic the-token"}):
            refused = await client.get(page, headers=headers)
            assert refused.status_code == 401
            assert (await refused.get_json())["code"] == "not_authenticated"
        assert (await client.get(page, headers=TOKEN)).status_code == 200


async def test_tables_and_players_are_listed_and_an_unknown_table_is_not_found() -> None:
    async with office({}) as (client, _):
        (row,) = (await (await client.get("/admin/tables", headers=TOKEN)).get_json())["tables"]
        assert (row["table_id"], row["players"], row["hand_no"]) == (TABLE, 2, 0)
        players = (await (await client.get("/admin/players", headers=TOKEN)).get_json())["players"]
        assert players == [
            {"user_id": 1, "connections": 2, "seats": [{"table_id": TABLE, "seat": 0}]},
            {"user_id": 2, "connections": 0, "seats": [{"table_id": TABLE, "seat": 3}]},
        ]
        missing = await client.get("/admin/tables/77", headers=TOKEN)
        assert (missing.status_code, (await missing.get_json())["code"]) == (404, "no_such_table")


async def test_no_page_shows_the_code_of_a_private_table() -> None:
    code = "ABCDEFGH23"
    async with office({"shard 0": True}, code) as (client, house):
        house.guest(9, invitation="ABCDEFGH99")
        await settle()
        for page in (*PAGES, "/health", "/metrics"):
            text = await (await client.get(page, headers=TOKEN)).get_data(as_text=True)
            assert text
            assert code not in text
        found = await (await client.get(f"/admin/tables/{TABLE}", headers=TOKEN)).get_json()
        assert (found["snapshot"]["is_private"], found["viewers"]) == (True, 2)


async def test_no_hole_card_is_shown_during_a_hand(autojump_clock: MockClock) -> None:
    async with office({}) as (client, house):
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
