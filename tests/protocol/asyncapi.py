"""The players' protocol as an AsyncAPI 3.0 document, made of the wire's classes; values in, a value out."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, NewType, Union, get_args, get_origin
from uuid import UUID

from cardroom.wire.codec import Encoding, message_name
from cardroom.wire.player import PLAYER_TAGS, TableRequest
from cardroom.wire.table import TABLE_TAGS, CloseCode, Done, Refused
from tests.protocol.contents import MESSAGES
from tests.protocol.vocabulary import (
    FieldFacts,
    NamedNumber,
    doc_of,
    fields_of,
    is_class,
    is_enum,
    member_docs,
    newtype_doc,
    parts_of,
    sentences,
    summary_of,
)

Schema = dict[str, Any]
Limits = Mapping[str, Iterable[NamedNumber]]

ASYNCAPI_VERSION: Final = "3.0.0"
PROTOCOL_VERSION: Final = "1.0.0"
CHANNEL: Final = "table"

_PLAIN: Final[Mapping[Any, Schema]] = MappingProxyType(
    {
        int: {"type": "integer"},
        bool: {"type": "boolean"},
        str: {"type": "string"},
        bytes: {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
        UUID: {"type": "string", "format": "uuid"},
        NoneType: {"type": "null"},
    }
)


def describe_protocol(limits: Limits, examples: Mapping[type, Any]) -> Schema:
    """Give the whole document.

    ``limits`` stand by what they limit; ``examples`` are messages as JSON values, by class.
    """
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"node": _server()},
        "channels": {CHANNEL: _channel(limits)},
        "operations": _operations(),
        "components": {
            "messages": {
                message_name(kind): _message(kind, tag, examples.get(kind))
                for tags in (PLAYER_TAGS, TABLE_TAGS)
                for tag, kind in tags.items()
            },
            "schemas": {
                part.__name__: enum_schema(part) if is_enum(part) else _object(part, {})
                for part in parts_of(MESSAGES)
                if not isinstance(part, NewType)
            },
        },
    }


def schema_of(type_: Any) -> Schema:
    """Give the JSON schema (draft 7) of a type as the JSON encoding writes it; classes by reference."""
    if isinstance(type_, NewType):
        return schema_of(type_.__supertype__) | {"title": type_.__name__, "description": newtype_doc(type_)}
    if type_ in _PLAIN:
        return dict(_PLAIN[type_])
    if get_origin(type_) is tuple and get_args(type_)[1:] == (Ellipsis,):
        return {"type": "array", "items": schema_of(get_args(type_)[0])}
    if get_origin(type_) in (Union, UnionType):
        return {"anyOf": [schema_of(one) for one in get_args(type_)]}
    if is_enum(type_) or is_class(type_):
        return {"$ref": f"#/components/schemas/{type_.__name__}"}
    raise TypeError(f"the protocol has no such type: {type_!r}")


def message_schema(kind: Any) -> Schema:
    """Give the schema of a message: its name as ``type``, every field, and nothing else."""
    return _object(kind, {"type": {"type": "string", "const": message_name(kind)}})


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


def answers_of(kind: type) -> tuple[type, ...]:
    """Give the messages that a class says it is "answered with"; requests are, besides, done or refused."""
    said = " ".join(one for one in sentences(doc_of(kind)) if "nswered with" in one)
    always = (Done, Refused) if kind in get_args(TableRequest) else ()
    return tuple(one for one in TABLE_TAGS.values() if f"`{one.__name__}`" in said or one in always)


def _object(kind: Any, first: Schema) -> Schema:
    fields = fields_of(kind)
    return {
        "title": kind.__name__,
        "description": doc_of(kind),
        "type": "object",
        "properties": first | {field.name: _property(field) for field in fields},
        "required": [*first, *(field.name for field in fields)],
        "additionalProperties": False,
    }


def _property(field: FieldFacts) -> Schema:
    schema = schema_of(field.type)
    said = f"{field.meaning} ({field.unit})".strip() if field.unit else field.meaning
    if not said:
        return schema
    # A reference may have nothing beside it.
    return {"allOf": [schema], "description": said} if "$ref" in schema else schema | {"description": said}


def _info() -> Schema:
    return {
        "title": "No-limit hold'em tables",
        "version": PROTOCOL_VERSION,
        "description": "What a player and a node say to each other over a WebSocket. The application of this"
        " document is the node: it receives what players send. See protocol.md for how to get a ticket, for"
        " the course of a connection and for the binary encoding.",
    }


def _server() -> Schema:
    return {
        "host": "node.example.com",
        "protocol": "wss",
        "description": "The node that plays the table; the router gives its address together with a ticket.",
    }


def _channel(limits: Limits) -> Schema:
    closing = member_docs(CloseCode)
    return {
        "address": "/",
        "title": "One player at one table",
        "servers": [{"$ref": "#/servers/node"}],
        "messages": {message_name(kind): _component(kind) for kind in MESSAGES},
        "bindings": {"ws": _handshake()},
        "x-limits": {
            group: {one.name: {"value": one.value, "meaning": one.meaning} for one in ones}
            for group, ones in limits.items()
        },
        "x-close-codes": {str(code.value): closing.get(code.name, "") for code in CloseCode},
    }


def _handshake() -> Schema:
    offers = ", ".join(encoding.value for encoding in Encoding)
    headers = {
        "Sec-WebSocket-Protocol": f"The encodings that the player reads, the preferred one first: {offers}.",
        "X-Accept-Binary": "true chooses msgpack when no subprotocol is offered.",
    }
    return {
        "method": "GET",
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string", "description": said} for name, said in headers.items()},
        },
        "bindingVersion": "0.1.0",
    }


def _component(kind: type) -> Schema:
    return {"$ref": f"#/components/messages/{message_name(kind)}"}


def _in_channel(kind: type) -> Schema:
    return {"$ref": f"#/channels/{CHANNEL}/messages/{message_name(kind)}"}


def _operations() -> dict[str, Schema]:
    """Each message of a player with its answers, and what the node tells unasked."""
    channel = {"$ref": f"#/channels/{CHANNEL}"}
    asked = {
        f"receive_{message_name(kind)}": {
            "action": "receive",
            "channel": channel,
            "summary": summary_of(kind),
            "messages": [_in_channel(kind)],
            "reply": {"channel": channel, "messages": [_in_channel(answer) for answer in answers_of(kind)]},
        }
        for kind in PLAYER_TAGS.values()
    }
    told = {
        "action": "send",
        "channel": channel,
        "summary": "What happens at the table, to everybody who follows it.",
        "messages": [_in_channel(kind) for kind in TABLE_TAGS.values()],
    }
    return {**asked, "send_to_player": told}


def _message(kind: type, tag: int, example: Any) -> Schema:
    """Describe a message; ``x-msgpack`` is its binary form: the tag, then the fields in this order."""
    message = {
        "name": message_name(kind),
        "title": kind.__name__,
        "summary": summary_of(kind),
        "description": doc_of(kind),
        "contentType": "application/json",
        "payload": message_schema(kind),
        "x-msgpack": {"tag": tag, "fields": [field.name for field in fields_of(kind)]},
    }
    return message if example is None else message | {"examples": [{"payload": example}]}
