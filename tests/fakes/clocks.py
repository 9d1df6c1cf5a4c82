"""Clocks that a test moves on, beginning with the time of now: servers under test have no other."""

from datetime import UTC, datetime, timedelta

from attrs import define


@define
class MovedClock:
    """Gives the time of now, and what it was moved on by."""

    seconds: float = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)
