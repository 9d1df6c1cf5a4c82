"""The sources as one server on loopback, and a clock that a test moves on."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.clocks import MovedClock
from tests.fakes.rate_sources import RateSources, rate_sources
from wallet_worker.rates.asking import Door, open_way_out


@pytest.fixture
async def sources() -> AsyncIterator[RateSources]:
    async with rate_sources() as running:
        yield running


@pytest.fixture
async def door(sources: RateSources) -> AsyncIterator[Door]:
    """Lead to all three of them."""
    async with open_way_out() as http:
        yield Door(http, sources.url, 2.0)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()
