"""Wallet worker to nodes, through Redis: whether all play is frozen. The hash of ``keys.house``."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

_FROZEN: Final = b"play_frozen"
_TOLD: Final = b"told"
_NUMBER: Final = b"number"
_YES, _NO = b"1", b"0"
_MAX_TOLD_LETTERS: Final = 200


@frozen
class HouseWord:
    """Whether play is frozen, and what players are told of that. ``number`` grows with each change.

    Several workers write it, one perhaps late: a word with a smaller number than the last one is an old one.
    """

    is_play_frozen: bool = False
    told: str = ""
    number: int = 0


def write_house(word: HouseWord) -> dict[bytes, bytes]:
    """Give the fields of the hash."""
    frozen_field = _YES if word.is_play_frozen else _NO
    return {_FROZEN: frozen_field, _TOLD: word.told.encode(), _NUMBER: b"%d" % word.number}


def read_house(fields: Mapping[bytes, bytes]) -> HouseWord | None:
    """Read the hash; None where there is none, or one that cannot be read."""
    try:
        frozen_field, told, number = fields[_FROZEN], fields[_TOLD].decode(), int(fields[_NUMBER])
    except (KeyError, ValueError):
        return None
    if frozen_field not in (_YES, _NO):
        return None
    return HouseWord(frozen_field == _YES, told[:_MAX_TOLD_LETTERS], number)
