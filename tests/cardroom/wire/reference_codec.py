"""The codec made of cattrs' hooks: slow, and an oracle of what the one made of source text must do.

Two encodings. Binary (msgpack): a value is a positional array of its fields, a member of a union has its
integer tag in front, an enum member is its position, a UUID is 16 bytes. JSON: a value is an object, a
member of a union carries ``"type"``, an enum member is its value, a UUID is text. Nothing is coerced: a wrong
type, a missing or extra field, an unknown tag or too many bytes raise ``Malformed``. So does a number of more
than 64 bits, which only JSON can carry: nobody could pass it on.
"""

import json
from collections.abc import Callable, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Generic, NewType, TypeVar, Union, get_args, get_origin
from uuid import UUID

import attrs
import msgpack
from cattrs import Converter
from cattrs.errors import BaseValidationError, StructureHandlerNotFoundError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from cardroom.wire.codec import Encoding, Malformed, message_name
from cardroom.wire.refusals import Refusal

T = TypeVar("T")

_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1

_PLAIN_TYPES: Final = (int, bool, str, bytes, NoneType)


class ReferenceCodec(Generic[T]):
    """Encodes and decodes one family of messages: a tagged union, or one class.

    ``unions`` maps every tagged union that may occur in a field to its tags.
    """

    def __init__(
        self, kind: Any, encoding: Encoding, max_bytes: int, unions: Mapping[Any, Mapping[int, type]]
    ) -> None:
        self._kind = kind
        self._max_bytes = max_bytes
        self._is_binary = encoding is Encoding.MSGPACK
        self._converter = _binary_converter(unions) if self._is_binary else _json_converter(unions)

    def encode(self, message: T) -> bytes:
        """Write a message; one of ours that is over the size limit is a bug and asserts."""
        value = self._converter.unstructure(message, unstructure_as=self._kind)
        if self._is_binary:
            data = msgpack.packb(value, use_bin_type=True)
        else:
            data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        assert len(data) <= self._max_bytes, f"{type(message).__name__} has {len(data)} bytes"
        return bytes(data)

    def decode(self, data: bytes | str) -> T:
        """Read a message; raises ``Malformed`` and never anything else, whatever the bytes are."""
        if len(data) > self._max_bytes:
            raise Malformed(Refusal.TOO_LARGE)
        try:
            value = self._unpack(data)
            return self._converter.structure(value, self._kind)  # type: ignore[no-any-return]
        except Malformed:
            raise
        except BaseValidationError as error:
            raise Malformed(_code_of(error)) from error
        except (ValueError, TypeError, KeyError, RecursionError, StructureHandlerNotFoundError) as error:
            raise Malformed(Refusal.MALFORMED) from error

    def _unpack(self, data: bytes | str) -> Any:
        if self._is_binary:
            if isinstance(data, str):
                raise Malformed(Refusal.MALFORMED)
            limit = self._max_bytes
            return msgpack.unpackb(
                data, raw=False, strict_map_key=True, use_list=True,
                max_str_len=limit, max_bin_len=limit, max_array_len=limit, max_map_len=0, max_ext_len=0,
            )  # fmt: skip
        return json.loads(data, parse_float=_refuse_number, parse_constant=_refuse_number)


def _refuse_number(text: str) -> Any:
    raise ValueError(f"{text} is not a whole number")


def _code_of(error: BaseException) -> Refusal:
    """Find the unknown tag inside cattrs' nested errors; anything else is malformed."""
    if isinstance(error, Malformed):
        return error.code
    if isinstance(error, BaseExceptionGroup):
        codes = {_code_of(inner) for inner in error.exceptions}
        if Refusal.UNKNOWN_MESSAGE in codes:
            return Refusal.UNKNOWN_MESSAGE
    return Refusal.MALFORMED


def _strict_converter(is_binary: bool) -> Converter:
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)
    plain: tuple[type, ...] = (bool, bytes) if is_binary else (bool,)
    for kind in plain:
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(int, _whole_number)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook_factory(_is_sequence, lambda kind: _from_list(kind, converter))
    return converter


def _is_sequence(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[1:] == (Ellipsis,)


def _from_list(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    item = _bare(get_args(kind)[0])
    as_list = _exactly(list)
    hooks: list[Callable[[Any, Any], Any]] = []

    def structure(value: Any, _: Any) -> Any:
        if not hooks:  # not before: see _from_array
            hooks.append(converter.get_structure_hook(item))
        hook = hooks[0]
        return tuple([hook(one, item) for one in as_list(value, list)])

    return structure


def _bare(kind: Any) -> Any:
    """Give what a NewType stands for: its hook would look for that one's anew with each value."""
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    return kind


def _text(value: Any, _: Any) -> str:
    """Take text that can be written again: JSON can smuggle in half of a surrogate pair."""
    text = _exactly(str)(value, str)
    text.encode()
    return text  # type: ignore[no-any-return]


def _whole_number(value: Any, _: Any) -> int:
    if type(value) is not int or not _LEAST <= value <= _MOST:
        raise TypeError("a whole number of 64 bits expected")
    return value


def _exactly(kind: type) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
        return value

    return structure


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _binary_converter(unions: Mapping[Any, Mapping[int, type]]) -> Converter:
    converter = _strict_converter(is_binary=True)
    as_bytes = _exactly(bytes)
    converter.register_structure_hook(UUID, lambda value, _: UUID(bytes=as_bytes(value, bytes)))
    converter.register_unstructure_hook(UUID, lambda value: value.bytes)
    converter.register_structure_hook_factory(_is_enum, _enum_from_position)
    converter.register_unstructure_hook_factory(_is_enum, _enum_to_position)
    converter.register_structure_hook_factory(attrs.has, lambda kind: _from_array(kind, converter))
    converter.register_unstructure_hook_factory(attrs.has, lambda kind: _to_array(kind, converter))
    for union, tags in unions.items():
        _register_array_union(converter, union, tags)
    return converter


def _enum_from_position(kind: type[Enum]) -> Callable[[Any, Any], Enum]:
    members = tuple(kind)

    def structure(value: Any, _: Any) -> Enum:
        if type(value) is not int or not 0 <= value < len(members):
            raise ValueError(f"{value!r} is no {kind.__name__}")
        return members[value]

    return structure


def _enum_to_position(kind: type[Enum]) -> Callable[[Enum], int]:
    positions = {member: position for position, member in enumerate(kind)}
    return positions.__getitem__


def _from_array(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    fields = attrs.fields(kind)
    named = [place for place, field in enumerate(fields) if field.kw_only]
    hooks: list[tuple[Callable[[Any, Any], Any], Any]] = []

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not list or len(value) != len(fields):
            raise ValueError(f"{kind.__name__} is an array of {len(fields)}")
        if not hooks:  # not before: a class may be made of classes that are registered later
            types = [_bare(field.type) for field in fields]
            hooks.extend((converter.get_structure_hook(type_), type_) for type_ in types)
        read = [hook(one, type_) for one, (hook, type_) in zip(value, hooks, strict=True)]
        by_name = {fields[place].name: read.pop(place) for place in reversed(named)}
        return kind(*read, **by_name)

    return structure


def _to_array(kind: Any, converter: Converter) -> Callable[[Any], list[Any]]:
    fields = attrs.fields(kind)
    hooks: list[tuple[str, Callable[[Any], Any] | None]] = []

    def unstructure(value: Any) -> list[Any]:
        if not hooks:
            hooks.extend((field.name, _writer(field.type, converter)) for field in fields)
        return [getattr(value, name) if hook is None else hook(getattr(value, name)) for name, hook in hooks]

    return unstructure


def _writer(kind: Any, converter: Converter) -> Callable[[Any], Any] | None:
    """Give what turns values of a type into what msgpack writes; None: they are that."""
    return None if _is_plain(kind) else converter.get_unstructure_hook(kind)


def _is_plain(kind: Any) -> bool:
    """Say whether msgpack writes a type as it is: numbers, texts, bytes, None, and tuples of them."""
    if isinstance(kind, NewType):
        return _is_plain(kind.__supertype__)
    if kind in _PLAIN_TYPES:
        return True
    is_compound = _is_sequence(kind) or get_origin(kind) in (Union, UnionType)
    return is_compound and all(_is_plain(part) for part in get_args(kind) if part is not Ellipsis)


def _register_array_union(converter: Converter, union: Any, tags: Mapping[int, type]) -> None:
    tag_of = {kind: tag for tag, kind in tags.items()}

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not list or not value or type(value[0]) is not int:
            raise Malformed(Refusal.MALFORMED)
        kind = tags.get(value[0])
        if kind is None:
            raise Malformed(Refusal.UNKNOWN_MESSAGE)
        return converter.structure(value[1:], kind)

    def unstructure(value: Any) -> list[Any]:
        kind = type(value)
        return [tag_of[kind], *converter.unstructure(value, unstructure_as=kind)]

    converter.register_structure_hook_func(lambda kind: kind == union, structure)
    converter.register_unstructure_hook_func(lambda kind: kind == union, unstructure)


def _json_converter(unions: Mapping[Any, Mapping[int, type]]) -> Converter:
    converter = _strict_converter(is_binary=False)
    converter.register_structure_hook(UUID, lambda value, _: UUID(_exactly(str)(value, str)))
    converter.register_unstructure_hook(UUID, str)
    converter.register_structure_hook(bytes, lambda value, _: bytes.fromhex(_exactly(str)(value, str)))
    converter.register_unstructure_hook(bytes, bytes.hex)
    converter.register_structure_hook_factory(attrs.has, lambda kind: _from_object(kind, converter))
    converter.register_unstructure_hook_factory(
        attrs.has, lambda kind: make_dict_unstructure_fn(kind, converter)
    )
    for union, tags in unions.items():
        _register_object_union(converter, union, tags)
    return converter


def _from_object(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    fill = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
    return lambda value, _: fill(_exactly(dict)(value, dict), kind)


def _register_object_union(converter: Converter, union: Any, tags: Mapping[int, type]) -> None:
    kinds = {message_name(kind): kind for kind in tags.values()}
    names = {kind: name for name, kind in kinds.items()}

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not dict or type(value.get("type")) is not str:
            raise Malformed(Refusal.MALFORMED)
        kind = kinds.get(value["type"])
        if kind is None:
            raise Malformed(Refusal.UNKNOWN_MESSAGE)
        return converter.structure({key: value[key] for key in value if key != "type"}, kind)

    def unstructure(value: Any) -> dict[str, Any]:
        kind = type(value)
        return {"type": names[kind], **converter.unstructure(value, unstructure_as=kind)}

    converter.register_structure_hook_func(lambda kind: kind == union, structure)
    converter.register_unstructure_hook_func(lambda kind: kind == union, unstructure)
