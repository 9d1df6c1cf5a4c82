"""JSON of others, read strictly: what is not surely meant is not read.

Bytes are UTF-8, no key comes twice, no number is endless or none. Amounts are text, never numbers of JSON.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from wallet_worker.rules.coins import read_coins

_ZERO_IN_FRONT: Final = re.compile(r"0[0-9]", re.ASCII)
_DUST: Final = re.compile(r"[0-9](?:\.[0-9]{1,30})?[eE]-(?:[0-9]{1,2})")
_LARGEST_NUMBER: Final = 2**31 - 1


class Unreadable(Exception):
    """It is not what was expected; the text says where, and repeats nothing of it."""


def read_json(raw: bytes, most_bytes: int) -> Any:
    """Read a body. Raises ``Unreadable`` and nothing else, whatever the bytes are."""
    if len(raw) > most_bytes:
        raise Unreadable("too long")
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error


def read_object(raw: bytes, most_bytes: int) -> Mapping[str, Any]:
    """Read a body that must be an object."""
    return an_object(read_json(raw, most_bytes), "body")


def an_object(value: Any, name: str) -> Mapping[str, Any]:
    """Give an object, if it is one."""
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is no object")
    return value


def a_list(value: Any, name: str) -> Sequence[Any]:
    """Give a list, if it is one."""
    if not isinstance(value, list):
        raise Unreadable(f"{name} is no list")
    return value


def text_in(body: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    """Give a text that must have this shape from its first to its last letter."""
    value = body.get(name)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise Unreadable(f"{name} is not as it should be")
    return value


def number_in(body: Mapping[str, Any], name: str) -> int:
    """Give a whole number from 0 up to what the database holds."""
    value = body.get(name)
    if type(value) is not int or not 0 <= value <= _LARGEST_NUMBER:
        raise Unreadable(f"{name} is no number")
    return value


def amount_in(body: Mapping[str, Any], name: str, scale: int) -> int:
    """Give an amount of whole coins, written as text, in smallest units, exactly.

    Signs, exponents, blanks, superfluous zeros in front and more decimals than the coin has are refused;
    zeros at the end change nothing and are not.
    """
    value = body.get(name)
    amount = read_amount(value, scale) if isinstance(value, str) else None
    if amount is None:
        raise Unreadable(f"{name} is no amount of this coin")
    return amount


def read_amount(text: str, scale: int) -> int | None:
    """Give an amount in smallest units; None for what is none, or is finer than the smallest unit."""
    return None if _ZERO_IN_FRONT.match(text) else read_coins(text, scale)


def is_dust(value: Any) -> bool:
    """Say whether an amount is written as Python writes what is below a millionth: ``1E-7``, ``0E-8``.

    It is not read as an amount: what it is does not matter.
    """
    return isinstance(value, str) and _DUST.fullmatch(value) is not None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key comes twice")
    return body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
