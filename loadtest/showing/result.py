"""The result of a load test as its file has it: what is missing, null or of another type was not measured."""

import json
from collections.abc import Iterator, Mapping
from enum import Enum, unique
from pathlib import Path
from typing import Any, Final, TypeGuard

FORM: Final = 1
"""The form of results that these pages know."""
_LARGEST_NUMBER: Final = 1e15
_LARGEST_BYTES: Final = 256 * 1024 * 1024


@unique
class Fault(Enum):
    """Why a result cannot be shown."""

    NO_SUCH_FILE = "no_such_file"
    NO_RESULT = "no_result"
    """The file holds no result of a load test, or one of a form that these pages do not know."""


class UnreadableResult(Exception):
    """A file that holds no result of a load test."""

    def __init__(self, fault: Fault, path: Path, why: str) -> None:
        super().__init__(f"{fault.value}: {path}: {why}")
        self.fault = fault


class Result:
    """A result, or a part of one. Nothing raises: a number that is not there is None, a part is empty."""

    def __init__(self, content: object) -> None:
        self._content: Mapping[str, Any] = content if isinstance(content, Mapping) else {}

    def __bool__(self) -> bool:
        return bool(self._content)

    def __contains__(self, name: str) -> bool:
        return name in self._content

    def number(self, *path: str) -> float | None:
        """Give a number that can be one of a load test; a boolean is none."""
        found = self._find(path)
        return found if _is_number(found) else None

    def text(self, *path: str) -> str | None:
        """Give a text as it stands there: it is for whoever shows it to escape."""
        found = self._find(path)
        return found if isinstance(found, str) and found else None

    def fact(self, *path: str) -> bool | None:
        """Give a yes or no."""
        found = self._find(path)
        return found if isinstance(found, bool) else None

    def part(self, *path: str) -> "Result":
        """Give a part of it, empty where there is none."""
        return Result(self._find(path))

    def parts(self, *path: str) -> list[tuple[str, "Result"]]:
        """Give the named parts below, in their order."""
        return [
            (name, Result(found)) for name, found in self.part(*path).items() if isinstance(found, Mapping)
        ]

    def rows(self, *path: str) -> list["Result"]:
        """Give the parts of a list."""
        found = self._find(path)
        return [Result(row) for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []

    def pairs(self, *path: str) -> list[tuple[float, float]]:
        """Give a list of pairs of numbers; what is no such pair is left out."""
        found = self._find(path)
        return [pair for row in found if (pair := _pair(row))] if isinstance(found, list) else []

    def texts(self, *path: str) -> list[str]:
        """Give the texts of a list."""
        found = self._find(path)
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

    def items(self) -> Iterator[tuple[str, Any]]:
        """Give all that stands there, whatever it is."""
        return ((str(name), found) for name, found in self._content.items())

    def _find(self, path: tuple[str, ...]) -> Any:
        found: Any = self._content
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


def read_result(path: Path) -> Result:
    """Read a file that the load test wrote; UnreadableResult says what is wrong with it."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise UnreadableResult(Fault.NO_RESULT, path, "too large to be one")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableResult(Fault.NO_SUCH_FILE, path, error.strerror or "cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableResult(Fault.NO_RESULT, path, "not one JSON object") from error
    result = Result(content)
    if result.number("form") != FORM:
        raise UnreadableResult(Fault.NO_RESULT, path, f'"form" is not {FORM}')
    return result


def _is_number(found: object) -> TypeGuard[int | float]:
    """Say whether it is a number that was measured: no boolean, not infinite, and not absurd."""
    return isinstance(found, int | float) and not isinstance(found, bool) and abs(found) <= _LARGEST_NUMBER


def _pair(row: object) -> tuple[float, float] | None:
    match row:
        case [first, second] if _is_number(first) and _is_number(second):
            return (first, second)
        case _:
            return None
