"""JSON schemas of what the JSON encoding reads and writes, made from the classes themselves.

They walk the same fields as the codec does, so that what is documented is what is read: whole numbers of 64
bits, every field that has no default, and nothing that a class does not have. The text comes from the source.
What a page refuses of a value besides its type stands beside the field: ``field(metadata=letters(1, 64))``.

Schemas know a little more than the codec, for answers that are written without it: floats, and mappings with
texts as keys.
"""

from collections.abc import Mapping
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

import attrs
from attrs import frozen

from cardroom.wire.codec import message_name
from cardroom.wire.vocabulary import (
    FieldFacts,
    doc_of,
    fields_of,
    is_class,
    is_enum,
    member_docs,
    newtype_doc,
    types_in,
)

Schema = dict[str, Any]

LEAST_WHOLE: Final = -(2**63)
MOST_WHOLE: Final = 2**63 - 1
COMPONENTS: Final = "#/components/schemas/"
_BESIDE: Final = "json_schema"

_PLAIN: Final[Mapping[Any, Schema]] = MappingProxyType(
    {
        int: {"type": "integer"},
        float: {"type": "number"},
        bool: {"type": "boolean"},
        str: {"type": "string"},
        bytes: {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
        UUID: {"type": "string", "format": "uuid"},
        NoneType: {"type": "null"},
        Any: {},
    }
)

Time = NewType("Time", str)
"""A time by RFC 3339."""


def letters(least: int, most: int, pattern: str = "") -> Mapping[str, Any]:
    """Give the metadata of a field: a text of so many letters, none of them NUL, and like ``pattern``."""
    return beside(minLength=least, maxLength=most, pattern=pattern or r"^[^\x00]*$")


def readable(least: int, most: int) -> Mapping[str, Any]:
    """Give the metadata of a field: a line of so many letters that others are shown, all of them visible."""
    return beside(minLength=least, maxLength=most, format="readable")


def whole(least: int, most: int = MOST_WHOLE) -> Mapping[str, Any]:
    """Give the metadata of a field: a whole number between two others, both included."""
    return beside(minimum=least, maximum=most)


def beside(**said: Any) -> Mapping[str, Any]:
    """Give the metadata of a field of which a schema says more than the type does."""
    return {_BESIDE: said}


@frozen
class JsonSchemas:
    """Makes schemas. Of classes and enums they are references to the document's components."""

    has_bounds: bool = True
    """Say of a whole number which ones 64 bits hold."""
    wants_defaults: bool = False
    """Say of fields that have a default that they are there: true of what is written, not of what is read."""

    def of(self, type_: Any) -> Schema:
        """Give the schema of a type; raises ``TypeError`` for one that JSON does not carry here."""
        if type_ is Time:
            return {"type": "string", "format": "date-time"}
        if isinstance(type_, NewType):
            named = {"title": type_.__name__, "description": newtype_doc(type_)}
            return self.of(type_.__supertype__) | named
        if type_ is int and self.has_bounds:
            return {"type": "integer", "minimum": LEAST_WHOLE, "maximum": MOST_WHOLE}
        if type_ in _PLAIN:
            return dict(_PLAIN[type_])
        if is_enum(type_) or is_class(type_):
            return {"$ref": f"{COMPONENTS}{type_.__name__}"}
        return self._of_many(type_)

    def _of_many(self, type_: Any) -> Schema:
        origin, inner = get_origin(type_), get_args(type_)
        if origin is tuple and inner[1:] == (Ellipsis,):
            return {"type": "array", "items": self.of(inner[0])}
        if origin in (Union, UnionType):
            return {"anyOf": [self.of(one) for one in inner]}
        if origin is Literal:
            return {"enum": list(inner)}
        if origin in (dict, Mapping) and inner[0] is str:
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        raise TypeError(f"the protocol has no such type: {type_!r}")

    def message(self, kind: Any) -> Schema:
        """Give the schema of a message: its name as ``type``, every field, and nothing else."""
        return self.body(kind, {"type": {"type": "string", "const": message_name(kind)}})

    def body(self, kind: Any, first: Schema | None = None) -> Schema:
        """Give the schema of a class; ``first`` are properties in front of its fields."""
        fields, first = fields_of(kind), first or {}
        optional = set() if self.wants_defaults else defaulted(kind)
        return {
            "title": kind.__name__,
            "description": doc_of(kind),
            "type": "object",
            "properties": first | {field.name: self._property(kind, field) for field in fields},
            "required": [*first, *(field.name for field in fields if field.name not in optional)],
            "additionalProperties": False,
        }

    def component(self, kind: Any) -> Schema:
        """Give what stands among the components for a class or an enum."""
        return enum_schema(kind) if is_enum(kind) else self.body(kind)

    def _property(self, kind: Any, field: FieldFacts) -> Schema:
        said = f"{field.meaning} ({field.unit})".strip() if field.unit else field.meaning
        more: Schema = attrs.fields_dict(kind)[field.name].metadata.get(_BESIDE, {})
        schema = self.of(field.type) | more
        if not said:
            return schema
        # A reference may have nothing beside it, in AsyncAPI at least.
        return (
            {"allOf": [schema], "description": said} if "$ref" in schema else schema | {"description": said}
        )


def defaulted(kind: Any) -> set[str]:
    """Give the fields of a class that may be left out."""
    return {field.name for field in attrs.fields(kind) if field.default is not attrs.NOTHING}


def components_in(kind: Any) -> list[Any]:
    """Give the classes and enums that a type is made of, itself included: what its schema refers to."""
    found = {part: None for part in types_in(kind) if is_class(part) or is_enum(part)}
    return [*found]


def enum_schema(kind: Any) -> Schema:
    """Give the schema of an enum; the position of a value here is what msgpack sends."""
    docs = member_docs(kind)
    return {
        "title": kind.__name__,
        "description": doc_of(kind),
        "type": "string",
        "enum": [member.value for member in kind],
        "x-meanings": {member.value: docs[member.name] for member in kind if member.name in docs},
    }
