"""What a load test plays: where, how many, how fast, how long."""

from pathlib import Path

from attrs import frozen

from cardroom.wire.codec import Encoding


@frozen
class Pace:
    """How bots behave. A visit is the time between sitting down and leaving."""

    think_min_seconds: float = 0.01
    think_max_seconds: float = 0.04
    hands_per_visit: float = 60.0
    pause_seconds: float = 0.25
    longest_pause_seconds: float = 4.0
    answer_seconds: float = 10.0
    leave_seconds: float = 3.0
    start_spacing_seconds: float = 0.05


@frozen
class Profile:
    """One load test. ``seconds`` 0 plays until it is told to stop."""

    router_url: str
    players: int
    seconds: float
    seed: int
    names: str
    password: str
    encoding: Encoding = Encoding.MSGPACK
    pace: Pace = Pace()
    is_live: bool = False
    json_file: Path | None = None
    record_file: Path | None = None


@frozen
class Player:
    """The account that one bot plays with; the same number has the same name in every run."""

    nickname: str
    email: str
    password: str


def player(profile: Profile, number: int) -> Player:
    """Give the account of bot ``number``, counted from 1: ``bot-01``, ``bot-02``."""
    nickname = f"{profile.names}-{number:02}"
    return Player(nickname, f"{nickname}@bots.invalid", profile.password)
