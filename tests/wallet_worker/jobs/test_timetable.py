"""A job is due from its minute on, by the clock of its zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from wallet_worker.jobs.timetable import DailyJob


async def nothing(day: date) -> None:
    raise AssertionError("nobody runs it")


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-11-28T04:59:59", "UTC", "2026-11-27"),
        ("2026-11-28T05:00:00", "UTC", "2026-11-28"),
        ("2026-11-28T23:59:59", "UTC", "2026-11-28"),
        ("2026-11-28T00:00:00", "UTC", "2026-11-27"),
        ("2026-11-27T20:00:00", "Asia/Seoul", "2026-11-28"),
        ("2026-11-27T19:59:00", "Asia/Seoul", "2026-11-27"),
        ("2026-01-01T00:00:00", "Pacific/Honolulu", "2025-12-31"),
    ],
)
def test_the_newest_day_that_is_due(now: str, zone: str, due: str) -> None:
    here = datetime.fromisoformat(now).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert DailyJob("count", 5, 0, nothing).newest_due(here) == date.fromisoformat(due)
