"""Which hands a fault took, which went on, and what the last line says."""

from pathlib import Path
from uuid import uuid4

from attrs import evolve

from cardroom.ids import HandId
from tests.chaos.checker import Objection, Wrong
from tests.chaos.faults import VALKEY, Fault, Kind
from tests.chaos.forged import HAND, TABLE, lines, settled, told
from tests.chaos.outcome import Course, Findings, attribute, percentile
from tests.chaos.report import result_line, write_report
from tests.chaos.seen import Seen, SeenHand

KILLED = Fault(1, Kind.NODE_KILLED, "node-1")
CUT = Fault(2, Kind.LINK_CUT, "node-1", VALKEY, amount=0.3)
BOTH = Fault(3, Kind.NODE_AND_VALKEY_KILLED, "node-1", VALKEY)


def course(fault: Fault, at: float) -> Course:
    return Course(fault, at, at, recovery_seconds=2.0, pause_seconds=2.1)


def seen(begins: float, ends: float | None, node: str = "node-1") -> dict[HandId, SeenHand]:
    found = Seen().read(lines(told()[:3], at=begins, node=node))
    if ends is not None:
        found.read(lines(told()[8:], at=ends, node=node, connection=1))
        found.read(lines([told()[0], told()[8]], at=ends, node=node, connection=2))
    return found.hands


def test_a_hand_in_play_at_a_kill_is_resumed_or_void() -> None:
    first, second = course(KILLED, 55.0), course(CUT, 80.0)
    attribute([first, second], seen(50.0, 60.0), {HAND: settled()})
    assert (first.in_play, first.resumed, first.void, second.void) == (1, 1, 0, 0)
    attribute([first, second], seen(50.0, None), {})
    assert (first.in_play, first.resumed, first.void, second.void) == (1, 0, 1, 0)


def test_a_hand_that_ended_before_or_began_after_or_at_another_node_was_not_in_play() -> None:
    for hands in (seen(40.0, 54.0), seen(56.0, 60.0), seen(50.0, 60.0, "node-2")):
        only = course(KILLED, 55.0)
        attribute([only], hands, {HAND: settled()})
        assert only.in_play == 0


def test_a_hand_that_an_earlier_fault_has_voided_is_not_in_play_at_the_next() -> None:
    hands, only = seen(50.0, None), course(KILLED, 55.0)
    (voided,) = hands.values()
    other = evolve(voided, hand_id=HandId(uuid4()), first_at=54.0, last_at=54.5)
    attribute([only], hands | {other.hand_id: other}, {})
    assert only.in_play == 1


def test_only_both_together_may_take_a_hand_that_was_seen_to_end() -> None:
    assert attribute([course(KILLED, 55.0)], seen(50.0, 54.0), {}) == set()
    assert attribute([course(BOTH, 55.0)], seen(50.0, 54.0), {}) == {HAND}


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([3.0, 1.0, 2.0], 95) == 3.0
    assert percentile([], 95) == 0.0


GOOD = Findings([course(KILLED, 1.0)], 0, [], [], hands_settled=10, actions=100, seconds=60.0)


def test_the_last_line_and_when_all_is_good() -> None:
    assert result_line(GOOD) == (
        '{"faults":1,"krw_off":0,"double_settled":0,"seen_undone":0,"hands_resumed":0,"hands_void":0,'
        '"recovery_p95_s":2.0}'
    )
    assert GOOD.is_good
    stuck = evolve(GOOD, courses=[Course(KILLED, 1.0, 1.0, None, 45.0)])
    twice = evolve(GOOD, objections=[Objection(Wrong.SETTLED_TWICE, TABLE, 1, "2 settlements")])
    for bad in (evolve(GOOD, krw_off=1), evolve(GOOD, complaints=["verify"]), stuck, twice):
        assert not bad.is_good
    assert twice.as_line()["double_settled"] == 1


def test_the_report_names_what_did_not_hold(tmp_path: Path) -> None:
    write_report(tmp_path, evolve(GOOD, complaints=["a table is halted"]), "python -m tests.chaos")
    page = (tmp_path / "report.md").read_text()
    assert "a table is halted" in page
    assert KILLED.kind.value in page
    assert "<circle" in (tmp_path / "recovery.svg").read_text()
