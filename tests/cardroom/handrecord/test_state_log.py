"""Logs of matches: lines are taken apart, and what is no line is named."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.handrecord.reading import UnreadableError, Word
from cardroom.handrecord.state_log import LogAction, read_state_log

LINE = "STATE:0:ffr225ffc/cc/cr475f:6s7d|6c5d|Ah7s|5h2c|Ac8c|3dAs/ThAdKc/Js:-50|-225|0|0|275|0:A|B|C|D|E|F"


def test_a_line_is_taken_apart() -> None:
    (hand,) = read_state_log(LINE)
    assert hand.name == "line 1 (hand 0)"
    assert hand.holes == ("6s7d", "6c5d", "Ah7s", "5h2c", "Ac8c", "3dAs")
    assert hand.board == "ThAdKcJs"
    assert hand.net == (-50, -225, 0, 0, 275, 0)
    assert hand.actions[2] == LogAction(Word.BET_OR_RAISE, 0, 225)
    assert hand.actions[-2:] == (LogAction(Word.BET_OR_RAISE, 2, 475), LogAction(Word.FOLD, 2))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("STATE", "HAND", "STATE:n:actions"),
        ("6s7d", "6s7", "cards"),
        ("Js", "JsQs2c", "cards: not a board"),
        ("275", "much", "net"),
        ("|275", "", "do not fit"),
        ("ffr", "xfr", "unknown action"),
        ("cr475f", "c/c/c/c", "unknown action"),
        ("r225", "r" + "9" * 5_000, "unknown action"),
    ],
)
def test_what_is_no_line_is_named(old: str, new: str, says: str) -> None:
    with pytest.raises(UnreadableError, match=f"line 2: .*{says}"):
        list(read_state_log(LINE + "\n" + LINE.replace(old, new)))


def test_no_line_is_no_hand() -> None:
    with pytest.raises(UnreadableError, match="no hand"):
        list(read_state_log(" \n"))


@given(st.integers(0, len(LINE)), st.integers(0, 3), st.text(max_size=3))
def test_any_text_is_read_or_refused(place: int, cut: int, more: str) -> None:
    with suppress(UnreadableError):
        assert list(read_state_log(LINE[:place] + more + LINE[place + cut :]))
