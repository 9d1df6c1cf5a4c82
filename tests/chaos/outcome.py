"""What a run has shown, put together of faults, records and ledger; pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from attrs import Factory, define, frozen

from cardroom.ids import HandId, TableId
from tests.chaos.checker import Objection, Wrong
from tests.chaos.faults import TAKES_ALL, TAKES_MEMORY, Fault
from tests.chaos.ledger import SettledHand
from tests.chaos.seen import SeenHand

_LONGEST_TURN_SECONDS = 30.0
"""A hand of which nothing was heard for so long had no more players."""
_BEFORE_SECONDS = 3.0
"""What Valkey and a node took to their grave together may be so old, with a file written each second."""


@define
class Course:
    """How one fault went. Times of the steady clock; a recovery is None while play has not gone on."""

    fault: Fault
    began_at: float
    since: float
    recovery_seconds: float | None
    pause_seconds: float
    """The longest time without an action at a table that was in play."""
    complaints: Sequence[str] = ()
    """What was wrong after it."""
    in_play: int = 0
    """Hands that were in play at the node when its memory was lost."""
    resumed: int = 0
    """How many of them were settled later."""
    void: int = 0
    """Hands that do not count because of this fault."""


@frozen
class Findings:
    """Everything at the end of a run."""

    courses: Sequence[Course]
    krw_off: int
    objections: Sequence[Objection]
    complaints: Sequence[str]
    """What else must not be: of the last verification, of the bots, of processes."""
    hands_settled: int
    actions: int
    seconds: float
    protocol_errors: Mapping[str, int] = Factory(dict)

    @property
    def is_good(self) -> bool:
        """Whether nothing was wrong."""
        late = any(course.recovery_seconds is None or course.complaints for course in self.courses)
        return not (self.krw_off or self.objections or self.complaints or late)

    def count(self, *wrongs: Wrong) -> int:
        """Count objections of some kinds."""
        return sum(objection.wrong in wrongs for objection in self.objections)

    def as_line(self) -> dict[str, Any]:
        """Give the last line of the output."""
        recoveries = [one.recovery_seconds for one in self.courses if one.recovery_seconds is not None]
        return {
            "faults": len(self.courses),
            "krw_off": self.krw_off,
            "double_settled": self.count(Wrong.SETTLED_TWICE),
            "seen_undone": self.count(Wrong.SEEN_UNDONE, Wrong.OTHER_RESULT),
            "hands_resumed": sum(course.resumed for course in self.courses),
            "hands_void": sum(course.void for course in self.courses),
            "recovery_p95_s": round(percentile(recoveries, 95), 3),
        }


def merge(runs: Sequence[Findings]) -> Findings:
    """Put several runs together."""
    errors: Counter[str] = Counter()
    for run in runs:
        errors.update(run.protocol_errors)
    return Findings(
        courses=[course for run in runs for course in run.courses],
        krw_off=sum(run.krw_off for run in runs),
        objections=[objection for run in runs for objection in run.objections],
        complaints=[complaint for run in runs for complaint in run.complaints],
        hands_settled=sum(run.hands_settled for run in runs),
        actions=sum(run.actions for run in runs),
        seconds=sum(run.seconds for run in runs),
        protocol_errors=dict(errors),
    )


def percentile(values: Iterable[float], percent: float) -> float:
    """Give the value that ``percent`` of all do not exceed; 0 without any."""
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * percent / 100) - 1] if ordered else 0.0


def attribute(
    courses: Sequence[Course], seen: Mapping[HandId, SeenHand], settled: Mapping[HandId, SettledHand]
) -> set[HandId]:
    """Note at each fault which hands it made void or was survived by; gives those that may be void.

    A void hand belongs to the fault in whose time it was seen last: before the first one to the first.
    """
    following = _following(seen.values())
    for course in courses:
        lost = [hand for hand in seen.values() if _was_lost(hand, course, following.get(hand.hand_id))]
        course.in_play = len(lost)
        course.resumed = sum(hand.hand_id in settled for hand in lost)
    void = [hand for hand in seen.values() if hand.hand_id not in settled]
    by_course = Counter(_course_of(hand, courses) for hand in void)
    for number, course in enumerate(courses):
        course.void = by_course[number]
    return {hand.hand_id for hand in seen.values() if any(_may_be_lost(hand, one) for one in courses)}


def _following(hands: Iterable[SeenHand]) -> dict[HandId, float]:
    """Give when the next hand of the same table was first seen: then an earlier one is in play no more."""
    by_table: dict[TableId, list[SeenHand]] = {}
    for hand in sorted(hands, key=lambda one: one.first_at):
        by_table.setdefault(hand.table_id, []).append(hand)
    return {one.hand_id: after.first_at for table in by_table.values() for one, after in pairwise(table)}


def _was_lost(hand: SeenHand, course: Course, next_at: float | None) -> bool:
    """Say whether a hand was in play at a node when the node lost it."""
    if next_at is not None and next_at <= course.began_at:
        return False
    if course.fault.kind not in TAKES_MEMORY | TAKES_ALL or hand.first_at >= course.began_at:
        return False
    if hand.ended_at is not None and hand.ended_at <= course.began_at:
        return False
    nodes = [(at, node) for node, at in hand.nodes.items() if at < course.began_at]
    is_old = hand.last_at < course.began_at - _LONGEST_TURN_SECONDS
    return not is_old and max(nodes)[1] == course.fault.target


def _may_be_lost(hand: SeenHand, course: Course) -> bool:
    is_then = (
        course.began_at - _BEFORE_SECONDS <= hand.last_at <= course.since + (course.recovery_seconds or 0.0)
    )
    return course.fault.kind in TAKES_ALL and is_then


def _course_of(hand: SeenHand, courses: Sequence[Course]) -> int:
    before = [number for number, course in enumerate(courses) if course.began_at <= hand.last_at + 1.0]
    return before[-1] if before else 0
