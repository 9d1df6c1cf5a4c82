"""The house rules: each is found in the code by the name that they give, and has a test with its number."""

import re
from importlib import import_module
from pathlib import Path

import pytest

RULES = re.compile(r"^(\d+)\. \*\*(.+?)\*\* (.+) `([\w.]+)\.(\w+)`$", re.MULTILINE)
PLAYED = {*range(1, 36), *range(37, 41), 46}
"""The rules of a table; the others are the ledger's, and closing a table."""


def _house_rules(root: Path) -> dict[int, tuple[str, str]]:
    text = (root / "docs" / "rules.md").read_text(encoding="utf-8")
    assert len(RULES.findall(text)) == len(re.findall(r"^\d+\. ", text, re.MULTILINE)), "one form for all"
    return {int(number): (module, name) for number, _, _, module, name in RULES.findall(text)}


def test_every_rule_names_the_code_that_decides_it(project_root: Path) -> None:
    rules = _house_rules(project_root)
    assert set(rules) >= PLAYED
    assert list(rules) == sorted(rules)
    for module, name in rules.values():
        assert hasattr(import_module(module), name), f"{module}.{name}"


@pytest.mark.parametrize("number", sorted(PLAYED))
def test_every_rule_has_a_test_with_its_number(project_root: Path, number: int) -> None:
    sheets = [path.stem for path in (project_root / "tests" / "scripts").glob("rule_*.txt")]
    code = "".join(
        path.read_text(encoding="utf-8") for path in (project_root / "tests" / "node").rglob("test_*.py")
    )
    numbers = re.findall(
        r"(?:^|def test_)rules?_(\d+(?:_and_\d+)*)_", "\n".join([*sheets, code]), re.MULTILINE
    )
    assert number in {int(one) for several in numbers for one in several.split("_and_")}
