"""Which games are on offer, and at which table sizes: what a router reads of the nodes' stakes file."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cardroom.service.settings import BadSettings

Games = Mapping[str, Sequence[int]]
"""The numbers of seats that each game is offered at, by its name."""

EVERY_SIZE: Final = tuple(range(2, 10))


def read_games(file: Path) -> Games:
    """Read names and sizes; raises ``BadSettings``. All else in the file is for the nodes to check."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        sizes = _part(document, "sizes")
        return {name: _sizes(stake, sizes) for name, stake in _part(document, "stakes").items()}
    except (OSError, ValueError, TypeError) as error:
        raise BadSettings(f"{file}: {error}") from error


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name, {})
    if not isinstance(part, dict):
        raise TypeError(f"{name}: a table expected")
    return part


def _sizes(stake: Any, sizes: Mapping[str, Any]) -> Sequence[int]:
    if not isinstance(stake, dict):
        raise TypeError("stakes: each one is a table")
    named = stake.get("sizes") or ()
    found: list[Any] = [sizes.get(name) if isinstance(name, str) else None for name in named]
    if not all(type(one) is int and one in EVERY_SIZE for one in found):
        raise ValueError(f"sizes: {list(named)} are not all sizes of 2 to 9 seats")
    return tuple(sorted(found)) or EVERY_SIZE
