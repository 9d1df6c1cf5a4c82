"""What administrators look up about players and transfers."""

import pytest
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.wallet_worker.house import LINK, PURSE, House, hand_of
from tests.wallet_worker.office import get, log_in, make_office, post
from tests.wallet_worker.outside import deposit, tx_hash
from wallet_worker.store.book_deposit import book_deposit


@pytest.fixture
def app(house: House, redis: Redis) -> QuartTrio:
    return make_office(house, redis)


async def test_a_players_accounts_and_standing(app: QuartTrio, house: House) -> None:
    await house.seat(0, 1000)
    user = house.players[0]
    await post(app, f"/admin/users/{user}/freeze", {"reason": "r", "idempotency_key": "k"})
    status, found = await get(app, f"/admin/users/{user}/accounts")
    assert (status, found["user_id"], found["is_frozen"]) == (200, user, True)
    assert found["frozen_at"].endswith("Z")
    told = [(one["kind"], one["table_id"], one["seat"], one["balance"]) for one in found["accounts"]]
    assert told == [("wallet", None, None, PURSE - 1000), ("escrow", house.tables[0], 0, 1000)]


async def test_an_administrator_sees_the_list_that_the_player_sees(
    app: QuartTrio, house: House, redis: Redis
) -> None:
    await house.seat(0, 1000)
    token = await log_in(redis, house.players[0])
    for query in ("limit=1", "kind=buy_in&account=tables", "limit=0"):
        mine = await get(app, f"/api/v1/wallet/transactions?{query}", token=token)
        assert await get(app, f"/admin/users/{house.players[0]}/transactions?{query}") == mine
    assert (await get(app, "/admin/users/999999/transactions"))[1]["transactions"] == []


async def test_a_transfer_with_all_that_belongs_to_it(app: QuartTrio, house: House) -> None:
    await house.seat(0, 1000, 1000)
    hand = hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 9)])
    await house.ask(hand)
    number = await house.number("SELECT id FROM transfer WHERE kind = 'hand'")
    status, found = await get(app, f"/admin/transfers/{number}")
    assert (status, found["kind"], found["hand"]["hand_no"]) == (200, "hand", 1)
    assert found["hand_id"] == found["hand"]["hand_id"] == str(hand.hand_id)
    assert sorted(entry["amount"] for entry in found["entries"]) == [-10, 1, 9]
    assert sum(entry["amount"] for entry in found["entries"]) == 0
    mac = "SELECT encode(mac, 'hex') FROM batch WHERE shard = $1 ORDER BY number DESC LIMIT 1"
    assert found["mac"] == (await house.rows(mac, house.shard))[0][0]
    assert found["payment"] is None
    credit = await book_deposit(house.database, deposit(house.players[0]), LINK)
    _, found = await get(app, f"/admin/transfers/{credit['transfer']}")
    assert (found["payment"]["tx_hash"], found["payment"]["coin_amount"]) == (tx_hash(1), "0.00100000")
    assert (found["payment"]["step"], found["hand"], found["shard"]) == ("credited", None, -1)


@pytest.mark.parametrize(
    "path", ["users/0/accounts", "users/999999/accounts", f"users/{2**63}/accounts",
             f"users/{2**63}/transactions", "transfers/0", f"transfers/{2**63}"],
)  # fmt: skip
async def test_what_is_not_there(app: QuartTrio, path: str) -> None:
    status, document = await get(app, f"/admin/{path}")
    assert (status, document["code"]) == (404, "not_found")
