"""The one shape of all errors over HTTP: problem details by RFC 9457, with our stable code."""

from typing import Any, Final

from attrs import field, frozen

from cardroom.wire.json_schema import beside
from cardroom.wire.refusals import Refusal

PROBLEM_TYPE: Final = "application/problem+json"


@frozen
class Problem:
    """Why a request was refused; whoever is refused changed nothing. Some have members besides these."""

    type: str = field(metadata=beside(pattern="^urn:holdem:refusal:[a-z_]+$"))
    """A name of the kind of problem: ``urn:holdem:refusal:`` and the code."""
    title: str
    """The code in words."""
    status: int = field(metadata=beside(minimum=400, maximum=599))
    """The status of the answer."""
    code: Refusal
    detail: str = ""
    """What to look at, for people; programs go by the code."""


def write_problem(status: int, code: Refusal, detail: str = "", **extension: Any) -> dict[str, Any]:
    """Give a problem as it is sent; ``extension`` are members that this kind of problem has besides."""
    body: dict[str, Any] = {
        "type": f"urn:holdem:refusal:{code.value}",
        "title": code.value.replace("_", " "),
        "status": status,
        "code": code.value,
    }
    return body | ({"detail": detail} if detail else {}) | extension
