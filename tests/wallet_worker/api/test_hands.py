"""What administrators see of settled hands; players see nothing of it, whatever token they show."""

from typing import Any

import pytest
from quart_trio import QuartTrio

from cardroom.service.logins import draw_token, hash_token
from tests.wallet_worker.api.test_admin import app
from tests.wallet_worker.house import House
from tests.wallet_worker.ledger.test_unpacker import EVENTS, RECORD, settle, unpacker_of
from tests.wallet_worker.office import get

__all__ = ["app"]


async def test_a_hand_is_shown_with_results_events_and_its_transfer(app: QuartTrio, house: House) -> None:
    await house.seat(0, 1000, 1000)
    hand = await settle(house, 0, [RECORD, RECORD])
    path = f"/admin/hands/{hand.hand_id}"
    status, shown = await get(app, path)
    assert (status, shown["events"], shown["has_record"]) == (200, [], True), "not unpacked yet"
    await unpacker_of(house).catch_up(house.shard)
    status, shown = await get(app, path)
    assert (shown["hand_id"], shown["hand_no"], shown["rake"]) == (str(hand.hand_id), 2, 1)
    assert shown["table_id"] == house.tables[0]
    assert shown["previous_hand_id"] == str(hand.previous_hand_id)
    assert shown["results"] == [
        {"user_id": house.players[0], "seat": 0, "net": -10, "contributed_rake": 1},
        {"user_id": house.players[1], "seat": 1, "net": 9, "contributed_rake": 0},
    ]
    (transfer,) = await house.rows("SELECT id, shard, batch FROM transfer WHERE hand_id = $1", hand.hand_id)
    assert (shown["transfer_id"], shown["shard"], shown["batch"]) == tuple(transfer)
    assert [event["notation"] for event in shown["events"]] == [event.notation for event in EVENTS]
    assert shown["events"][2] == {
        "seq_no": 3, "street": "preflop", "seat": 4, "user_id": 1, "action": "hole_cards", "amount": None,
        "cards": "AsKs", "notation": "d dh p1 AsKs",
    }  # fmt: skip


@pytest.mark.parametrize("hand_id", ["baa1c472-97f1-4974-855e-039c8b693ba7", "x", "1", "0" * 33, "%00"])
async def test_no_such_hand(app: QuartTrio, house: House, hand_id: str) -> None:
    status, document = await get(app, f"/admin/hands/{hand_id}")
    assert (status, document["code"]) == (404, "not_found")


async def test_hands_of_a_table_come_the_newest_first_page_by_page(app: QuartTrio, house: House) -> None:
    """All of them started at the same moment: their numbers order them."""
    for table in (0, 1):
        await house.seat(table, 1000, 1000)
    await settle(house, 0, [RECORD] * 5)
    await settle(house, 1, [RECORD])
    found: list[Any] = []
    path = first = f"/admin/tables/{house.tables[0]}/hands?limit=2"
    for rows in (2, 2, 1):
        status, page = await get(app, path)
        assert (status, len(page["hands"])) == (200, rows)
        found += [hand["hand_no"] for hand in page["hands"]]
        path = f"{first}&after={page['next']}"
    assert (found, page["next"]) == ([5, 4, 3, 2, 1], None)
    await house.change("UPDATE hand SET started_at = started_at + interval '1 us' WHERE hand_no = 2")
    assert [hand["hand_no"] for hand in (await get(app, first))[1]["hands"]] == [2, 5]


async def test_a_table_without_hands(app: QuartTrio, house: House) -> None:
    assert await get(app, f"/admin/tables/{house.tables[0]}/hands") == (200, {"hands": [], "next": None})
    assert (await get(app, f"/admin/tables/{2**63}/hands"))[0] == 404
    assert (await get(app, f"/admin/tables/{house.tables[0]}/hands?limit=0"))[0] == 400


async def test_only_administrators_see_cards(app: QuartTrio, house: House) -> None:
    """A player who was in the hand, and logged in, is refused like anybody else."""
    await house.seat(0, 1000, 1000)
    hand = await settle(house, 0, [RECORD])
    await unpacker_of(house).catch_up(house.shard)
    login = draw_token()
    await house.rows(
        "INSERT INTO session (token_hash, user_id, expires_at) VALUES ($1, $2, now() + interval '9 s')",
        hash_token(login),
        house.players[0],
    )
    assert (await get(app, "/api/v1/wallet/balance", token=login))[0] == 200
    for path in (f"/admin/hands/{hand.hand_id}", f"/admin/tables/{house.tables[0]}/hands"):
        for token in (login, "wrong", ""):
            status, document = await get(app, path, token=token)
            assert (status, document["code"]) == (401, "not_authenticated")
            assert "AsKs" not in str(document)
    players_pages = [rule.rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/admin")]
    assert players_pages
    assert not [rule for rule in players_pages if "hand" in rule]
