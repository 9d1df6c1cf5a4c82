"""Where two records of the same batch differ first (pure)."""

from itertools import zip_longest
from typing import Final

_FIELDS: Final = ("id", "kind", "command", "time", "reason", "entries", "hand")
_MAX_LETTERS: Final = 120


def first_difference(database: str, copy: str, name: str) -> str:
    """Name the first transfer that differs, and in what; ``name`` is what the copy is called."""
    here, there = _by_id(database), _by_id(copy)
    for transfer in sorted(here.keys() | there.keys(), key=_order):
        if transfer not in there:
            return f"transfer {transfer} stands in the database only"
        if transfer not in here:
            return f"transfer {transfer} stands in the {name} only"
        if here[transfer] != there[transfer]:
            what, one, other = _differing(here[transfer], there[transfer])
            return f"transfer {transfer}, {what}: {one} in the database, {other} in the {name}"
    return "the same transfers in another order"


def _by_id(content: str) -> dict[str, str]:
    lines = content.split("\n") if content else []
    return {line.partition("|")[0]: line for line in lines}


def _order(transfer: str) -> tuple[int, str]:
    return (int(transfer), "") if transfer.isdecimal() else (-1, transfer)


def _differing(here: str, there: str) -> tuple[str, str, str]:
    """Give what differs in two lines of one transfer, as small as it can be named."""
    for name, one, other in zip_longest(_FIELDS, here.split("|"), there.split("|"), fillvalue="-"):
        if one != other and name == "entries":
            return _differing_entry(one, other)
        if one != other:
            return name, _short(one), _short(other)
    raise AssertionError("the lines differ")


def _differing_entry(here: str, there: str) -> tuple[str, str, str]:
    for one, other in zip_longest(here.split(";"), there.split(";"), fillvalue="nothing"):
        if one != other:
            account = min(
                (entry.partition(",")[0] for entry in (one, other) if entry != "nothing"), key=_order
            )
            return f"entry of account {account}", _short(one), _short(other)
    raise AssertionError("the entries differ")


def _short(text: str) -> str:
    return text if len(text) <= _MAX_LETTERS else text[:_MAX_LETTERS] + "..."
