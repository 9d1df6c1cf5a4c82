"""PHH text read back: our own records in full, others as far as PHH goes, and what is wrong is named."""

import json
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.handrecord.reading import PhhAction, PhhPost, UnreadableError, Word, read_phh

OWN = Path(__file__).parents[2] / "data" / "own_run_twice.phh"
TEXT = OWN.read_text(encoding="utf-8")
VALUES = tomllib.loads(TEXT)


def written(**changes: object) -> str:
    """Write our hand with other values, without its checksum. What JSON writes here TOML reads."""
    values = {**VALUES, **changes, "_checksum": None}
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items() if value is not None)


def test_our_own_record_is_read_in_full() -> None:
    (hand,) = read_phh(TEXT)
    assert hand.starting_stacks == tuple(VALUES["starting_stacks"])
    assert hand.actions[0] == PhhAction(Word.HOLE_CARDS, 0, VALUES["actions"][0].split()[-1])
    assert hand.own is not None
    assert hand.own.posts[0] == PhhPost(0, "big_blind", 2_000)
    assert hand.own.runs_twice is True
    assert hand.own.second_board == "5cAh"
    assert hand.own.is_intact
    assert {"time_out", "leaving"} < {action.note for action in hand.actions}


def test_the_commitment_is_read_and_old_records_have_none() -> None:
    (old,) = read_phh(TEXT)
    (new,) = read_phh(written(_commitment="ab" * 32))
    assert old.own is not None
    assert new.own is not None
    assert (old.own.commitment, new.own.commitment) == (None, b"\xab" * 32)


def test_amounts_with_fractions_are_hundredths_of_the_same_file() -> None:
    text = """
        variant = "NT"
        antes = [0, 0]
        blinds_or_straddles = [0.25, 0.50]
        starting_stacks = [10, 20.10]
        actions = ["p2 cbr 1.5 # why not"]
        """
    (hand,) = read_phh(text)
    assert hand.starting_stacks == (1_000, 2_010)
    assert hand.actions == (PhhAction(Word.BET_OR_RAISE, 1, amount=150, note="why not"),)
    assert hand.own is None
    assert hand.finishing_stacks is None


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"variant": "PO"}, "variant"),
        ({"variant": 7}, "variant"),
        ({"starting_stacks": [1]}, "starting_stacks"),
        ({"starting_stacks": [1] * 10}, "starting_stacks"),
        ({"starting_stacks": [1, 0]}, "starting_stacks"),
        ({"starting_stacks": [10**16] * 2}, "starting_stacks"),
        ({"antes": [0]}, "antes"),
        ({"antes": None}, "antes"),
        ({"blinds_or_straddles": 7}, "blinds_or_straddles"),
        ({"finishing_stacks": ["x"] * 4}, "finishing_stacks"),
        ({"finishing_stacks": [True] * 4}, "finishing_stacks"),
        ({"finishing_stacks": [0.001] * 4}, "finishing_stacks"),
        ({"actions": "p1 f"}, "actions"),
        ({"actions": [7]}, "actions"),
        ({"actions": ["p1 x"]}, "actions"),
        ({"actions": ["p8 f"]}, "actions"),
        ({"actions": ["p1 cbr much"]}, "actions"),
        ({"actions": ["p1 cbr 1e999999"]}, "actions"),
        ({"actions": ["d dh p1 ????"]}, "actions"),
        ({"_posts": ["p1 big_blind 0"]}, "_posts"),
        ({"_posts": ["p8 big_blind 2000"]}, "_posts"),
        ({"_posts": 7}, "_posts"),
        ({"_button_seat": None}, "_button_seat"),
        ({"_button_seat": 0}, "_button_seat"),
        ({"seats": [1, 1, 2, 3]}, "seats"),
        ({"_second_board": "KcK"}, "_second_board"),
        ({"_second_board": 7}, "_second_board"),
        ({"_second_board": ""}, "_second_board"),
        ({"_run_it_twice": False}, "_run_it_twice"),
        ({"_run_it_twice": 1}, "_run_it_twice"),
        ({"_rake": "much"}, "_rake"),
        ({"_rake_basis_points": 10_001}, "_rake_basis_points"),
        ({"_rake_cap": None}, "_rake_cap"),
        ({"min_bet": None}, "min_bet"),
        ({"_commitment": "ab" * 31}, "_commitment"),
        ({"_commitment": "AB" * 32}, "_commitment"),
        ({"_commitment": 7}, "_commitment"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(changes: dict[str, object], key: str) -> None:
    with pytest.raises(UnreadableError, match=f"hand 1: .*{key}"):
        list(read_phh(written(**changes)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "variant",
        "a = 1",
        "[[a]]",
        "a = " + "[" * 5_000,
        "a = " + "9" * 5_000,
        "variant = 'NT'\nantes = inf",
    ],
    ids=range(7),
)
def test_what_is_no_record(text: str) -> None:
    with pytest.raises(UnreadableError):
        list(read_phh(text))


def test_a_number_without_end_breaks_nothing() -> None:
    endless = "0x" + "f" * 9_000
    (hand,) = read_phh(TEXT.replace("hand = ", f"hand = {endless} #"))
    assert hand.own is not None
    assert not hand.own.is_intact
    with pytest.raises(UnreadableError, match="_rake: not an amount"):
        list(read_phh(TEXT.replace("_rake = ", f"_rake = {endless} #")))


@given(st.data())
def test_any_text_is_read_or_refused(data: st.DataObject) -> None:
    text = TEXT
    for _ in range(data.draw(st.integers(1, 3))):
        place, cut = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 4))
        text = text[:place] + data.draw(st.text(max_size=3)) + text[place + cut :]
    with suppress(UnreadableError):
        assert list(read_phh(text))
