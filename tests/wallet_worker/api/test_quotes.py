"""The page that says what an amount is worth, well and badly asked."""

from collections.abc import AsyncIterator

import pytest
from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.logins import LoginLookup, LookupSettings
from cardroom.service.redis import Redis
from tests.fakes.conformity import watch_answers
from tests.fakes.rate_sources import Mood
from tests.wallet_worker.house import LOG, House
from tests.wallet_worker.office import get, guarded_app, log_in
from tests.wallet_worker.rate_room import BOOK, RateRoom, open_rate_room
from wallet_worker.api.bodies import add_away_answers
from wallet_worker.api.quotes import quote_pages
from wallet_worker.cashier.quotes import QuoteDesk
from wallet_worker.rules.coins import Rate

PAGE = "/api/v1/wallet/quote"


@frozen
class Counter:
    """The page, who asks, and what rates are made of."""

    app: QuartTrio
    room: RateRoom
    desk: QuoteDesk
    house: House
    token: str

    async def ask(self, words: str) -> tuple[int, dict[str, object]]:
        return await get(self.app, f"{PAGE}?{words}", token=self.token)

    async def refused(self, words: str) -> tuple[int, object]:
        status, answer = await self.ask(words)
        return status, answer["code"]


@pytest.fixture
async def counter(house: House, redis: Redis) -> AsyncIterator[Counter]:
    async with open_rate_room(house.database, redis) as room:
        desk = QuoteDesk(redis, room.rates, BOOK, room.clock)
        app = guarded_app()
        add_away_answers(app, LOG)
        app.register_blueprint(quote_pages(desk, LoginLookup(redis, house.database, LookupSettings())))
        watch_answers(app)
        yield Counter(app, room, desk, house, await log_in(redis, house.players[0]))


async def test_a_player_is_told_what_a_withdrawal_would_bring(counter: Counter) -> None:
    status, answer = await counter.ask("coin=BTC&direction=withdrawal&krw_amount=50000")
    assert status == 200
    quote = str(answer.pop("quote"))
    assert str(answer.pop("expires_at")).endswith("Z")
    assert answer == {
        "coin": "BTC",
        "direction": "withdrawal",
        "krw_amount": 50_000,
        "coin_amount": "0.00035124",
        "krw_per_coin": 142_350_000,
    }
    found = await counter.desk.find(counter.house.players[0], quote, "BTC", answer["krw_amount"])  # type: ignore[arg-type]
    assert (found.coin_amount, found.rate) == (35_124, Rate(142_350_000, 8))


async def test_a_player_is_told_what_coins_would_be_credited(counter: Counter) -> None:
    status, answer = await counter.ask("coin=USDT&direction=deposit&coin_amount=10.000001")
    assert (status, answer["krw_amount"], answer["coin_amount"]) == (200, 14_500, "10.000001")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ("", 400, "malformed"),
        ("coin=BTC&direction=withdrawal", 400, "malformed"),
        ("coin=BTC&direction=both&krw_amount=50000", 400, "malformed"),
        ("coin=BTC&direction=deposit&krw_amount=50000&coin_amount=1", 400, "malformed"),
        ("coin=BTC&direction=deposit&coin_amount=0.000000001", 400, "malformed"),
        ("coin=BTC&direction=deposit&coin_amount=0", 400, "malformed"),
        ("coin=BTC&direction=deposit&coin_amount=1e3", 400, "malformed"),
        ("coin=BTC&direction=deposit&krw_amount=50000.5", 400, "malformed"),
        ("coin=BTC&direction=deposit&krw_amount=0", 400, "malformed"),
        ("coin=BTC&direction=deposit&krw_amount=5&more=1", 400, "malformed"),
        ("coin=DOGE&direction=deposit&krw_amount=50000", 404, "no_such_coin"),
        ("coin=DOGE&direction=deposit&coin_amount=5", 404, "no_such_coin"),
        ("coin=USDC&direction=withdrawal&krw_amount=50000", 409, "coin_closed"),
        ("coin=BTC&direction=withdrawal&krw_amount=9999", 400, "amount_too_small"),
        ("coin=BTC&direction=deposit&coin_amount=999999999999", 400, "amount_too_large"),
    ],
)
async def test_what_is_refused(counter: Counter, words: str, status: int, code: str) -> None:
    assert await counter.refused(words) == (status, code)


async def test_without_a_rate_there_is_no_quote(counter: Counter) -> None:
    words = "coin=BTC&direction=deposit&krw_amount=50000"
    counter.room.sources.upbit["BTC"] = "150000000"
    assert await counter.refused(words) == (409, "rate_stopped")
    counter.room.sources.set_moods(Mood.NO_JSON)
    await counter.room.pass_time()
    assert await counter.refused(words.replace("BTC", "USDT")) == (503, "rate_unavailable")
    assert (await get(counter.app, f"{PAGE}?{words}", token="nobody"))[0] == 401
