"""Times as sources write them."""

from datetime import UTC, datetime, timedelta

from wallet_worker.rates.readings import read_moment

SECOND = timedelta(seconds=1)


def test_a_moment_ahead_is_the_moment_of_asking() -> None:
    asked_at = datetime(2026, 1, 1, tzinfo=UTC)
    then = int(asked_at.timestamp())
    assert read_moment(then - 60, 1, asked_at) == asked_at - 60 * SECOND
    assert read_moment(then * 1000 - 1, 1000, asked_at) == asked_at - timedelta(milliseconds=1)
    assert read_moment(then + 3600, 1, asked_at) == asked_at
    for bad in (0, -1, True, None, "1767225600", 1.5, 10**30):
        assert read_moment(bad, 1, asked_at) is None
