"""When a limit that a player changes begins: what is tighter at once, what is looser after a wait.

A limit is whole won or minutes; None is no limit. The newest term of a kind says all, so that a wish takes
the place of any that still waits. Times are milliseconds since 1970.
"""

from typing import Final

from attrs import frozen

MAX_AMOUNT: Final = 10**15
"""No limit of money is larger, in won: the ledger knows no larger amount."""

DAY_MINUTES: Final = 24 * 60
EXCLUSION_HOURS: Final = range(24, 10 * 365 * 24 + 1)
"""How long a self-exclusion lasts that is not for ever."""

_HOUR_MS: Final = 3_600_000


@frozen
class Term:
    """``before`` holds until ``begins_ms``, ``value`` from then on."""

    value: int | None
    before: int | None
    asked_ms: int
    begins_ms: int


class ExclusionStands(Exception):
    """The self-exclusion that stands ends later than what is asked for."""


def in_force(term: Term | None, now_ms: int) -> int | None:
    """Give what holds now."""
    if term is None:
        return None
    return term.value if has_begun(term, now_ms) else term.before


def has_begun(term: Term, now_ms: int) -> bool:
    """Say whether a term's value holds; what began when it was asked for does on every clock."""
    return term.begins_ms <= max(now_ms, term.asked_ms)


def is_looser(value: int | None, than: int | None) -> bool:
    """Say whether a limit lets more through than another."""
    return than is not None and (value is None or value > than)


def change_limit(term: Term | None, wanted: int | None, now_ms: int, wait_ms: int) -> Term | None:
    """Give the term that a wish makes; None where it changes nothing, because it holds or waits already.

    What is not looser than what holds begins now; a looser one that waits is ended by it. What is looser
    begins after ``wait_ms``, and whatever waited before it is ended.
    """
    holds = in_force(term, now_ms)
    comes = term.value if term is not None else None
    if wanted == comes:
        return None
    wait = wait_ms if is_looser(wanted, holds) else 0
    return Term(wanted, holds, now_ms, now_ms + wait)


def exclude(until_ms: int | None, hours: int | None, for_ever_ms: int, now_ms: int) -> int:
    """Give until when a player is excluded who asks for so many hours, None for ever.

    Raises ``ExclusionStands`` where one stands until later.
    """
    wanted = for_ever_ms if hours is None else min(now_ms + hours * _HOUR_MS, for_ever_ms)
    if until_ms is not None and until_ms > max(now_ms, wanted):
        raise ExclusionStands
    return wanted
