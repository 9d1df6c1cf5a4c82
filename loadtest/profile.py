"""What a load test plays: where, how many, how fast, how long, and what happens besides."""

from pathlib import Path
from typing import Final

from attrs import field, frozen
from attrs.validators import and_, ge, gt, le

from cardroom.money import Krw
from cardroom.wire.codec import Encoding
from loadtest.think import HumanThought, QuickThought, Thought

PACES: Final = ("fast", "human")


@frozen
class Pace:
    """How bots behave. A visit is the time between sitting down and leaving; times in seconds.

    A table where nothing happens for ``idle_seconds`` is left. ``lobby_seconds`` is how old a lobby may be
    that the bots of a process choose their tables from.
    """

    thought: Thought = field(factory=QuickThought)
    hands_per_visit: float = 60.0
    pause_seconds: float = 0.25
    longest_pause_seconds: float = 4.0
    answer_seconds: float = 10.0
    leave_seconds: float = 3.0
    start_spacing_seconds: float = 0.05
    idle_seconds: float = 20.0
    lobby_seconds: float = 0.5

    @property
    def name(self) -> str:
        """Which of ``PACES`` it is."""
        return "human" if isinstance(self.thought, HumanThought) else "fast"


_share = and_(gt(0.0), le(1.0))


@frozen
class Storm:
    """So long after measuring began, a share of all connections breaks at one instant."""

    share: float = field(default=0.5, validator=_share)
    after_seconds: float = field(default=10.0, validator=ge(0.0))


@frozen
class SlowReaders:
    """So long after measuring began, connections come that read nothing, or so many bytes a second.

    Each asks so often for a snapshot that it does not read: else it would be minutes until the node has kept
    as much for it as it may. By default a node takes no more than 2 a second.
    """

    connections: int = field(default=50, validator=ge(1))
    bytes_per_second: int = field(default=0, validator=ge(0))
    asks_per_second: float = field(default=1.5, validator=gt(0.0))
    after_seconds: float = field(default=15.0, validator=ge(0.0))


@frozen
class LobbyWatchers:
    """Players who sit nowhere, and look at the lobby every ``period_seconds``."""

    watchers: int = field(default=100, validator=ge(1))
    period_seconds: float = field(default=3.0, validator=ge(0.05))


@frozen
class Chatting:
    """How many lines each seated player says in a minute, besides the usual."""

    lines_per_minute: float = field(default=2.0, validator=gt(0.0))


@frozen
class Scenarios:
    """What happens besides playing."""

    storm: Storm | None = None
    slow_readers: SlowReaders | None = None
    lobby_watchers: LobbyWatchers | None = None
    chat: Chatting | None = None

    def names(self) -> list[str]:
        """Name those that run."""
        found = {
            "storm": self.storm,
            "slow_readers": self.slow_readers,
            "lobby_watchers": self.lobby_watchers,
            "chat": self.chat,
        }
        return [name for name, scenario in found.items() if scenario is not None]


@frozen
class Grant:
    """What a player is given whose wallet holds less, in won: by whom, and once in each run of that name."""

    wallet_url: str
    admin_token: str = field(repr=False)
    amount: Krw
    run: str


@frozen
class Profile:
    """One load test.

    ``seconds`` 0 plays until it is told to stop. With ``ramp_seconds`` the bots come spread over that time,
    and ``seconds`` are measured once ``warm_up_seconds`` more are over; without, all that happens from the
    start on counts, and ``seconds`` are all there is. Where the cluster is the load test's own, it has
    ``tables`` of ``seats`` seats. ``processes`` 0 is as many as players and processors want.
    """

    router_url: str
    players: int
    seconds: float
    seed: int
    names: str
    password: str
    encoding: Encoding = Encoding.MSGPACK
    pace: Pace = field(factory=Pace)
    is_live: bool = False
    json_file: Path | None = None
    record_file: Path | None = None
    name: str = "options"
    tables: int = 0
    seats: int = 6
    processes: int = 0
    ramp_seconds: float | None = None
    warm_up_seconds: float = 0.0
    scenarios: Scenarios = field(factory=Scenarios)
    grant: Grant | None = None

    @property
    def counts_everything(self) -> bool:
        """Whether all counts from the first login on, and not only what is measured after a warm-up."""
        return self.ramp_seconds is None

    @property
    def start_seconds(self) -> float:
        """Over how long the bots' starts are spread."""
        if self.ramp_seconds is None:
            return self.pace.start_spacing_seconds * self.players
        return self.ramp_seconds


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
