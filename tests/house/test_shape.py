"""The shape of the code: short functions, short files, words of the trade, a test for each module.

What may be larger stands in ``allowed.toml`` with its reason; an entry that is no longer needed fails too, so
that the list only shrinks.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("cardroom", "node", "wallet_worker", "shard_router", "loadtest")
FUNCTION_LINES, FILE_LINES, CLASS_LINES = 40, 400, 200
NAMELESS = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "base"}
UNTESTED_NAMES = {"__init__.py", "__main__.py"}

Function = ast.FunctionDef | ast.AsyncFunctionDef

ALLOWED = tomllib.loads((Path(__file__).parent / "allowed.toml").read_text(encoding="utf-8"))


def _modules() -> list[Path]:
    return sorted(
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
    )


def _test_files() -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))


def _body_lines(node: Function) -> int:
    docstring = ast.get_docstring(node, clean=False)
    return (
        (node.end_lineno or node.lineno) - node.lineno + 1 - (docstring.count("\n") + 1 if docstring else 0)
    )


def _large(path: Path) -> Iterator[str]:
    text = (ROOT / path).read_text(encoding="utf-8")
    if text.count("\n") > FILE_LINES:
        yield str(path)
    for node in ast.walk(ast.parse(text)):
        if _is_long_function(node) or _is_long_class(node):
            yield f"{path}:{node.name}"  # type: ignore[attr-defined]


def _is_long_function(node: ast.AST) -> bool:
    return isinstance(node, Function) and _body_lines(node) > FUNCTION_LINES


def _is_long_class(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno + 1 > CLASS_LINES


def test_nothing_is_larger_than_it_may_be_and_the_list_only_shrinks() -> None:
    large = {found for path in [*_modules(), *_test_files()] for found in _large(path)}
    assert large == set(ALLOWED["large"])


def test_every_exception_has_its_reason() -> None:
    assert all(len(reason) > 10 for table in ALLOWED.values() for reason in table.values())


@pytest.mark.parametrize("path", _modules(), ids=str)
def test_every_name_is_a_word_of_the_trade(path: Path) -> None:
    assert not NAMELESS & {path.stem, *path.parent.parts}


def test_every_module_has_its_test_file() -> None:
    """``node/tables/inbox.py`` is tested by ``tests/node/tables/test_inbox.py``, or the list says by what."""
    untested = {
        str(path)
        for path in _modules()
        if path.name not in UNTESTED_NAMES
        and not (ROOT / "tests" / path.parent / f"test_{path.name}").is_file()
    }
    assert untested == set(ALLOWED["tested_elsewhere"])


def test_who_is_said_to_test_a_module_exists() -> None:
    missing = [by for by in ALLOWED["tested_elsewhere"].values() if not (ROOT / by.split()[0]).exists()]
    assert missing == []


def test_no_path_of_a_machine_is_in_the_project() -> None:
    """Configurations and code name places relative to the project, or the system's own."""
    telling = ("/" + "work/", "/" + "root/", "/" + "home/")
    found = [
        str(path)
        for path in [*_modules(), *_test_files()]
        for word in telling
        if word in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert found == []
