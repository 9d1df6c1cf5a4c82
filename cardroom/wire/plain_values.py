"""Messages as the plain values that msgpack and JSON write, and back: functions made from the classes.

Every action crosses this code many times: for each who sends, hears or keeps something. So for each class a
function is put together as text and compiled, the first time that it is needed: one that names each field
where it stands takes a quarter of the time of a loop over the fields. A new message needs nothing but its
class.

What is read is strict: whatever is not exactly of its type raises ``ValueError``, ``TypeError``, ``KeyError``
or ``Malformed``. Types are whole numbers of 64 bits, truth values, texts, bytes, UUIDs, enums, attrs classes,
tagged unions; and of these what may be None, and tuples of any length. Any other raises ``TypeError`` when
the functions are made.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, NewType, NoReturn, Union, get_args, get_origin
from uuid import UUID

import attrs

from cardroom.wire.refusals import Refusal

_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1

Function = Callable[[Any], Any]
Way = Literal["read", "write"]


class Malformed(Exception):
    """The bytes are no message of this protocol; ``code`` says which way."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code


def message_name(kind: type) -> str:
    """Give the name of a message class on JSON: ``SitDown`` is ``sit_down``."""
    letters = (f"_{char.lower()}" if char.isupper() else char for char in kind.__name__)
    return "".join(letters).lstrip("_")


class PlainValues(ABC):
    """Makes the functions of one encoding. ``unions`` maps every tagged union to its tags.

    The methods below give pieces of source text: expressions over ``value``, which is a name or, where
    something is written, an attribute.
    """

    plain_types: tuple[type, ...] = (int, bool, str, NoneType)
    """What is written as it is."""

    def __init__(self, unions: Mapping[Any, Mapping[int, type]]) -> None:
        self._unions = [*unions.items()]
        self._seen: dict[str, Any] = {"UUID": UUID, "refuse": _refuse, "text": _text}
        """What the made functions see: types, tables of values, and each other."""
        self._names: dict[tuple[str, Any], str] = {}

    def function(self, way: Way, kind: Any) -> Function:
        """Give the function that writes a class or a tagged union as plain values, or reads it from any."""
        function: Function = self._seen[self._function(way, kind)]
        return function

    def _function(self, way: Way, kind: Any) -> str:
        """Give the name of a type's function, which is made if there is none yet."""
        if (way, kind) not in self._names:
            tags = self._tags(kind)
            if tags is not None:
                made = self._write_union(tags) if way == "write" else self._read_union(tags)
            elif attrs.has(kind):
                lines = self._class_written(kind, None) if way == "write" else self._class_read(kind)
                made = self._compile(lines)
            else:
                raise TypeError(f"{kind} has no form on the wire")
            self._see(way, kind, made)
        return self._names[way, kind]

    def _compile(self, lines: list[str]) -> Function:
        scope: dict[str, Function] = {}
        text = "\n    ".join(["def function(value):", *lines])
        exec(text, self._seen, scope)  # noqa: S102 (made of our own classes, and of nothing that anybody sends)
        return scope["function"]

    def _see(self, role: str, kind: Any, what: Any) -> str:
        """Let the made functions see something that belongs to a type; give its name there."""
        name = self._names.setdefault((role, kind), f"{role}_{len(self._names)}")
        self._seen[name] = what
        return name

    def _tags(self, kind: Any) -> Mapping[int, type] | None:
        return next((tags for union, tags in self._unions if union == kind), None)

    def _write_union(self, tags: Mapping[int, type]) -> Function:
        numbers = {kind: tag for tag, kind in tags.items()}
        writers = _Lazily(lambda kind: self._compile(self._class_written(kind, numbers[kind])))
        return lambda value: writers[type(value)](value)

    def _written(self, kind: Any, value: str) -> str:
        kind = _bare(kind)
        if self._is_plain(kind):
            return value
        if (inner := _optional(kind)) is not None and self._tags(kind) is None:
            return f"(None if {value} is None else {self._written(inner, value)})"
        if (item := _item(kind)) is not None:
            return f"[{self._written(item, 'one')} for one in {value}]"
        if _is_enum(kind):
            return f"{self._see('written', kind, self._enum_written(kind))}[{value}]"
        if kind in (UUID, bytes):
            return self._bytes_written(kind, value)
        return f"{self._function('write', kind)}({value})"

    def _is_plain(self, kind: Any) -> bool:
        inner = _optional(kind) or _item(kind)
        return kind in self.plain_types if inner is None else self._is_plain(_bare(inner))

    def _read(self, kind: Any, value: str) -> str:
        kind = _bare(kind)
        if kind is int:
            return _strictly(value, f"type({value}) is int and {_LEAST} <= {value} <= {_MOST}")
        if kind is bool:
            return _strictly(value, f"type({value}) is bool")
        if (inner := _optional(kind)) is not None and self._tags(kind) is None:
            return f"(None if {value} is None else {self._read(inner, value)})"
        if (item := _item(kind)) is not None:
            items = f"tuple([{self._read(item, 'one')} for one in {value}])"
            return _strictly(value, f"type({value}) is list", items)
        if _is_enum(kind):
            return self._enum_read(kind, value)
        if kind in (str, UUID, bytes):
            return self._text_read(kind, value)
        return f"{self._function('read', kind)}({value})"

    def _made_of(self, kind: Any, values: list[str]) -> str:
        """Make a class of what was read of its fields; by place where that is possible, which is quicker."""
        fields = [*zip(attrs.fields(kind), values, strict=True)]
        given = [read for field, read in fields if not field.kw_only]
        given += [f"{field.alias}={read}" for field, read in fields if field.kw_only]
        return f"return {self._see('class', kind, kind)}({', '.join(given)})"

    @abstractmethod
    def _read_union(self, tags: Mapping[int, type]) -> Function:
        """Give the function that finds out of what class a member of a union is, and reads it."""

    @abstractmethod
    def _class_written(self, kind: Any, tag: int | None) -> list[str]:
        """Write a class; with a tag as a member of a union."""

    @abstractmethod
    def _class_read(self, kind: Any) -> list[str]:
        """Read a class, without a tag."""

    @abstractmethod
    def _enum_written(self, kind: type[Enum]) -> Mapping[Enum, Any]:
        """Give what each member is written as."""

    @abstractmethod
    def _enum_read(self, kind: type[Enum], value: str) -> str:
        """Read a member of an enum."""

    @abstractmethod
    def _bytes_written(self, kind: type, value: str) -> str:
        """Write bytes or a UUID."""

    @abstractmethod
    def _text_read(self, kind: type, value: str) -> str:
        """Read a text, bytes or a UUID."""


class Arrays(PlainValues):
    """For msgpack: a class is an array of its fields, in a union behind its tag; enums are positions."""

    plain_types = (int, bool, str, NoneType, bytes)

    def _read_union(self, tags: Mapping[int, type]) -> Function:
        readers = _Lazily(lambda tag: self.function("read", tags[tag]))

        def read(value: Any) -> Any:
            if type(value) is not list or not value or type(value[0]) is not int:
                raise Malformed(Refusal.MALFORMED)
            if value[0] not in tags:
                raise Malformed(Refusal.UNKNOWN_MESSAGE)
            return readers[value[0]](value[1:])

        return read

    def _class_written(self, kind: Any, tag: int | None) -> list[str]:
        values = [self._written(field.type, f"value.{field.name}") for field in attrs.fields(kind)]
        return [f"return [{', '.join(values if tag is None else [str(tag), *values])}]"]

    def _class_read(self, kind: Any) -> list[str]:
        names = [f"value_{number}" for number, _ in enumerate(attrs.fields(kind))]
        values = [self._read(field.type, name) for field, name in zip(attrs.fields(kind), names, strict=True)]
        return [
            f"if type(value) is not list or len(value) != {len(names)}: refuse(value)",
            f"[{', '.join(names)}] = value",
            self._made_of(kind, values),
        ]

    def _enum_written(self, kind: type[Enum]) -> Mapping[Enum, Any]:
        return {member: position for position, member in enumerate(kind)}

    def _enum_read(self, kind: type[Enum], value: str) -> str:
        member = f"{self._see('members', kind, tuple(kind))}[{value}]"
        return _strictly(value, f"type({value}) is int and 0 <= {value} < {len(kind)}", member)

    def _bytes_written(self, kind: type, value: str) -> str:
        assert kind is UUID, "msgpack writes bytes as they are"
        return f"{value}.bytes"

    def _text_read(self, kind: type, value: str) -> str:
        if kind is UUID:
            return f"UUID(bytes={self._text_read(bytes, value)})"
        return _strictly(value, f"type({value}) is {kind.__name__}")


class Objects(PlainValues):
    """For JSON: a class is an object, in a union with its name as ``"type"``; enums are their values."""

    def _read_union(self, tags: Mapping[int, type]) -> Function:
        kinds = {message_name(kind): kind for kind in tags.values()}
        readers = _Lazily(lambda name: self.function("read", kinds[name]))

        def read(value: Any) -> Any:
            if type(value) is not dict or type(value.get("type")) is not str:
                raise Malformed(Refusal.MALFORMED)
            if value["type"] not in kinds:
                raise Malformed(Refusal.UNKNOWN_MESSAGE)
            return readers[value["type"]]({name: value[name] for name in value if name != "type"})

        return read

    def _class_written(self, kind: Any, tag: int | None) -> list[str]:
        values = [
            f'"{one.name}": {self._written(one.type, f"value.{one.name}")}' for one in attrs.fields(kind)
        ]
        named = [] if tag is None else [f'"type": "{message_name(kind)}"']
        return [f"return {{{', '.join(named + values)}}}"]

    def _class_read(self, kind: Any) -> list[str]:
        """A field that has a default may be missing; one that the class does not have may not be there."""
        fields = attrs.fields(kind)
        names = self._see("names", kind, frozenset(field.name for field in fields))
        lines = [f"if type(value) is not dict or not value.keys() <= {names}: refuse(value)"]
        values = []
        for number, field in enumerate(fields):
            lines.append(f'value_{number} = value["{field.name}"]')
            values.append(self._read(field.type, f"value_{number}"))
            if field.default is not attrs.NOTHING:
                default = self._see(f"default_{field.name}", kind, field.default)
                lines[-1] = f'value_{number} = value.get("{field.name}", refuse)'
                values[-1] = f"({default} if value_{number} is refuse else {values[-1]})"
        return [*lines, self._made_of(kind, values)]

    def _enum_written(self, kind: type[Enum]) -> Mapping[Enum, Any]:
        return {member: member.value for member in kind}

    def _enum_read(self, kind: type[Enum], value: str) -> str:
        return f"{self._see('members', kind, {member.value: member for member in kind})}[{value}]"

    def _bytes_written(self, kind: type, value: str) -> str:
        return f"str({value})" if kind is UUID else f"{value}.hex()"

    def _text_read(self, kind: type, value: str) -> str:
        text = f"text({value})"
        return text if kind is str else f"UUID({text})" if kind is UUID else f"bytes.fromhex({text})"


class _Lazily(dict[Any, Function]):
    """Functions by what they are for, each made when it is first asked for."""

    def __init__(self, make: Callable[[Any], Function]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Function:
        made = self[key] = self._make(key)
        return made


def _strictly(value: str, check: str, result: str | None = None) -> str:
    return f"({result or value} if {check} else refuse({value}))"


def _refuse(value: Any) -> NoReturn:
    raise TypeError(f"{type(value).__name__} stands where something else is expected, or more or less of it")


def _text(value: Any) -> str:
    """Take text that can be written again: JSON can smuggle in half of a surrogate pair."""
    if type(value) is not str:
        _refuse(value)
    value.encode()
    return value


def _bare(kind: Any) -> Any:
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    return kind


def _optional(kind: Any) -> Any | None:
    """Give the type of a value that may be None; None for another type."""
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else ()
    inner = [part for part in parts if part is not NoneType]
    return inner[0] if len(parts) == 2 and len(inner) == 1 else None


def _item(kind: Any) -> Any | None:
    """Give the type of a tuple's items; None for what is no tuple of any length."""
    return get_args(kind)[0] if get_origin(kind) is tuple and get_args(kind)[1:] == (Ellipsis,) else None


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)
