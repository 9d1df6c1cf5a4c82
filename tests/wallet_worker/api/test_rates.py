"""What administrators see of rates, and the order that lets a stopped coin be converted again."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.redis import Redis
from tests.fakes.conformity import watch_answers
from tests.fakes.rate_sources import COINGECKO, Mood
from tests.wallet_worker.house import LINK, LOG, House
from tests.wallet_worker.office import get, guarded_app, ordered, post
from tests.wallet_worker.rate_room import RateRoom, open_rate_room
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.office import Office
from wallet_worker.api.rates import rate_pages
from wallet_worker.rates.port import RateSide, RateStopped
from wallet_worker.store.coin_rates import note_used


@frozen
class Desk:
    app: QuartTrio
    room: RateRoom
    house: House

    async def show(self, coin: str) -> dict[str, Any]:
        status, answer = await get(self.app, "/admin/rates")
        assert status == 200
        (found,) = [one for one in answer["coins"] if one["coin"] == coin]
        return dict(found)

    async def accept(self, coin: str, **more: object) -> tuple[int, Mapping[str, Any]]:
        return await post(self.app, f"/admin/rates/{coin}/accept", ordered(more))

    async def convert(self, coin: str) -> str:
        now = await self.room.rates.current(coin, RateSide.DEPOSIT)
        async with self.house.database.transaction() as transaction:
            await note_used(transaction, now)
        return str(now.price)

    async def stop(self, coin: str, price: int) -> None:
        """Let a coin be used, and jump."""
        await self.convert(coin)
        self.room.sources.set_all(coin, price)
        await self.room.pass_time()
        with pytest.raises(RateStopped):
            await self.convert(coin)


@pytest.fixture
async def desk(house: House, redis: Redis) -> AsyncIterator[Desk]:
    async with open_rate_room(house.database, redis, ["BTC", "ETH"]) as room:
        app = guarded_app()
        add_away_answers(app, LOG)
        app.register_blueprint(rate_pages(Office(house.database, LINK, LOG), room.rates))
        watch_answers(app)
        yield Desk(app, room, house)


async def test_what_sources_say_is_shown(desk: Desk) -> None:
    desk.room.sources.moods[COINGECKO] = Mood.LIMITED
    shown = await desk.show("ETH")
    assert [(one["source"], one["krw_per_coin"]) for one in shown["prices"]] == [
        ("upbit", "5000000.5"),
        ("binance x upbit", "4998695"),
    ]
    assert shown["usable"] == shown["prices"][0]
    assert (shown["difference_basis_points"], shown["last_used"], shown["stop"]) == (3, None, None)
    status, answer = await get(desk.app, "/admin/rates")
    assert (status, [one["coin"] for one in answer["coins"]]) == (200, ["BTC", "ETH"])
    assert answer["breakers"] == {"coingecko": "open", "upbit": "closed", "binance": "closed"}


async def test_an_administrator_accepts_a_price_after_a_jump(desk: Desk) -> None:
    await desk.stop("BTC", 170_000_000)
    shown = await desk.show("BTC")
    assert (shown["stop"]["reason"], shown["stop"]["krw_per_coin"]) == ("jump", "170000000")
    assert (shown["verdict"], shown["last_used"]["krw_per_coin"]) == ("jump", "142350000")
    assert (await desk.accept("BTC", dry_run=True))[0] == 200
    assert (await desk.show("BTC"))["stop"] is not None
    told = {"coin": "BTC", "reason": "jump", "krw_per_coin": "170000000"}
    for _ in range(2):
        assert await desk.accept("BTC") == (200, told)
    assert await desk.convert("BTC") == "170000000"
    (row,) = await desk.house.rows("SELECT admin, action, subject FROM admin_action")
    assert tuple(row) == ("admin", "rate_accept", "coin:BTC")


async def test_the_price_may_be_the_administrators_own(desk: Desk) -> None:
    await desk.stop("BTC", 170_000_000)
    status, answer = await desk.accept("BTC", krw_per_coin=200_000_000)
    assert (status, answer["krw_per_coin"]) == (200, "200000000")
    assert await desk.convert("BTC") == "170000000", "within 15 %; converted at what sources say"
    status, answer = await desk.accept("BTC", krw_per_coin=100_000_000)
    assert (status, answer["code"]) == (409, "already_decided")


@pytest.mark.parametrize("price", [0, -1, 10**12 + 1, "170000000", 1.5])
async def test_what_is_no_price(desk: Desk, price: object) -> None:
    status, answer = await desk.accept("BTC", krw_per_coin=price)
    assert (status, answer["code"]) == (400, "malformed")


async def test_what_is_not_stopped_or_not_taken_is_not_accepted(desk: Desk) -> None:
    for coin, status, code in (("BTC", 409, "already_decided"), ("DOGE", 404, "no_such_coin")):
        found, answer = await desk.accept(coin)
        assert (found, answer["code"]) == (status, code)
    response = await desk.app.test_client().get("/admin/rates")
    assert response.status_code == 401
