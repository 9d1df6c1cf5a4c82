"""Quotes: rounded as they will be booked, a player's own, and good for 30 seconds."""

from collections.abc import AsyncIterator

import pytest
from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres
from cardroom.service.redis import Redis
from cardroom.wire import keys
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.rate_room import BOOK, RateRoom, open_rate_room
from wallet_worker.cashier.quotes import Quote, QuoteDesk, QuoteRefused, QuoteWish
from wallet_worker.rates.port import RateSide, RateStopped
from wallet_worker.rules.coins import Rate, coins_for, krw_of

IN, OUT = RateSide.DEPOSIT, RateSide.WITHDRAWAL
KIM, LEE = UserId(1), UserId(2)


@frozen
class Quoting:
    """The desk, and what it asks for rates."""

    desk: QuoteDesk
    room: RateRoom

    async def give(self, side: RateSide, coin: str = "BTC", **amount: int) -> Quote:
        return await self.desk.give(KIM, QuoteWish(coin, side, **amount))  # type: ignore[arg-type]

    async def refused(
        self, quote_id: str, user_id: UserId = KIM, coin: str = "BTC", won: int = 50_000
    ) -> Refusal:
        with pytest.raises(QuoteRefused) as refused:
            await self.desk.find(user_id, quote_id, coin, Krw(won))
        assert refused.value.status == 409
        return refused.value.code


@pytest.fixture
async def quoting(database: Postgres, redis: Redis) -> AsyncIterator[Quoting]:
    async with open_rate_room(database, redis) as room:
        yield Quoting(QuoteDesk(redis, room.rates, BOOK, room.clock), room)


async def test_each_amount_is_what_will_be_booked(quoting: Quoting) -> None:
    quoting.room.sources.coingecko["BTC"] = "142350000.5"
    rate_in, rate_out = Rate(142_350_000, 8), Rate(142_350_001, 8)
    quote = await quoting.give(IN, coin_amount=12_345)
    assert (quote.krw_amount, quote.coin_amount, quote.rate) == (krw_of(12_345, rate_in), 12_345, rate_in)
    quote = await quoting.give(IN, krw_amount=50_000)
    assert krw_of(quote.coin_amount - 1, rate_in) < 50_000 <= quote.krw_amount
    assert quote.krw_amount == krw_of(quote.coin_amount, rate_in)
    quote = await quoting.give(OUT, krw_amount=50_000)
    assert (quote.krw_amount, quote.coin_amount) == (50_000, coins_for(Krw(50_000), rate_out))
    quote = await quoting.give(OUT, coin_amount=12_345)
    assert quote.coin_amount >= 12_345 > coins_for(Krw(quote.krw_amount - 1), rate_out)
    assert quote.coin_amount == coins_for(quote.krw_amount, rate_out)


async def test_a_player_finds_a_quote_for_thirty_seconds(quoting: Quoting, redis: Redis) -> None:
    quote = await quoting.give(OUT, krw_amount=50_000)
    for _ in range(2):
        assert await quoting.desk.find(KIM, quote.quote_id, "BTC", Krw(50_000)) == quote
    assert 0 < await redis.ttl(keys.quote(quote.quote_id)) <= 30
    quoting.room.clock.seconds += 29
    await quoting.desk.find(KIM, quote.quote_id, "BTC", Krw(50_000))
    quoting.room.clock.seconds += 1
    assert await quoting.refused(quote.quote_id) is Refusal.QUOTE_EXPIRED, "its own time stamp says so"
    await redis.set(keys.quote(quote.quote_id), b"[" * 100_000)
    assert await quoting.refused(quote.quote_id) is Refusal.QUOTE_EXPIRED, "what is none of ours is no quote"
    await redis.delete([keys.quote(quote.quote_id)])
    quoting.room.clock.seconds = 0
    assert await quoting.refused(quote.quote_id) is Refusal.QUOTE_EXPIRED


async def test_a_quote_is_for_one_player_coin_amount_and_direction(quoting: Quoting, redis: Redis) -> None:
    quote_id = (await quoting.give(OUT, krw_amount=50_000)).quote_id
    assert await quoting.refused(quote_id, LEE) is Refusal.QUOTE_EXPIRED
    assert await quoting.refused(quote_id, won=50_001) is Refusal.QUOTE_DIFFERS
    assert await quoting.refused(quote_id, coin="ETH") is Refusal.QUOTE_DIFFERS
    way_in = await quoting.give(IN, krw_amount=50_000)
    assert await quoting.refused(way_in.quote_id, won=way_in.krw_amount) is Refusal.QUOTE_DIFFERS
    for bad in ("", "x", "a" * 22, "*" * 22, "é" * 22, "a" * 10_000):
        assert await quoting.refused(bad) is Refusal.QUOTE_EXPIRED
    await redis.set(keys.quote("b" * 22), b'{"user_id":1}')
    assert await quoting.refused("b" * 22) is Refusal.QUOTE_EXPIRED


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (QuoteWish("DOGE", OUT, krw_amount=Krw(50_000)), Refusal.NO_SUCH_COIN),
        (QuoteWish("USDC", OUT, krw_amount=Krw(50_000)), Refusal.COIN_CLOSED),
        (QuoteWish("ETH", IN, krw_amount=Krw(50_000)), Refusal.COIN_CLOSED),
        (QuoteWish("BTC", OUT, krw_amount=Krw(9_999)), Refusal.AMOUNT_TOO_SMALL),
        (QuoteWish("BTC", OUT, coin_amount=1), Refusal.AMOUNT_TOO_SMALL),
        (QuoteWish("BTC", OUT, krw_amount=Krw(100_000_001)), Refusal.AMOUNT_TOO_LARGE),
        (QuoteWish("USDT", IN, coin_amount=1), Refusal.AMOUNT_TOO_SMALL),
        (QuoteWish("BTC", IN, coin_amount=10**20), Refusal.AMOUNT_TOO_LARGE),
    ],
)
async def test_what_is_not_quoted(quoting: Quoting, wish: QuoteWish, code: Refusal) -> None:
    with pytest.raises(QuoteRefused) as refused:
        await quoting.desk.give(KIM, wish)
    assert refused.value.code is code


async def test_a_stopped_coin_is_not_quoted_and_an_open_one_is(quoting: Quoting) -> None:
    quoting.room.sources.upbit["BTC"] = "150000000"
    with pytest.raises(RateStopped):
        await quoting.give(OUT, krw_amount=50_000)
    first, second = [await quoting.give(IN, "USDC", krw_amount=50_000) for _ in range(2)]
    assert first.quote_id != second.quote_id
