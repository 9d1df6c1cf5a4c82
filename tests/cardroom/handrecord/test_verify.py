"""Saved hands are checked: what was really played is proved, and every forgery is found and named."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from cardroom.handrecord.verify import main
from node.settings import StakeSettings
from tests.cardroom.handrecord.saving import TWICE, played, three_all_in, written
from tests.node.tables.house import STAKE

PROJECT = Path(__file__).parents[3]
Messages = list[dict[str, Any]]


Check = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Run the check in this process; give its exit status and what it found."""

    def run(text: str, *options: str) -> tuple[int, dict[str, Any]]:
        file = tmp_path / "hands.jsonl"
        file.write_text(text, encoding="utf-8")
        status = main([str(file), "--json", *options])
        said = capsys.readouterr()
        return status, json.loads(said.out) if said.out else {"error": said.err}

    return run


def command(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the check as anybody does, offline."""
    arguments = [sys.executable, "-m", "cardroom.handrecord.verify", str(file), *options]
    return subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=30)


def first(messages: Messages, kind: str) -> dict[str, Any]:
    return next(message for message in messages if message["type"] == kind)


def name(card: int) -> str:
    return "23456789TJQKA"[card // 4] + "cdhs"[card % 4]


@pytest.mark.parametrize(("guests", "hands", "stake"), [(2, 25, STAKE), (4, 25, TWICE), (9, 15, TWICE)])
def test_hands_that_were_played_are_proved_for_every_viewer(
    check: Check, guests: int, hands: int, stake: StakeSettings
) -> None:
    files = played(guests, hands, stake)
    assert len(files) == guests + 2
    for lines in files.values():
        status, found = check("\n".join(lines))
        assert (status, found["faults"]) == (0, [])
        assert found["cards"] == found["proved"] > found["hands"] * 2
        assert found["hands"] > hands / 3
    text = "".join(line for lines in files.values() for line in lines)
    assert guests == 2 or '"board":2' in text
    assert any(_comes_back_in_a_hand(lines) for lines in files.values())
    assert all(_counts_down(lines) for lines in files.values())


def _comes_back_in_a_hand(lines: list[str]) -> bool:
    snapshots = [line for line in lines[2:] if line.startswith('{"type":"snapshot"')]
    return any(json.loads(line)["hand_id"] for line in snapshots)


def _counts_down(lines: list[str]) -> bool:
    """Each file has openings for most of its hands."""
    return sum('"openings"' in line for line in lines) > sum('"hand_started"' in line for line in lines) / 2


def test_the_command_says_it_in_words_and_as_json(tmp_path: Path) -> None:
    messages = three_all_in()
    good, forged = tmp_path / "good.jsonl", tmp_path / "forged.jsonl"
    good.write_text(written(messages), encoding="utf-8")
    first(messages, "openings")["openings"][0]["salt"] = "00" * 16
    forged.write_text(written(messages), encoding="utf-8")
    told = command(good)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines() == [
        "hand 1 at table 1: 16 of 16 cards are proved",
        "Every card was promised before the first was dealt.",
    ]
    result = json.loads(command(good, "--json").stdout)
    assert result == {"hands": 1, "cards": 16, "proved": 16, "faults": []}
    told = command(forged)
    assert told.returncode == 1
    assert told.stdout.splitlines()[0] == "hand 1 at table 1: 15 of 16 cards are proved"
    assert "FAULT: the opening of" in told.stdout.splitlines()[1]
    assert told.stdout.splitlines()[-1] == "Not everything is proved."
    told = command(tmp_path / "missing.jsonl")
    assert (told.returncode, told.stdout) == (2, "")
    assert "missing.jsonl" in told.stderr


def change_card_of_an_opening(messages: Messages) -> str:
    opening = first(messages, "openings")["openings"][7]
    opening["card"] = (opening["card"] + 1) % 52
    return f"the opening of {name(opening['card'])} at position {opening['position']} is not proved"


def make_no_card_of_an_opening(messages: Messages) -> str:
    first(messages, "openings")["openings"][7]["card"] = 255
    return r"the opening of no card \(255\) at position 7 is not proved"


def change_salt(messages: Messages) -> str:
    opening = first(messages, "openings")["openings"][0]
    opening["salt"] = "00" * 16
    return f"the opening of {name(opening['card'])} at position 0 is not proved"


def change_path(messages: Messages) -> str:
    opening = first(messages, "openings")["openings"][0]
    opening["path"][5] = "00" * 32
    return f"the opening of {name(opening['card'])} at position 0 is not proved"


def swap_positions(messages: Messages) -> str:
    one, other = first(messages, "openings")["openings"][6:8]
    one["position"], other["position"] = other["position"], one["position"]
    return f"the opening of {name(one['card'])} at position 7 is not proved"


def change_commitment_at_the_start(messages: Messages) -> str:
    first(messages, "hand_started")["commitment"] = "00" * 32
    return "openings are given for another commitment"


def change_commitment_everywhere(messages: Messages) -> str:
    for kind in ("hand_started", "openings"):
        first(messages, kind)["commitment"] = "00" * 32
    return "the opening of .. at position 0 is not proved"


def change_hand_id_of_the_openings(messages: Messages) -> str:
    first(messages, "openings")["hand_id"] = str(uuid4())
    return "openings are given for another hand id"


def change_hand_id_everywhere(messages: Messages) -> str:
    other = str(uuid4())
    for kind in ("hand_started", "openings"):
        first(messages, kind)["hand_id"] = other
    return "the opening of .. at position 0 is not proved"


def leave_an_opening_out(messages: Messages) -> str:
    del first(messages, "openings")["openings"][6]
    flop = first(messages, "street_dealt")["cards"][0]
    return f"the flop, {name(flop)}, has to lie at position 6: there is no opening of position 6"


def leave_all_openings_out(messages: Messages) -> str:
    messages.remove(first(messages, "openings"))
    return "the file holds no openings for it"


def promise_twice(messages: Messages) -> str:
    started = first(messages, "hand_started")
    messages.insert(messages.index(started) + 1, started | {"commitment": "00" * 32})
    return "a second commitment was given for the same hand"


def promise_after_the_first_card(messages: Messages) -> str:
    started, dealt = first(messages, "hand_started"), first(messages, "cards_dealt")
    messages.remove(started)
    messages.insert(messages.index(dealt) + 1, started)
    return "its commitment came after its first message"


def promise_nothing(messages: Messages) -> str:
    messages.remove(first(messages, "hand_started"))
    return "the file does not hold its start, so no commitment before its first card"


def declare_void_after_the_end(messages: Messages) -> str:
    messages.append(first(messages, "hand_ended") | {"type": "hand_voided"})
    leave_an_opening_out(messages)
    return "it was declared void after its end"


def deal_another_board_card(messages: Messages) -> str:
    cards = first(messages, "street_dealt")["cards"]
    lying, hidden = cards[0], first(messages, "openings")["openings"][-1]["card"]
    cards[0] = hidden
    return f"the flop, {name(hidden)}, has to lie at position 6: there lies {name(lying)}"


def deal_another_second_board(messages: Messages) -> str:
    second = next(message for message in messages if message.get("board") == 2)
    second["cards"][0], second["cards"][1] = second["cards"][1], second["cards"][0]
    return f"the second flop, {name(second['cards'][0])}, has to lie at position 11: there lies"


def deal_a_card_twice(messages: Messages) -> str:
    own = first(messages, "cards_dealt")["cards"][0]
    first(messages, "street_dealt")["cards"][1] = own
    return f"{name(own)} was shown twice: as the first own card and as the flop"


def deal_somebody_elses_cards(messages: Messages) -> str:
    """Every opening is good, but rule 46 gives these cards to another seat: who sits where is in the file."""
    dealt = first(messages, "cards_dealt")
    mine = set(dealt["cards"])
    other = next(m for m in messages if m["type"] == "hand_shown" and set(m["cards"]) != mine)
    dealt["cards"] = other["cards"]
    return f"the first own card, {name(other['cards'][0])}, has to lie at position .: there lies"


def show_other_cards(messages: Messages) -> str:
    shown = [message for message in messages if message["type"] == "hand_shown"]
    shown[0]["cards"], shown[1]["cards"] = shown[1]["cards"], shown[0]["cards"]
    card = name(shown[0]["cards"][0])
    return f"a card that seat {shown[0]['seat']} showed, {card}, has to lie at position . or .: there lies"


def show_for_who_was_not_dealt_in(messages: Messages) -> str:
    first(messages, "hand_shown")["seat"] = 5
    return "seat 5 shows .. .., but was not dealt in"


def deal_to_who_was_not_dealt_in(messages: Messages) -> str:
    started = first(messages, "hand_started")
    seat = first(messages, "seat_taken")["seat"]
    started["seats"] = [one for one in started["seats"] if one["seat"] != seat]
    return f"not seat {seat} was dealt the own cards, .. .."


def show_another_board_later(messages: Messages) -> str:
    """A snapshot after the flop, as if the connection had been cut, with another first card."""
    flop = next(message for message in messages if message["type"] == "street_dealt")
    started, snapshot = first(messages, "hand_started"), first(messages, "snapshot")
    board = [first(messages, "cards_dealt")["cards"][0], *flop["cards"][1:]]
    again = snapshot | {"hand_id": started["hand_id"], "hand_no": 1, "board": board}
    messages.insert(messages.index(flop) + 1, again)
    return "a snapshot shows another board than was dealt"


FORGERIES: list[Callable[[Messages], str]] = [
    change_card_of_an_opening, make_no_card_of_an_opening, change_salt, change_path, swap_positions,
    change_commitment_at_the_start, change_commitment_everywhere, change_hand_id_of_the_openings,
    change_hand_id_everywhere, leave_an_opening_out, leave_all_openings_out, promise_twice,
    promise_after_the_first_card, promise_nothing, declare_void_after_the_end,
    deal_another_board_card, deal_another_second_board,
    deal_a_card_twice, deal_somebody_elses_cards, show_other_cards, show_for_who_was_not_dealt_in,
    deal_to_who_was_not_dealt_in, show_another_board_later,
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forgery_is_found_and_named(check: Check, forge: Callable[[Messages], str]) -> None:
    messages = three_all_in()
    named = forge(messages)
    status, found = check(written(messages))
    assert status == 1
    assert found["faults"]
    assert any(re.search(named, fault) for fault in found["faults"]), found["faults"]
    assert all(fault.startswith("hand 1 at table 1: ") for fault in found["faults"])


def without_seats(messages: Messages) -> Messages:
    """Leave out what says who sits where."""
    return [message for message in messages if message["type"] not in ("welcome", "snapshot", "seat_taken")]


def test_the_own_seat_is_found_by_its_cards_or_named(check: Check) -> None:
    messages = without_seats(three_all_in())
    seat = first(three_all_in(), "seat_taken")["seat"]
    for options in ((), ("--seat", str(seat))):
        status, found = check(written(messages), *options)
        assert (status, found["proved"]) == (0, 16)
    status, found = check(written(messages), "--seat", str(seat + 1))
    assert status == 1
    assert any("the first own card" in fault and "there lies" in fault for fault in found["faults"])
    deal_somebody_elses_cards(messages)
    assert check(written(messages))[0] == 0, "without a seat nobody can tell: the guide says so"
    assert check(written(messages), "--seat", str(seat))[0] == 1
    first(messages, "cards_dealt")["cards"].reverse()
    status, found = check(written(messages))
    assert "no seat was dealt the own cards" in found["faults"][0]


def test_a_deck_that_holds_a_card_twice_is_found(check: Check) -> None:
    """The house commits to a false deck: every opening is good, and two of them are the same card."""
    hand_id, salt = UUID(int=7), bytes(16)
    cards = [0, 1, 0, 3, *range(4, 52), *[255] * 12]
    levels = [
        [
            sha256(b"\x00" + hand_id.bytes + bytes((place, card)) + salt).digest()
            for place, card in enumerate(cards)
        ]
    ]
    while len(levels[-1]) > 1:
        low = levels[-1]
        levels.append([sha256(b"\x01" + low[at] + low[at + 1]).digest() for at in range(0, len(low), 2)])
    openings = [
        {
            "position": place,
            "card": cards[place],
            "salt": salt.hex(),
            "path": [levels[height][(place >> height) ^ 1].hex() for height in range(6)],
        }
        for place in range(4)
    ]
    head = {"table_id": 1, "hand_no": 1, "hand_id": str(hand_id), "commitment": levels[-1][0].hex()}
    messages = [
        {"type": "hand_started", **head, "seats": [{"seat": 0}, {"seat": 1}]},
        {"type": "hand_shown", **head, "seat": 0, "cards": [0]},
        {"type": "openings", **head, "openings": openings},
    ]
    status, found = check(written(messages))
    assert (status, found["faults"]) == (1, ["hand 1 at table 1: the promised deck holds 2c 2 times"])


def test_a_void_hand_and_one_that_was_joined_late_are_not_checked(check: Check) -> None:
    messages = three_all_in()
    cut = messages[: messages.index(first(messages, "street_dealt")) + 1]
    asked = {**first(messages, "openings"), "openings": first(messages, "openings")["openings"][:1]}
    void = {"type": "hand_voided", "table_id": 1, "hand_no": 1, "hand_id": str(uuid4())}
    status, found = check(written([*cut, asked, void, *messages]))
    assert (status, found) == (0, {"hands": 1, "cards": 16, "proved": 16, "faults": []})
    started, snapshot = first(messages, "hand_started"), first(messages, "snapshot")
    late = [
        snapshot | {"hand_id": started["hand_id"], "hand_no": 7, "table_id": 2},
        {**first(messages, "street_dealt"), "hand_no": 7, "table_id": 2},
    ]
    status, found = check(written([*late, *messages]))
    assert (status, found["hands"]) == (0, 1)


@pytest.mark.parametrize("kinds", [(), ("welcome", "snapshot"), ("welcome", "snapshot", "hand_started")])
def test_nothing_to_prove_is_no_proof(check: Check, kinds: tuple[str, ...]) -> None:
    status, found = check(written(m for m in three_all_in() if m["type"] in kinds))
    assert status == 1
    assert found["faults"] == ["nothing to prove: the file shows no card of a hand that counts"]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"no message\n", b'{"type":"hand_started"}\n'])
def test_what_is_unreadable_has_its_own_status(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hands.jsonl"
    file.write_bytes(content)
    assert main([str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert str(file) in said.err
