"""What each of several processes plays."""

from pathlib import Path

import pytest
from attrs import evolve

from cardroom.ids import TableId
from loadtest.profile import LobbyWatchers, Pace, Profile, Scenarios, SlowReaders, Storm
from loadtest.profile_file import pace_of
from loadtest.share import choose_processes, divide, read_share, write_share

PROFILE = Profile(
    router_url="http://r", players=10, seconds=5.0, seed=1, names="bot", password="x", ramp_seconds=20.0,
    scenarios=Scenarios(Storm(), SlowReaders(connections=1), LobbyWatchers(7)),
)  # fmt: skip
TABLES = [TableId(number) for number in range(1, 8)]


def test_no_player_and_no_table_is_given_to_two() -> None:
    shares = divide(PROFILE, 3, TABLES)
    numbers = [n for share in shares for n in range(share.first, share.first + share.profile.players)]
    assert numbers == list(range(1, 11))
    assert sorted(table for share in shares for table in share.tables or ()) == TABLES
    assert {share.start_seconds for share in shares} == {20.0}
    watchers = [share.profile.scenarios.lobby_watchers for share in shares]
    assert sum(one.watchers for one in watchers if one is not None) == 7
    slow = [share.profile.scenarios.slow_readers for share in shares]
    assert sum(one is not None for one in slow) == 1


def test_one_process_plays_everywhere() -> None:
    (share,) = divide(PROFILE, 1, TABLES)
    assert (share.tables, share.profile) == (None, PROFILE)


def test_a_visitor_uses_the_account_of_a_bot_of_its_own_process() -> None:
    second = divide(PROFILE, 2, TABLES)[1]
    assert [second.account_of(number).nickname for number in (1, 5, 6)] == ["bot-06", "bot-10", "bot-06"]


@pytest.mark.parametrize("pace", [Pace(), pace_of("human")])
def test_a_share_comes_through_a_pipe_whole(pace: Pace, tmp_path: Path) -> None:
    profile = evolve(PROFILE, pace=pace, record_file=tmp_path / "record")
    for share in divide(profile, 2, TABLES):
        line = write_share(share)
        assert "\n" not in line
        assert read_share(line) == share


def test_as_many_processes_as_players_want_and_a_record_needs_one(tmp_path: Path) -> None:
    assert choose_processes(PROFILE) == 1
    assert choose_processes(evolve(PROFILE, processes=4)) == 4
    assert choose_processes(evolve(PROFILE, processes=40)) == 10
    assert choose_processes(evolve(PROFILE, players=100_000, record_file=tmp_path / "x")) == 1
