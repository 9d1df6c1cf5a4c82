"""A profile as a TOML file: strict, every key checked. What the command line says stands above it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen
from attrs.validators import ge, in_

from cardroom.service.settings import BadSettings, load_settings
from loadtest.profile import PACES, Pace, Scenarios
from loadtest.think import HumanThought, QuickThought

_FOLDER: Final = Path(__file__).parent / "profiles"
ENCODINGS: Final = ("json", "msgpack")


@frozen
class ProfileFile:
    """What a profile may say, times in seconds. ``processes`` 0: as many as players and processors want."""

    players: int = field(validator=ge(1))
    tables: int = field(validator=ge(1))
    seats: int = field(default=6, validator=in_((2, 6, 9)))
    pace: str = field(default="human", validator=in_(PACES))
    seconds: float = field(default=60.0, validator=ge(0.0))
    ramp_seconds: float = field(default=10.0, validator=ge(0.0))
    warm_up_seconds: float = field(default=10.0, validator=ge(0.0))
    hands_per_visit: float = field(default=200.0, validator=ge(1.0))
    seed: int = 1
    encoding: str = field(default="msgpack", validator=in_(ENCODINGS))
    processes: int = field(default=0, validator=ge(0))
    human: HumanThought = field(factory=HumanThought)
    fast: QuickThought = field(factory=QuickThought)
    scenarios: Scenarios = field(factory=Scenarios)

    def __attrs_post_init__(self) -> None:
        if self.tables * self.seats < self.players:
            raise ValueError("players: more than there are seats at all tables")

    @property
    def bots_pace(self) -> Pace:
        """How the bots behave."""
        return pace_of(self.pace, self.human, self.fast, self.hands_per_visit)


def pace_of(
    name: str,
    human: HumanThought | None = None,
    fast: QuickThought | None = None,
    hands_per_visit: float = 200.0,
) -> Pace:
    """Give one of ``PACES``. Where people play, nothing may happen for as long as one of them may think."""
    if name == "human":
        return Pace(
            thought=human or HumanThought(),
            hands_per_visit=hands_per_visit,
            idle_seconds=90.0,
            lobby_seconds=1.0,
            leave_seconds=10.0,
        )
    return Pace(thought=fast or QuickThought(), hands_per_visit=hands_per_visit, lobby_seconds=1.0)


def profile_names() -> list[str]:
    """Name the profiles that come with the load test."""
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def read_profile_file(name: str, environment: Mapping[str, str]) -> ProfileFile:
    """Read a profile by its name, or a file of one's own; raises ``BadSettings`` with every fault."""
    known = _FOLDER / f"{name}.toml"
    path = known if known.is_file() else Path(name)
    if not path.is_file():
        raise BadSettings(f"{name} is no profile and no file; profiles: {', '.join(profile_names())}")
    return load_settings(ProfileFile, path, environment)
