"""A source that fails is left alone, and tried by one call at a time."""

from attrs import define

from wallet_worker.rates.breaker import Breaker, BreakerState


@define
class Clock:
    """Seconds that a test moves on."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def make_breaker() -> tuple[Breaker, Clock]:
    clock = Clock(100.0)
    return Breaker(3, 30.0, clock), clock


def state_of(breaker: Breaker) -> BreakerState:
    """It is another one each time, which types do not see."""
    return breaker.state


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.lets_through()
        breaker.failed()


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker, _ = make_breaker()
    fail(breaker, 2)
    assert breaker.lets_through()
    breaker.succeeded()
    fail(breaker, 2)
    assert state_of(breaker) == BreakerState.CLOSED
    fail(breaker, 1)
    assert state_of(breaker) == BreakerState.OPEN
    assert not breaker.lets_through()


def test_one_call_is_let_through_after_a_while_and_decides() -> None:
    breaker, clock = make_breaker()
    fail(breaker, 3)
    clock.seconds += 29.9
    assert not breaker.lets_through()
    clock.seconds += 0.1
    assert state_of(breaker) == BreakerState.HALF_OPEN
    assert [breaker.lets_through(), breaker.lets_through()] == [True, False]
    breaker.failed()
    assert state_of(breaker) == BreakerState.OPEN
    clock.seconds += 30
    assert breaker.lets_through()
    breaker.succeeded()
    assert state_of(breaker) == BreakerState.CLOSED
    fail(breaker, 2)
    assert state_of(breaker) == BreakerState.CLOSED


def test_a_call_that_nobody_waited_for_leaves_the_try_to_the_next() -> None:
    breaker, clock = make_breaker()
    fail(breaker, 3)
    clock.seconds += 30
    assert breaker.lets_through()
    breaker.gave_up()
    assert state_of(breaker) == BreakerState.HALF_OPEN
    assert breaker.lets_through()


def test_a_source_that_wants_to_be_left_alone_is_at_once() -> None:
    breaker, clock = make_breaker()
    assert breaker.lets_through()
    breaker.failed(90.0)
    clock.seconds += 89
    assert not breaker.lets_through()
    clock.seconds += 1
    assert breaker.lets_through()
    breaker.failed(0.5)
    clock.seconds += 29
    assert not breaker.lets_through()


def test_a_later_failure_does_not_shorten_the_wait() -> None:
    """Of two calls that were let through together, the second one to fail knows less than the first."""
    breaker, clock = make_breaker()
    fail(breaker, 1)
    assert breaker.lets_through()
    breaker.failed(90.0)
    breaker.failed()
    clock.seconds += 60
    assert state_of(breaker) == BreakerState.OPEN
