"""A source is asked three times, left alone when it fails, and never in the way."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import trio
from attrs import define, field
from structlog.testing import LogCapture
from trio.testing import MockClock

from tests.fakes.logs import captured_by
from wallet_worker.rates.asking import SourceAway, SourceFailed
from wallet_worker.rates.breaker import Breaker, BreakerState
from wallet_worker.rates.guarded import GuardedSource
from wallet_worker.rules.prices import Price

PRICES = {"BTC": Price("scripted", Decimal(1), datetime(2026, 1, 1, tzinfo=UTC))}
AWAY, LIMITED = SourceAway("away"), SourceFailed("limited", "status 429", status=429, wait_seconds=90.0)


@define
class Scripted:
    """Fails as the script says, one call after the other; answers after its end."""

    script: list[Exception | Callable[[], None]]
    calls: int = 0
    name: str = "scripted"
    hangs: bool = False

    async def ask(self) -> Mapping[str, Price]:
        self.calls += 1
        if self.hangs:
            await trio.sleep_forever()
        if self.script:
            trouble = self.script.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
        return PRICES


@define
class Guard:
    source: Scripted
    lines: LogCapture = field(factory=LogCapture)
    guarded: GuardedSource = field(init=False)

    def __attrs_post_init__(self) -> None:
        breaker = Breaker(3, 30.0, trio.current_time)
        self.guarded = GuardedSource(self.source, breaker, 9.0, captured_by(self.lines))


def guard(*script: Exception) -> Guard:
    troubles: Sequence[Exception] = script
    return Guard(Scripted(list(troubles)))


async def test_it_is_asked_up_to_three_times(autojump_clock: MockClock) -> None:
    one = guard(AWAY, AWAY)
    assert await one.guarded.ask() == PRICES
    assert (one.source.calls, one.guarded.state, one.lines.entries) == (3, BreakerState.CLOSED, [])


async def test_after_three_failures_it_is_left_alone_and_then_tried_once(autojump_clock: MockClock) -> None:
    one = guard(AWAY, AWAY, AWAY, AWAY)
    assert await one.guarded.ask() == {}
    assert one.guarded.breaker.state.name == "OPEN"
    assert await one.guarded.ask() == {}
    assert (one.source.calls, len(one.lines.entries)) == (3, 1)
    await trio.sleep(30)
    assert await one.guarded.ask() == {}
    assert one.source.calls == 4, "one call only, while it is tried"
    await trio.sleep(30)
    assert await one.guarded.ask() == PRICES
    assert one.guarded.state is BreakerState.CLOSED


async def test_too_many_requests_are_not_made_more(autojump_clock: MockClock) -> None:
    one = guard(LIMITED)
    assert await one.guarded.ask() == {}
    await trio.sleep(89)
    assert await one.guarded.ask() == {}
    assert one.source.calls == 1
    await trio.sleep(1)
    assert await one.guarded.ask() == PRICES


async def test_what_is_no_answer_is_not_asked_again_at_once(autojump_clock: MockClock) -> None:
    one = guard(SourceFailed("malformed", "not JSON"))
    assert await one.guarded.ask() == {}
    assert one.source.calls == 1
    assert one.lines.entries[0]["event"] == "rate_source.failed"


async def test_all_tries_together_have_a_limit(autojump_clock: MockClock) -> None:
    one = guard()
    one.source.hangs = True
    began = trio.current_time()
    assert await one.guarded.ask() == {}
    assert trio.current_time() - began == 9
    assert one.lines.entries[0]["event"] == "rate_source.too_slow"
    one.source.hangs = False
    assert await one.guarded.ask() == PRICES


async def test_who_goes_away_while_it_is_tried_leaves_the_try_to_the_next(autojump_clock: MockClock) -> None:
    one = guard(AWAY, AWAY, AWAY)
    await one.guarded.ask()
    await trio.sleep(30)
    one.source.hangs = True
    with trio.move_on_after(1):
        await one.guarded.ask()
    one.source.hangs = False
    assert await one.guarded.ask() == PRICES
