"""What is read out of schemathesis's report; the asking itself is done by ``test_prove``."""

import pytest

from tests.prove.http_pages import Asked, Effort, document_faults, read_report

REPORT = {
    "operations": {"selected": 2, "total": 3, "tested": 2},
    "test_cases": {"generated": 30},
    "failures": [],
    "errors": [],
    "valid_rates": {"GET /a": {"fuzzing": {"accepted": 3}, "coverage": {"accepted": 4}}},
}


def test_a_clean_report_has_counts_and_no_faults() -> None:
    asked = read_report("router", REPORT, "")
    assert asked == Asked("router", operations=2, tested=2, cases=30, accepted=7, faults=[])
    assert asked.is_clean


@pytest.mark.parametrize(
    "change",
    [
        {"failures": [{"title": "Server error", "operations": ["GET /a"]}]},
        {"errors": [{"title": "Network Error", "count": 1}]},
        {"operations": {"selected": 2, "total": 2, "tested": 1}},
        {"operations": {"selected": 0, "total": 0, "tested": 0}},
    ],
    ids=["a fault", "an error", "a page that nobody asked", "no page"],
)
def test_whatever_is_amiss_is_not_clean(change: dict[str, object]) -> None:
    assert not read_report("router", REPORT | change, "").is_clean


def operation(name: str, tag: str = "notes", scheme: str = "") -> dict[str, object]:
    security: dict[str, object] = {"security": [{scheme: []}]} if scheme else {}
    return {"get": {"operationId": name, "tags": [tag]} | security}


def test_a_document_without_faults() -> None:
    paths = {
        "/a": operation("a"),
        "/b": operation("b", scheme="player"),
        "/admin/c": operation("c", scheme="administrator"),
        "/admin/docs": operation("d", tag="service"),
    }
    assert document_faults({"paths": paths}) == []


@pytest.mark.parametrize(
    "document",
    [
        {"paths": {}, "x-undocumented": ["/quiet"]},
        {"paths": {"/a": operation("a"), "/b": operation("a")}},
        {"paths": {"/admin/a": operation("a")}},
        {"paths": {"/admin/a": operation("a", scheme="player")}},
        {"paths": {"/a": operation("a", scheme="administrator")}},
    ],
    ids=["a page that is in no document", "two of a name", "an open door", "a wrong door", "a hidden door"],
)
def test_a_document_with_faults(document: dict[str, object]) -> None:
    assert len(document_faults(document)) == 1


def test_without_time_every_page_is_asked_once() -> None:
    assert "--max-time" not in Effort(examples=2, seconds=0).arguments
    assert "--max-time" in Effort(examples=2, seconds=9).arguments
