"""The players' protocol as an AsyncAPI 3.0 document, made of the wire's classes; values in, a value out."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NewType, get_args

from cardroom.wire.codec import Encoding, message_name
from cardroom.wire.json_schema import JsonSchemas
from cardroom.wire.player import PLAYER_TAGS, TableRequest
from cardroom.wire.table import TABLE_TAGS, CloseCode, Done, Refused
from cardroom.wire.vocabulary import (
    NamedNumber,
    doc_of,
    fields_of,
    member_docs,
    parts_of,
    sentences,
    summary_of,
)
from tests.protocol.contents import MESSAGES

Schema = dict[str, Any]
Limits = Mapping[str, Iterable[NamedNumber]]

ASYNCAPI_VERSION: Final = "3.0.0"
PROTOCOL_VERSION: Final = "1.0.0"
CHANNEL: Final = "table"

SCHEMAS: Final = JsonSchemas(has_bounds=False, wants_defaults=True)


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
                part.__name__: SCHEMAS.component(part)
                for part in parts_of(MESSAGES)
                if not isinstance(part, NewType)
            },
        },
    }


def answers_of(kind: type) -> tuple[type, ...]:
    """Give the messages that a class says it is "answered with"; requests are, besides, done or refused."""
    said = " ".join(one for one in sentences(doc_of(kind)) if "nswered with" in one)
    always = (Done, Refused) if kind in get_args(TableRequest) else ()
    return tuple(one for one in TABLE_TAGS.values() if f"`{one.__name__}`" in said or one in always)


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
        "payload": SCHEMAS.message(kind),
        "x-msgpack": {"tag": tag, "fields": [field.name for field in fields_of(kind)]},
    }
    return message if example is None else message | {"examples": [{"payload": example}]}
