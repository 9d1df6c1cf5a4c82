"""What classes say about themselves: fields, units and meanings, read from the source and not repeated.

All that describes the protocol is made of this, so that a new message, field, code or limit describes itself.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from itertools import pairwise
from types import ModuleType, NoneType, UnionType
from typing import Any, Final, NewType, Union, get_args, get_origin
from uuid import UUID

import attrs
from attrs import frozen

from cardroom.money import Krw

_UNITS: Final = {
    "unix_ms": "milliseconds since 1970",
    "ms": "milliseconds",
    "seconds": "seconds",
    "bytes": "bytes",
    "big_blinds": "big blinds",
}
"""Unit of a number by the end of its name; the first that fits."""
_PLAIN_NAMES: Final = {
    NoneType: "null", int: "integer", bool: "boolean", str: "text", bytes: "bytes", UUID: "UUID",
}  # fmt: skip


@frozen
class FieldFacts:
    """One field: name and type as the class has them, its unit ("" for none) and what it means."""

    name: str
    type: Any
    unit: str
    meaning: str


@frozen
class NamedNumber:
    """A limit: a constant of a module, or a setting with its default."""

    name: str
    value: float
    unit: str
    meaning: str


def doc_of(kind: Any) -> str:
    """Give the docstring of a class or module: one line for each paragraph, code between single backticks."""
    paragraphs = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    return "\n\n".join(_one_line(paragraph) for paragraph in paragraphs)


def summary_of(kind: Any) -> str:
    """Give the first sentence of a docstring."""
    return sentences(doc_of(kind))[0]


def sentences(text: str) -> list[str]:
    """Take a docstring apart."""
    return re.split(r"(?<=\.)\s+", text.strip())


def fields_of(kind: Any) -> tuple[FieldFacts, ...]:
    """Give the fields of a class in the order in which they are sent."""
    return tuple(
        FieldFacts(field.name, field.type, unit_of(field.name, field.type), _meaning(kind, field))
        for field in attrs.fields(kind)
    )


def unit_of(name: str, type_: Any) -> str:
    """Give the unit of a number: money by its type, times and sizes by the end of the name."""
    members = _members(type_)
    if Krw in members:
        return "won"
    if int not in members and float not in members:
        return ""
    return next((unit for end, unit in _UNITS.items() if name.endswith(f"_{end}")), "")


def _meaning(kind: Any, field: "attrs.Attribute[Any]") -> str:
    """Say what a field means, in the words of the first that has any.

    They are: the text below the field, sentences about it in the docstring of its class, the text below a
    field of the same name in another class of the module, and what its type says of itself.
    """
    owners = kind.__mro__[:-1]
    below = [_docs_in_class(owner).get(field.name, "") for owner in owners]
    told = [one for owner in owners for one in sentences(doc_of(owner)) if f"`{field.name}`" in one]
    namesake = _docs_of_fields(sys.modules[kind.__module__]).get(field.name, "")
    own = next(filter(None, below), "") or " ".join(dict.fromkeys(told)) or namesake
    return own or ("" if unit_of(field.name, field.type) else _type_summary(field.type))


def _type_summary(type_: Any) -> str:
    """Give the first sentence of what the type of a field says, or the class of the values that it lists."""
    present = [one for one in _members(type_) if one is not NoneType]
    if len(present) != 1:
        return ""
    only = present[0]
    if isinstance(only, NewType):
        return sentences(newtype_doc(only))[0]
    item = get_args(only)[0] if get_origin(only) is tuple else only
    return summary_of(item) if is_enum(item) or is_class(item) else ""


def newtype_doc(kind: NewType) -> str:
    """Give the text below a ``NewType``."""
    return _docs_of_module(sys.modules[kind.__module__ or ""]).get(kind.__name__, "")


def constants_of(module: ModuleType) -> tuple[NamedNumber, ...]:
    """Give the public constants of a module that are numbers."""
    docs = _docs_of_module(module)
    own = [
        one.target.id
        for one in _tree_of(module).body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]
    return tuple(
        NamedNumber(name, getattr(module, name), unit_of(name.lower(), int), docs.get(name, ""))
        for name in own
        if name.isupper() and not name.startswith("_") and type(getattr(module, name)) is int
    )


def defaults_of(kind: Any) -> tuple[NamedNumber, ...]:
    """Give the settings of a class that are numbers with a default."""
    defaults = {field.name: field.default for field in attrs.fields(kind)}
    return tuple(
        NamedNumber(field.name, defaults[field.name], field.unit, field.meaning)
        for field in fields_of(kind)
        if type(defaults[field.name]) in (int, float)
    )


def member_docs(kind: type[Enum]) -> dict[str, str]:
    """Give the texts below members of an enum, by the member's name."""
    return _docs_in_class(kind)


def member_groups(kind: type[Enum]) -> dict[str, str]:
    """Give the heading (a comment) under which each member of an enum stands, by the member's name."""
    groups, heading = {}, ""
    for line in inspect.getsource(kind).splitlines():
        text = line.strip()
        if text.startswith("# "):
            heading = text.removeprefix("# ")
        elif found := re.match(r"(\w+) = ", text):
            groups[found.group(1)] = heading
    return groups


def is_enum(kind: Any) -> bool:
    """Say whether a type is an enum."""
    return isinstance(kind, type) and issubclass(kind, Enum)


def is_class(kind: Any) -> bool:
    """Say whether a type is one of our classes of fields."""
    return isinstance(kind, type) and attrs.has(kind)


def type_name(type_: Any) -> str:
    """Name a type in words for people: ``SeatIndex or null``, ``list of CardCode``."""
    if get_origin(type_) is tuple:
        return f"list of {type_name(get_args(type_)[0])}"
    return " or ".join(_PLAIN_NAMES.get(one) or str(one.__name__) for one in _members(type_))


def types_in(kind: Any) -> Iterator[Any]:
    """Give every type that a value of ``kind`` is made of, ``kind`` first; one may come more than once."""
    yield kind
    parts = [field.type for field in attrs.fields(kind)] if is_class(kind) else get_args(kind)
    for part in parts:
        if part is not Ellipsis:
            yield from types_in(part)


def parts_of(kinds: Iterable[Any]) -> list[Any]:
    """Give the classes, enums, and named numbers and texts that the fields of ``kinds`` are made of."""
    kinds = tuple(kinds)
    found = {
        part
        for kind in kinds
        for part in types_in(kind)
        if is_class(part) or is_enum(part) or isinstance(part, NewType)
    }
    return sorted(found - set(kinds), key=lambda part: str(part.__name__))


def _members(type_: Any) -> tuple[Any, ...]:
    return get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


@cache
def _tree_of(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


@cache
def _docs_of_module(module: ModuleType) -> dict[str, str]:
    return _docs_below(_tree_of(module).body)


@cache
def _docs_in_class(kind: type) -> dict[str, str]:
    classes = (one for one in _tree_of(sys.modules[kind.__module__]).body if isinstance(one, ast.ClassDef))
    return next((_docs_below(one.body) for one in classes if one.name == kind.__name__), {})


@cache
def _docs_of_fields(module: ModuleType) -> dict[str, str]:
    """Give the text below the first field of each name in any class of a module."""
    found: dict[str, str] = {}
    for one in _tree_of(module).body:
        if isinstance(one, ast.ClassDef):
            found = _docs_below(one.body) | found
    return found


def _docs_below(body: list[ast.stmt]) -> dict[str, str]:
    """Find the texts that stand below assignments."""
    found = {}
    for statement, below in pairwise(body):
        match statement, below:
            case (
                (ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name))),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = _one_line(text)
    return found
