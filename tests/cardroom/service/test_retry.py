"""Both retry policies end."""

import pytest
from tenacity import AsyncRetrying
from trio.testing import MockClock

from cardroom.service.retry import retry_idempotent, wait_for_start


class Away(Exception):
    """A server that is not there."""


async def calls_until_it_works(policy: AsyncRetrying, errors: list[Exception]) -> int:
    """Call what fails with these errors, one after the other, and then works."""
    calls = 0
    async for attempt in policy:
        with attempt:
            calls += 1
            if errors:
                raise errors.pop(0)
    return calls


async def test_a_call_is_repeated_and_then_fails(autojump_clock: MockClock) -> None:
    errors: list[Exception] = [Away(), Away(), Away(), Away()]
    with pytest.raises(Away):
        await calls_until_it_works(retry_idempotent(Away, attempts=3), errors)
    assert len(errors) == 1


async def test_another_error_is_not_repeated(autojump_clock: MockClock) -> None:
    errors: list[Exception] = [KeyError(), KeyError()]
    with pytest.raises(KeyError):
        await calls_until_it_works(retry_idempotent(Away), errors)
    assert len(errors) == 1


async def test_a_server_that_starts_is_waited_for() -> None:
    assert await calls_until_it_works(wait_for_start(Away, seconds=5), [Away(), Away(), Away()]) == 4


async def test_a_server_that_never_starts_is_not_waited_for_for_ever() -> None:
    with pytest.raises(Away):
        await calls_until_it_works(wait_for_start(Away, seconds=0.2), [Away() for _ in range(1000)])
