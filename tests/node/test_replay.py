"""Recorded hands: the sample log agrees to the chip, and what is wrong is said."""

import json
from pathlib import Path

import pytest

from node.replay import main

SAMPLE = Path(__file__).parents[1] / "data" / "pluribus_sample.log"
LINE = "STATE:0:ffr225ffc/cc/cr475f:6s7d|6c5d|Ah7s|5h2c|Ac8c|3dAs/ThAdKc/Js:-50|-225|0|0|275|0:A|B|C|D|E|F"
PHH = """
variant = "NT"
antes = [0, 0]
blinds_or_straddles = [1, 2]
min_bet = 2
starting_stacks = [100, 100]
actions = ["d dh p1 AsAh", "d dh p2 KsKh", "p2 cbr 6", "p1 cc", "d db 2c3d4h", "p1 cbr 10", "p2 f"]
finishing_stacks = [106, 94]
"""


def run(tmp_path: Path, text: str, name: str = "hands.log") -> int:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return main([str(path)])


def test_all_hands_of_the_sample_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"hands": 500, "mismatches": 0}


def test_one_wrong_net_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, LINE + "\n" + LINE.replace("275", "276").replace("-50", "-51") + "\n") == 1
    out = capsys.readouterr().out
    assert "line 2 (hand 0): net [-50, -225, 0, 0, 275, 0] instead of [-51, -225, 0, 0, 276, 0]" in out
    assert "hands replayed: 2, mismatches: 1" in out


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ffr225ffc", "ffr125ffc", "is refused: raise_too_small"),
        ("cr475f", "cr475ff", "after the end of the hand"),
        ("cr475f", "cr475", "ends while player"),
    ],
)
def test_actions_that_cannot_be_are_mismatches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, says: str
) -> None:
    assert run(tmp_path, LINE.replace(old, new)) == 1
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", LINE.replace("6s7d", "6s6s"), LINE.replace("6s7d", "6sXx"), LINE.replace("ff", "fx")],
)
def test_unreadable_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert run(tmp_path, text) == 2
    assert "cannot read" in capsys.readouterr().err


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    assert main([str(tmp_path / "none.log")]) == 2


def test_phh(tmp_path: Path) -> None:
    assert run(tmp_path, PHH, "hand.phh") == 0
    assert run(tmp_path, PHH.replace("[106, 94]", "[105, 95]"), "hand.phh") == 1
    assert run(tmp_path, PHH.replace("p2 cbr 6", "p1 cbr 6"), "hand.phh") == 1
    assert run(tmp_path, PHH.replace('"NT"', '"PO"'), "hand.phh") == 2
    assert run(tmp_path, PHH.replace("AsAh", "????"), "hand.phh") == 2
    assert run(tmp_path, "[1]" + PHH + "[2]" + PHH.replace("[1, 2]", "[0.5, 1.25]"), "hands.phhs") == 0
