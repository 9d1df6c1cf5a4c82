"""Times as sources write them."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999."""


def read_moment(value: object, in_a_second: int, asked_at: datetime) -> datetime | None:
    """Give the moment of a Unix time of which there are ``in_a_second`` in a second; None for what is none.

    What is ahead of the moment of asking is that moment: a price from a source whose clock is ahead would
    never grow old otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if not 0 < value <= _LAST_SECOND * in_a_second:
        return None
    return min(_EPOCH + timedelta(microseconds=value * 1_000_000 // in_a_second), asked_at)
