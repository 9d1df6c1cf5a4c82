"""How busy a process is, and when that is too much."""

import json

import trio
from trio.testing import MockClock

from loadtest.client_load import NO_LOAD, Load, LoadProbe
from loadtest.latencies import Latencies


def load(share: float, lag_ms: float = 1.0) -> Load:
    lag = Latencies()
    for _ in range(100):
        lag.add(lag_ms / 1000)
    return Load(10 * share, 10.0, lag)


def test_a_busy_process_or_a_late_one_may_be_what_players_wait_for() -> None:
    assert not load(0.5).is_too_high()
    assert load(0.95).is_too_high()
    assert load(0.1, lag_ms=50.0).is_too_high()
    assert not NO_LOAD.is_too_high()


def test_loads_come_through_a_pipe_and_add_up() -> None:
    both = load(0.2).add(Load.of_document(json.loads(json.dumps(load(0.4).to_document()))))
    assert both.seconds == 20.0
    assert abs(both.cpu_share - 0.3) < 1e-9
    assert len(both.lag) == 200


async def test_the_lag_is_measured(autojump_clock: MockClock) -> None:
    probe = LoadProbe()
    with trio.move_on_after(1.0):
        await probe.run()
    window = probe.close_window()
    assert 15 <= len(window.lag) <= 21
    assert len(probe.close_window().lag) == 0
