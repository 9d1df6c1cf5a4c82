"""The report of a run: a page of Markdown, a chart beside it, and the line that programs read."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.chaos.chart import draw_recoveries
from tests.chaos.faults import TAKES_MEMORY, Kind
from tests.chaos.outcome import Course, Findings, percentile

_WORST: Final = 200


def write_report(folder: Path, findings: Findings, command: str) -> None:
    """Write ``report.md``, ``recovery.svg`` and ``faults.json`` into a folder."""
    (folder / "report.md").write_text("\n".join(_page(findings, command)) + "\n", encoding="utf-8")
    (folder / "recovery.svg").write_text(draw_recoveries(findings.courses), encoding="utf-8")
    courses = [
        {
            "number": course.fault.number, "fault": str(course.fault), "recovery_s": course.recovery_seconds,
            "pause_s": course.pause_seconds, "began_at": course.began_at, "in_play": course.in_play,
            "resumed": course.resumed, "void": course.void, "complaints": list(course.complaints),
        }
        for course in findings.courses
    ]  # fmt: skip
    (folder / "faults.json").write_text(json.dumps(courses, indent=1) + "\n", encoding="utf-8")


def result_line(findings: Findings) -> str:
    """Give the last line of the output."""
    return json.dumps(findings.as_line(), separators=(",", ":"))


def _page(findings: Findings, command: str) -> Iterator[str]:
    yield "# Chaos run"
    yield ""
    yield f"`{command}`: {'everything held' if findings.is_good else '**something did not hold**'}."
    yield ""
    yield from _numbers(findings)
    yield "![recovery](recovery.svg)"
    yield ""
    yield from _by_kind(findings.courses)
    yield from _wrongs(findings)
    yield from _course_by_course(findings.courses)
    yield f"`{result_line(findings)}`"


def _numbers(findings: Findings) -> Iterator[str]:
    recoveries = _recoveries(findings.courses)
    in_play = sum(course.in_play for course in findings.courses if course.fault.kind in TAKES_MEMORY)
    resumed = sum(course.resumed for course in findings.courses if course.fault.kind in TAKES_MEMORY)
    share = f" ({100 * resumed / in_play:.1f} %)" if in_play else ""
    rows = {
        "faults": len(findings.courses),
        "duration": f"{findings.seconds:.0f} s",
        "hands settled": findings.hands_settled,
        "actions carried out": findings.actions,
        "KRW off": findings.krw_off,
        "recovery p50 / p95 / max": " / ".join(
            f"{percentile(recoveries, percent):.2f} s" for percent in (50, 95, 100)
        ),
        "hands in play when a node lost them, Valkey alive": in_play,
        "of them resumed": f"{resumed}{share}",
        "hands void": sum(course.void for course in findings.courses),
        "bots' protocol errors": json.dumps(findings.protocol_errors) if findings.protocol_errors else "none",
    }
    yield "| | |"
    yield "| --- | --- |"
    yield from (f"| {name} | {value} |" for name, value in rows.items())
    yield ""


def _by_kind(courses: Sequence[Course]) -> Iterator[str]:
    yield "| fault | times | recovery p50 | p95 | max | longest pause | resumed | void |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --: |"
    for kind in Kind:
        of_kind = [course for course in courses if course.fault.kind is kind]
        if of_kind:
            times = _recoveries(of_kind)
            numbers = " | ".join(f"{percentile(times, percent):.2f} s" for percent in (50, 95, 100))
            pause = max(course.pause_seconds for course in of_kind)
            resumed = sum(course.resumed for course in of_kind)
            void = sum(course.void for course in of_kind)
            yield f"| {kind.value} | {len(of_kind)} | {numbers} | {pause:.2f} s | {resumed} | {void} |"
    yield ""


def _wrongs(findings: Findings) -> Iterator[str]:
    lines = [*map(str, findings.objections), *findings.complaints]
    lines += [f"fault {one.fault.number}: {text}" for one in findings.courses for text in one.complaints]
    lines += [
        f"fault {one.fault.number}: play did not go on"
        for one in findings.courses
        if one.recovery_seconds is None
    ]
    if lines:
        yield "## What did not hold"
        yield ""
        yield from (f"- {line}" for line in lines[:_WORST])
        if len(lines) > _WORST:
            yield f"- and {len(lines) - _WORST} more"
        yield ""


def _course_by_course(courses: Sequence[Course]) -> Iterator[str]:
    yield "## Fault by fault"
    yield ""
    yield "Recovery counts from the kill, or from the undoing of the fault, until all tables in play"
    yield "have had an action carried out. Void hands belong to the fault in whose time they were seen last."
    yield ""
    yield "| | fault | recovery | longest pause | in play | resumed | void |"
    yield "| --: | --- | --: | --: | --: | --: | --: |"
    for one in courses:
        took = "none" if one.recovery_seconds is None else f"{one.recovery_seconds:.2f} s"
        yield (
            f"| {one.fault.number} | {one.fault} | {took} | {one.pause_seconds:.2f} s"
            f" | {one.in_play} | {one.resumed} | {one.void} |"
        )
    yield ""


def _recoveries(courses: Sequence[Course]) -> list[float]:
    return [course.recovery_seconds for course in courses if course.recovery_seconds is not None]
