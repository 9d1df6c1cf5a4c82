"""Every dealer's sheet in tests/scripts is played and must come out as it says."""

from pathlib import Path

import pytest

from tests.node.rules.dealer import play_sheet

SCRIPTS = sorted((Path(__file__).parents[2] / "scripts").glob("*.txt"))


@pytest.mark.parametrize("script", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_script(script: Path) -> None:
    assert play_sheet(script.read_text(encoding="utf-8")).play.is_over


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) > 30


@pytest.mark.parametrize(
    "line",
    [
        "UTG may call 4,001",
        "UTG may check",
        "refused: UTG folds (cannot_check)",
        "UTG checks",
        "pots 1",
        "nonsense",
    ],
)
def test_a_wrong_line_fails(line: str) -> None:
    sheet = "seats BTN 9,000 | SB 9,000 | BB 9,000 | UTG 9,000\nbutton BTN\n"
    with pytest.raises(AssertionError, match="line 3"):
        play_sheet(sheet + line)
