"""Rates of now; when there is none; how conversion stops, and what lets it go on."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
import trio
from prometheus_client import REGISTRY

from cardroom.local.servers import free_port
from cardroom.service.postgres import Postgres, PostgresAway, open_postgres
from cardroom.service.redis import Redis
from cardroom.service.settings import PostgresSettings
from tests.fakes.rate_sources import BINANCE, COINGECKO, UPBIT, Mood
from tests.wallet_worker.rate_room import RateRoom, open_rate_room
from wallet_worker.cashier.rate_desk import Rates
from wallet_worker.rates.port import RateNow, RateSide, RateStopped, RateUnavailable
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.prices import StopReason
from wallet_worker.store.coin_rates import accept_price, note_used, read_coin_rate

IN, OUT = RateSide.DEPOSIT, RateSide.WITHDRAWAL


@pytest.fixture
async def room(database: Postgres, redis: Redis) -> AsyncIterator[RateRoom]:
    async with open_rate_room(database, redis) as opened:
        yield opened


async def use(room: RateRoom, coin: str = "BTC") -> RateNow:
    """Convert at the rate of now."""
    now = await room.rates.current(coin, IN)
    async with room.rates.postgres.transaction() as transaction:
        await note_used(transaction, now)
    return now


async def accept(room: RateRoom, coin: str, price: int | None = None) -> None:
    async with room.rates.postgres.transaction() as transaction:
        await accept_price(transaction, coin, None if price is None else Decimal(price))


async def reason_of(room: RateRoom, coin: str = "BTC") -> StopReason | None:
    return (await read_coin_rate(room.rates.postgres, coin)).standing.stop


def measured(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_the_first_choice_is_used_rounded_against_the_player(room: RateRoom) -> None:
    came, went = await room.rates.current("ETH", IN), await room.rates.current("ETH", OUT)
    assert (came.rate, went.rate) == (Rate(5_000_000, 18), Rate(5_000_001, 18))
    assert came.price == went.price == Decimal("5000000.5")
    assert came.source == "coingecko"
    assert timedelta(0) <= room.clock() - came.given_at < timedelta(seconds=30)
    assert (await room.rates.current("USDT", OUT)).rate == Rate(1450, 6)
    assert measured("holdem_rate_sources", coin="ETH") == 3
    assert measured("holdem_rate_stopped", coin="ETH", reason="jump") == 0


async def test_who_is_away_is_replaced_by_the_next(room: RateRoom) -> None:
    room.sources.moods[COINGECKO] = Mood.LIMITED
    assert (await room.rates.current("USDC", IN)).source == "upbit"
    await room.pass_time()
    del room.sources.upbit["USDC"]
    crossed = await room.rates.current("USDC", IN)
    assert (crossed.source, crossed.price) == ("binance x upbit", Decimal("1451.1451"))
    await room.pass_time()
    room.sources.moods[BINANCE] = Mood.BROKEN
    with pytest.raises(RateUnavailable):
        await room.rates.current("USDC", IN)
    assert (await room.rates.current("BTC", IN)).source == "upbit"


async def test_what_is_older_than_ten_minutes_is_never_used(room: RateRoom) -> None:
    room.sources.moods = {UPBIT: Mood.BROKEN, BINANCE: Mood.BROKEN}
    room.sources.seconds_old = 570.0
    await room.rates.current("BTC", IN)
    room.clock.seconds += 50
    with pytest.raises(RateUnavailable):
        await room.rates.current("BTC", IN)
    assert room.sources.asked[COINGECKO] == 1, "it grew too old while it was remembered"
    assert (measured("holdem_rate_age_seconds", coin="BTC") or 0) > 600
    await room.pass_time(0)
    room.sources.moods[COINGECKO] = Mood.BROKEN
    room.clock.seconds += 20
    with pytest.raises(RateUnavailable):
        await room.rates.current("BTC", IN)


async def test_sources_that_differ_stop_that_coin_and_no_other(room: RateRoom) -> None:
    room.sources.upbit["BTC"] = "150000000"
    for _ in range(2):
        with pytest.raises(RateStopped):
            await room.rates.current("BTC", OUT)
    assert await reason_of(room) is StopReason.DISAGREEMENT
    assert room.events() == ["rate.stopped"]
    assert measured("holdem_rate_stopped", coin="BTC", reason="disagreement") == 1
    assert (measured("holdem_rate_difference_basis_points", coin="BTC") or 0) > 500
    await room.rates.current("ETH", OUT)


async def test_a_disagreement_ends_when_two_agree_again_and_not_before(room: RateRoom) -> None:
    room.sources.upbit["BTC"] = "150000000"
    with pytest.raises(RateStopped):
        await room.rates.current("BTC", IN)
    room.sources.moods = {UPBIT: Mood.NO_JSON}
    await room.pass_time()
    with pytest.raises(RateStopped):
        await room.rates.current("BTC", IN)
    room.sources.moods = {}
    room.sources.upbit["BTC"] = "142000000"
    await room.pass_time()
    assert room.events() == ["rate.stopped", "rate_source.failed"]
    assert (await room.rates.current("BTC", IN)).price == 142_350_000
    assert await reason_of(room) is None
    assert room.events() == ["rate.goes_on"]


async def test_a_jump_stops_until_an_administrator_accepts(room: RateRoom) -> None:
    await use(room)
    room.sources.set_all("BTC", 170_000_000)
    await room.pass_time()
    with pytest.raises(RateStopped):
        await use(room)
    room.sources.set_all("BTC", 142_350_000)
    await room.pass_time()
    with pytest.raises(RateStopped):
        await use(room)
    assert await reason_of(room) is StopReason.JUMP
    await accept(room, "BTC", 160_000_000)
    room.sources.set_all("BTC", 171_000_000)
    await room.pass_time()
    assert (await use(room)).price == 171_000_000
    assert (await read_coin_rate(room.rates.postgres, "BTC")).price == 171_000_000


async def test_accepting_a_wrong_price_converts_nothing_at_it(room: RateRoom) -> None:
    await use(room)
    room.sources.set_all("BTC", 170_000_000)
    await room.pass_time()
    with pytest.raises(RateStopped):
        await use(room)
    await accept(room, "BTC", 17_000_000)
    with pytest.raises(RateStopped):
        await use(room)
    await accept(room, "BTC")
    assert (await use(room)).price == 170_000_000


async def test_a_jump_is_measured_from_what_was_used_not_from_what_was_seen(room: RateRoom) -> None:
    await use(room)
    for price in (155_000_000, 165_000_000):
        room.sources.set_all("BTC", price)
        await room.pass_time()
        if price == 155_000_000:
            await room.rates.current("BTC", IN)
    with pytest.raises(RateStopped):
        await room.rates.current("BTC", IN)


async def test_what_one_worker_stops_no_other_converts(
    room: RateRoom, database: Postgres, redis: Redis
) -> None:
    async with open_rate_room(database, redis) as other:
        await other.rates.current("BTC", IN)
        room.sources.upbit["BTC"] = "150000000"
        await room.pass_time()
        with pytest.raises(RateStopped):
            await room.rates.current("BTC", IN)
        with pytest.raises(RateStopped):
            await other.rates.current("BTC", IN)
        assert await reason_of(room) is StopReason.DISAGREEMENT, "what it saw before ends nothing"


async def test_without_the_database_there_is_no_rate(room: RateRoom) -> None:
    gone = PostgresSettings(dsn=f"postgresql://x@127.0.0.1:{free_port()}/x", connect_seconds=0.5)
    async with open_postgres(gone, must_answer=False) as away:
        rates = Rates(room.rates.market, away, room.rates.settings, ["BTC"], room.rates.log)
        with pytest.raises(PostgresAway):
            await rates.current("BTC", IN)
        with trio.move_on_after(1.0):
            await rates.run()
        assert "rates.not_watched" in room.events()


async def test_the_watch_sees_stops_that_nobody_asks_about(room: RateRoom) -> None:
    room.sources.upbit["ETH"] = "5500000"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.rates.run)
        with trio.fail_after(10):
            while await reason_of(room, "ETH") is None:  # noqa: ASYNC110 (a row of the database)
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
    assert await reason_of(room, "BTC") is None


async def test_how_all_coins_stand_is_shown_and_not_changed(room: RateRoom) -> None:
    room.sources.upbit["ETH"] = "5500000"
    found = await room.rates.quotations()
    assert sorted(found) == ["BTC", "ETH", "USDC", "USDT"]
    assert found["ETH"].verdict.stop is StopReason.DISAGREEMENT
    assert [price.source for price in found["USDT"].prices] == ["coingecko", "upbit"]
    assert await reason_of(room, "ETH") is None
