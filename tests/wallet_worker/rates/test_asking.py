"""Whatever a server does, a question ends in JSON without floats, ``SourceAway`` or ``SourceFailed``."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from cardroom.local.servers import free_port
from tests.fakes.rate_sources import BINANCE, COINGECKO, UPBIT, Mood, RateSources
from wallet_worker.rates.asking import Door, SourceAway, SourceFailed, open_way_out

PAGE, WORDS = "/v1/ticker", {"markets": "KRW-USDC"}


@pytest.fixture
async def door(sources: RateSources) -> AsyncIterator[Door]:
    async with open_way_out() as http:
        yield Door(http, sources.url, 0.5)


async def test_numbers_with_a_point_are_exact(door: Door, sources: RateSources) -> None:
    sources.upbit["USDC"] = "1450.10000000000000000001"
    (said,) = await door.get(PAGE, WORDS)
    assert said["trade_price"] == Decimal("1450.10000000000000000001")
    assert isinstance(said["timestamp"], int)


@pytest.mark.parametrize("mood", [Mood.BROKEN, Mood.SILENT, Mood.CUT])
async def test_who_cannot_answer_is_away(door: Door, sources: RateSources, mood: Mood) -> None:
    sources.set_moods(mood)
    with pytest.raises(SourceAway):
        await door.get(PAGE, WORDS)


async def test_who_is_not_there_is_away() -> None:
    async with open_way_out() as http:
        for url in (f"http://127.0.0.1:{free_port()}", "no url", "http://[x", "http://a:b"):
            with pytest.raises(SourceAway):
                await Door(http, url, 2.0).get(PAGE, WORDS)


@pytest.mark.parametrize("mood", [Mood.NO_JSON, Mood.HUGE])
async def test_what_is_no_answer_is_not_asked_again(door: Door, sources: RateSources, mood: Mood) -> None:
    sources.set_moods(mood)
    with pytest.raises(SourceFailed, match="malformed"):
        await door.get(PAGE, WORDS)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e99999999999999999999", "9" * 5000])
async def test_what_is_no_number_is_no_json(door: Door, sources: RateSources, text: str) -> None:
    sources.upbit["USDC"] = text
    with pytest.raises(SourceFailed, match="malformed"):
        await door.get(PAGE, WORDS)


@pytest.mark.parametrize(
    ("after", "seconds"), [("", 1.0), ("45", 45.0), ("0", 1.0), ("99999", 600.0), ("Wed, 21 Oct", 1.0)]
)
async def test_who_is_asked_too_often_says_how_long(
    door: Door, sources: RateSources, after: str, seconds: float
) -> None:
    sources.set_moods(Mood.LIMITED)
    sources.retry_after = after
    with pytest.raises(SourceFailed) as failed:
        await door.get(PAGE, WORDS)
    assert (failed.value.outcome, failed.value.wait_seconds) == ("limited", seconds)


async def test_another_status_is_no_answer(door: Door, sources: RateSources) -> None:
    for path in ("/nowhere", PAGE):
        with pytest.raises(SourceFailed) as failed:
            await door.get(path, {"markets": "KRW-DOGE"})
        assert (failed.value.outcome, failed.value.status) == ("refused", 404)
    assert set(sources.asked) <= {COINGECKO, UPBIT, BINANCE}
