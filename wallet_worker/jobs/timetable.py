"""Which jobs there are and when they are due."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta

from attrs import frozen


@frozen
class DailyJob:
    """Something to do once a day, from this hour and minute on; ``run`` may be repeated for the same day."""

    name: str
    hour: int
    minute: int
    run: Callable[[date], Awaitable[object]]

    def newest_due(self, now: datetime) -> date:
        """Give the newest day whose time has come; ``now`` is in the time zone that days are of."""
        has_come = now.time() >= time(self.hour, self.minute)
        return now.date() if has_come else now.date() - timedelta(days=1)
