"""What most sentinels say counts; nobody waits for one that is silent."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import trio
import trio.testing
from coredis.exceptions import ConnectionError as ConnectionFailed

from cardroom.service.sentinels import Sentinels

OLD = ("10.0.0.1", 6379)
NEW = ("10.0.0.2", 6379)


class Witness:
    """A sentinel that says what it is told to: an address, nothing, or an error; or it never answers."""

    def __init__(self, says: tuple[str, int] | Exception | None, *, is_silent: bool = False) -> None:
        self.says = says
        self.is_silent = is_silent

    async def sentinel_get_master_addr_by_name(self, service: str) -> tuple[bytes, int] | None:
        assert service == "holdem"
        if self.is_silent:
            await trio.sleep_forever()
        if isinstance(self.says, Exception):
            raise self.says
        return None if self.says is None else (self.says[0].encode(), self.says[1])

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        yield self


@asynccontextmanager
async def asking(witnesses: Sequence[Witness]) -> AsyncIterator[Sentinels]:
    sentinels = Sentinels([cast("Any", one.open) for one in witnesses], "holdem", 1.0, 2.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sentinels.run)
        await trio.testing.wait_all_tasks_blocked()
        yield sentinels
        nursery.cancel_scope.cancel()


async def test_the_majority_counts_and_nobody_waits_for_the_silent(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with asking([Witness(NEW), Witness(None, is_silent=True), Witness(NEW)]) as sentinels:
        before = trio.current_time()
        assert await sentinels.find() == NEW
        assert trio.current_time() == before


async def test_one_that_still_names_the_old_primary_is_outvoted(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with asking([Witness(OLD), Witness(NEW), Witness(NEW)]) as sentinels:
        assert await sentinels.find() == NEW


async def test_without_a_majority_those_that_answer_in_time_count(
    autojump_clock: trio.testing.MockClock,
) -> None:
    silent = Witness(None, is_silent=True)
    async with asking([silent, Witness(OLD), silent]) as sentinels:
        before = trio.current_time()
        assert await sentinels.find() == OLD
        assert trio.current_time() == before + 2.0


async def test_nobody_names_one(autojump_clock: trio.testing.MockClock) -> None:
    async with asking([Witness(None), Witness(OSError()), Witness(ConnectionFailed("gone"))]) as sentinels:
        with pytest.raises(ConnectionFailed):
            await sentinels.find()


async def test_a_change_is_told_once_most_have_seen_it(autojump_clock: trio.testing.MockClock) -> None:
    witnesses = [Witness(OLD), Witness(OLD), Witness(OLD)]
    told: list[tuple[str, int]] = []
    async with asking(witnesses) as sentinels:
        sentinels.on_primary = lambda host, port: told.append((host, port))
        witnesses[0].says = NEW
        await trio.sleep(3.0)
        assert set(told) == {OLD}
        witnesses[1].says = NEW
        await trio.sleep(1.5)
        assert told[-1] == NEW
