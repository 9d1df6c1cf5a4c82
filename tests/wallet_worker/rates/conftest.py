"""The sources as one server on loopback, and a clock that a test moves on."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.clocks import MovedClock
from tests.fakes.rate_sources import RateSources, rate_sources


@pytest.fixture
async def sources() -> AsyncIterator[RateSources]:
    async with rate_sources() as running:
        yield running


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()
