"""Which part of a load test one process plays: its players, its tables, its part of what happens besides."""

import json
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen
from cattrs import Converter

from cardroom.ids import TableId
from cardroom.wire.codec import Encoding
from loadtest.profile import LobbyWatchers, Player, Profile, Scenarios, SlowReaders, player
from loadtest.think import HumanThought, QuickThought, Thought

PLAYERS_A_PROCESS: Final = 600


@frozen
class Share:
    """The part of one process: bots ``first`` to ``first + profile.players - 1``, of ``crowd`` in all.

    ``tables`` are those that only this process's bots choose, None all; ``index`` counts processes from 0 and
    sees to it that no account is used in two of them.
    """

    profile: Profile
    index: int
    first: int
    crowd: int
    start_seconds: float
    tables: tuple[TableId, ...] | None = None

    def account_of(self, number: int) -> Player:
        """Give the account that the process's visitor ``number`` uses, counted from 1: a bot's."""
        return player(self.profile, self.first + (number - 1) % self.profile.players)

    @property
    def start_spacing_seconds(self) -> float:
        """How long after each other the bots of this process come."""
        return self.start_seconds / max(1, self.profile.players)


def choose_processes(profile: Profile) -> int:
    """Choose how many processes play: as asked, else by players and processors; a record needs one."""
    if profile.processes:
        return min(profile.processes, profile.players)
    if profile.record_file is not None:
        return 1
    cpus = os.cpu_count() or 1
    return max(1, min(cpus, -(-profile.players // PLAYERS_A_PROCESS)))


def divide(profile: Profile, processes: int, tables: Sequence[TableId]) -> list[Share]:
    """Give each process its share: players and tables are dealt out evenly, none to two."""
    if processes == 1:
        return [Share(profile, 0, 1, profile.players, profile.start_seconds)]
    ends = [profile.players * number // processes for number in range(processes + 1)]
    own = [tuple(tables[index::processes]) for index in range(processes)]
    return [
        Share(
            evolve(
                profile,
                players=end - begin,
                scenarios=_part_of(profile, index, processes),
            ),
            index, begin + 1, profile.players, profile.start_seconds, own[index],
        )
        for index, (begin, end) in enumerate(pairwise(ends))
    ]  # fmt: skip


def _part_of(profile: Profile, index: int, processes: int) -> Scenarios:
    """Divide connections and watchers; a process without any of them is without the scenario."""
    scenarios = profile.scenarios
    slow, lobby = scenarios.slow_readers, scenarios.lobby_watchers
    return evolve(
        scenarios,
        slow_readers=slow and _slow(slow, _portion(slow.connections, index, processes)),
        lobby_watchers=lobby and _watching(lobby, _portion(lobby.watchers, index, processes)),
    )


def _slow(all_of_them: SlowReaders, count: int) -> SlowReaders | None:
    return evolve(all_of_them, connections=count) if count else None


def _watching(all_of_them: LobbyWatchers, count: int) -> LobbyWatchers | None:
    return evolve(all_of_them, watchers=count) if count else None


def _portion(total: int, index: int, processes: int) -> int:
    return total * (index + 1) // processes - total * index // processes


def write_share(share: Share) -> str:
    """Write a share as one line, for ``read_share`` in another process."""
    return json.dumps(_converter().unstructure(share), separators=(",", ":"))


def read_share(line: str) -> Share:
    """Read what ``write_share`` wrote."""
    return _converter().structure(json.loads(line), Share)


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_unstructure_hook(Encoding, lambda encoding: encoding.value)
    converter.register_structure_hook(Thought, _read_thought)
    return converter


def _read_thought(value: dict[str, Any], _: Any) -> Thought:
    return HumanThought(**value) if "median_seconds" in value else QuickThought(**value)
