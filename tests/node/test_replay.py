"""Recorded hands: the sample log agrees to the chip, and what is wrong is said."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


OWN = Path(__file__).parents[1] / "data" / "our_tables.phhs"
RUN_TWICE = Path(__file__).parents[1] / "data" / "own_run_twice.phh"
OWN_HAND = tomllib.loads(OWN.read_text(encoding="utf-8"))["1"]


def run(tmp_path: Path, text: str, name: str = "hands.log") -> int:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return main([str(path)])


def test_all_hands_of_the_sample_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"hands": 500, "mismatches": 0}


def test_hands_of_our_own_tables_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(OWN)]) == 0
    assert "mismatches: 0" in capsys.readouterr().out


def test_one_hand_with_all_that_is_rare_agrees() -> None:
    """No small blind, an empty button, live and dead blinds, all short, a time-out, a leaver, two boards."""
    assert main([str(RUN_TWICE)]) == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("_second_board = '5cAh'", "_second_board = '5c2h'", "checksum"),
        ("_second_board = '5cAh'", "_second_board = '5c8c'", "net"),
        ("_second_board = '5cAh'", "_second_board = '5cAhQd'", "second board 5cAh instead of 5cAhQd"),
        ("_rake = 226", "_rake = 225", "rake 226 instead of 225"),
        ("_rake_basis_points = 500", "_rake_basis_points = 400", "rake 181 instead of 226"),
        (
            "'d db 4c6sTh', 'p2 cc # time_out'",
            "'p2 cc # time_out', 'd db 4c6sTh'",
            "0 board cards instead of 3",
        ),
        ("'d db Ad', 'd db Tc'", "'d db AdTc'", "'d db Ad' instead of 'd db AdTc'"),
        ("'p2 cc # time_out'", "'p2 f # time_out'", "line 8 of the actions"),
        ("'p2 f # leaving'", "'p2 f'", "checksum"),
        ("'p2 f # leaving', ", "", "ends while player p2 is to act"),
        ("'p3 sm Qh7h', ", "", "instead of"),
        ("_user_ids = [100,", "_user_ids = [101,", "checksum"),
        ("p3 cbr 2000", "p3 cbr 2001", "checksum"),
        ("p3 cbr 2000", "p3 cbr 1999", "raise_too_small"),
        ("3176, 26449", "3177, 26448", "net"),
    ],
)
def test_a_change_in_our_own_record_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, says: str
) -> None:
    text = RUN_TWICE.read_text(encoding="utf-8")
    assert old in text
    assert run(tmp_path, text.replace(old, new), "hand.phh") == 1
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"_posts": ["p4 live_blind 2000", "p4 dead_blind 1000"]}, "_posts: no big blind"),
        ({"_posts": ["p1 big_blind 2000"] * 2}, "_posts: something is posted twice"),
        (
            {"_posts": ["p1 big_blind 2000", "p2 small_blind 1000", "p3 small_blind 1000"]},
            "_posts: something",
        ),
        ({"_posts": ["p1 big_blind 2000"]}, "_posts: not those of blinds_or_straddles"),
        ({"_posts": ["p1 big_blind 2000", "p2 dead_blind 2001"]}, "_posts: a small blind is above"),
        ({"_posts": ["p1 big_blind 2000", "p2 straddle 3000"]}, "_posts: a big blind or straddle"),
        ({"min_bet": 1_000}, "_posts: a big blind or straddle does not fit min_bet"),
        ({"actions": ["d dh p1 AsKs"]}, "actions: no hole cards for p2"),
        ({"_second_board": "5c4c"}, "actions, _second_board: a card is dealt twice"),
        ({"_rake_basis_points": None, "_rake": -1}, "_rake: below zero"),
    ],
    ids=str,
)
def test_posts_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], says: str
) -> None:
    hand = tomllib.loads(RUN_TWICE.read_text(encoding="utf-8"))
    assert run(tmp_path, own_hand(**{**hand, **changes}), "hand.phh") == 2
    assert f"hand 1: {says}" in capsys.readouterr().err


NUMBERS = st.one_of(st.integers(-3, 4_000), st.integers(), st.floats(), st.just("2000"))


@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_numbers_stand_there_is_an_answer(tmp_path: Path, data: st.DataObject) -> None:
    """A number anywhere is another one: agrees, differs or is unreadable, and nothing else."""
    text = RUN_TWICE.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        found = data.draw(st.sampled_from(list(re.finditer(r"(?<=[ p\[])\d+", text))))
        text = text[: found.start()] + str(data.draw(NUMBERS)) + text[found.end() :]
    assert run(tmp_path, text, "hand.phh") in (0, 1, 2)


def own_hand(**changes: object) -> str:
    """Write one of our own hands, changed. JSON's texts, numbers and lists are also TOML's."""
    table = {**OWN_HAND, **changes}
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items() if value is not None)


@pytest.mark.parametrize(
    "changes",
    [
        {"_posts": ["p1 small_blind 1000"]},
        {"_posts": ["p1 big_blind"]},
        {"_posts": ["p1 bigger_blind 2000"]},
        {"_posts": ["p9 big_blind 2000"]},
        {"_posts": ["p1 big_blind 0"]},
        {"_posts": ["p1 big_blind inf"]},
        {"_posts": 7},
        {"_posts": [7]},
        {"_second_board": 7},
        {"_second_board": "AsAs"},
        {"_second_board": "2c3c4c5c6c7c"},
        {"min_bet": 0},
        {"min_bet": None},
        {"starting_stacks": []},
        {"starting_stacks": [0, 0, 0, 0]},
        {"starting_stacks": ["inf"] * 6},
        {"finishing_stacks": [1]},
        {"actions": ["d db " + "2c" * 6]},
        {"_rake": "much"},
    ],
    ids=str,
)
def test_own_hands_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object]
) -> None:
    assert run(tmp_path, own_hand(), "hand.phh") == 0
    assert run(tmp_path, own_hand(**changes), "hand.phh") == 2
    assert "hand 1" in capsys.readouterr().err


@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_changed_there_is_an_answer(tmp_path: Path, data: st.DataObject) -> None:
    """Characters changed, cut out or put in anywhere: agrees, differs or is unreadable, and nothing else."""
    text = data.draw(st.sampled_from([own_hand(), RUN_TWICE.read_text(encoding="utf-8")]))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        cut = data.draw(st.integers(0, 3))
        text = text[:place] + data.draw(st.text(max_size=2)) + text[place + cut :]
    path = tmp_path / "hand.phh"
    path.write_text(text, encoding="utf-8")
    assert main([str(path)]) in (0, 1, 2)


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


FOREIGN = """
variant = "NT"
antes = [1, 1, 1]
blinds_or_straddles = [5, 10, 20]
min_bet = 10
starting_stacks = [300, 300, 300]
actions = ["d dh p1 AsAh", "d dh p2 KsKh", "d dh p3 2c7d", "p1 cc", "p2 cc", "p3 cbr 60", "p1 cc", "p2 f",
  "d db QcJc4h", "p1 cc", "p3 cc", "d db 5h", "p1 cc", "p3 cc", "d db 6s", "p1 cc", "p3 cc", "p1 sm AsAh"]
finishing_stacks = [382, 279, 239]
"""


def test_antes_and_straddle_of_other_programs(tmp_path: Path) -> None:
    assert run(tmp_path, FOREIGN, "hand.phh") == 0
    assert (
        run(
            tmp_path,
            FOREIGN.replace("[1, 1, 1]", "[0, 3, 0]").replace("382, 279, 239", "383, 277, 240"),
            "hand.phh",
        )
        == 0
    )
    assert run(tmp_path, FOREIGN.replace("[1, 1, 1]", "[-1, -1, -1]"), "hand.phh") == 2
    assert run(tmp_path, FOREIGN.replace("[1, 1, 1]", "[1, 2, 1]"), "hand.phh") == 2
    assert run(tmp_path, FOREIGN.replace("[5, 10, 20]", "[5, 10, -10]"), "hand.phh") == 2
    assert run(tmp_path, FOREIGN.replace("[5, 10, 20]", "[10, 5, 0]"), "hand.phh") == 2
    assert run(tmp_path, FOREIGN.replace('"d db 5h", "p1 cc"', '"p1 cc", "d db 5h"'), "hand.phh") == 1
