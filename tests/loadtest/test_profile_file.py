"""Profiles that come with the load test, and those that are refused."""

from pathlib import Path

import pytest

from cardroom.service.settings import BadSettings
from loadtest.profile_file import pace_of, profile_names, read_profile_file
from loadtest.think import HumanThought, QuickThought


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_can_be_played(name: str) -> None:
    profile = read_profile_file(name, {})
    assert profile.tables * profile.seats >= profile.players
    assert profile.bots_pace.name == profile.pace


@pytest.mark.parametrize("players", [100, 200, 300, 400, 500, 1000, 5000])
def test_the_stages_are_there(players: int) -> None:
    profile = read_profile_file(f"players-{players}", {})
    assert (profile.players, profile.pace) == (players, "human")
    assert 6.0 <= profile.players / profile.tables <= 6.3


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("storm", "storm"), ("slow-readers", "slow_readers"), ("lobby", "lobby_watchers"), ("chat", "chat"),
    ],
)  # fmt: skip
def test_each_scenario_has_its_profile(name: str, scenario: str) -> None:
    assert read_profile_file(name, {}).scenarios.names() == [scenario]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("players = 7\ntables = 1\nseats = 6", "more than there are seats"),
        ("players = 6\ntables = 1\nspeed = 3", "speed"),
        ("players = 6\ntables = 1\nseats = 7", "seats"),
        ("players = 'many'\ntables = 1", "players"),
        ("players = 6\ntables = 1\npace = 'slow'", "pace"),
        ("players = 6\ntables = 1\n[scenarios.storm]\nshare = 1.5", "share"),
        ("players = 6\ntables = 1\n[scenarios.rain]", "rain"),
        ("players", "Expected"),
    ],
)
def test_what_is_wrong_is_said(text: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match=fault):
        read_profile_file(str(file), {})


def test_an_unknown_name_is_told_which_there_are() -> None:
    with pytest.raises(BadSettings, match="players-500"):
        read_profile_file("players-501", {})


def test_where_people_play_a_quiet_table_is_not_left_at_once() -> None:
    assert isinstance(pace_of("human").thought, HumanThought)
    assert isinstance(pace_of("fast").thought, QuickThought)
    assert pace_of("human").idle_seconds > 60 > pace_of("fast").idle_seconds
