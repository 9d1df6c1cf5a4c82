"""The AsyncAPI document: whole by its specification; its schemas take what the wire says and nothing else."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import attrs
import fastjsonschema
import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from cardroom.wire.codec import Codec, Encoding, message_name
from cardroom.wire.player import PLAYER_TAGS, Hello, Ping, SitDown, player_codec
from cardroom.wire.table import TABLE_TAGS, Done, Pong, Refused, Snapshot, Welcome, table_codec
from tests.cardroom.wire.messages import any_of
from tests.protocol.asyncapi import SCHEMAS, answers_of, describe_protocol
from tests.protocol.contents import LIMITS, MESSAGES
from tests.protocol.recorded_hand import Line, record_hand

KEYWORDS = {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "description", "enum", "format", "items",
    "pattern", "properties", "required", "title", "type", "x-meanings",
}  # fmt: skip
"""All that a schema here is made of: JSON Schema draft 7, and one word of our own."""

DOCUMENT = describe_protocol(LIMITS, {})


def find(reference: str) -> Any:
    """Follow a reference inside the document."""
    assert reference.startswith("#/")
    found: Any = DOCUMENT
    for step in reference[2:].split("/"):
        found = found[step]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def schemas() -> Iterator[dict[str, Any]]:
    """Give every schema, those inside others too."""
    waiting = list(DOCUMENT["components"]["schemas"].values())
    waiting += [message["payload"] for message in DOCUMENT["components"]["messages"].values()]
    while waiting:
        schema = waiting.pop()
        yield schema
        waiting += [
            *schema.get("properties", {}).values(),
            *schema.get("anyOf", ()),
            *schema.get("allOf", ()),
        ]
        waiting += [schema["items"]] if "items" in schema else []


@cache
def validator(kind: type) -> Callable[[Any], Any]:
    payload = DOCUMENT["components"]["messages"][message_name(kind)]["payload"]
    check: Callable[[Any], Any] = fastjsonschema.compile(payload | {"components": DOCUMENT["components"]})
    return check


def as_json(message: Any) -> Any:
    codec: Codec[Any] = (player_codec if type(message) in PLAYER_TAGS.values() else table_codec)(
        Encoding.JSON
    )
    return json.loads(codec.encode(message))


def is_taken(kind: type, value: Any) -> bool:
    try:
        validator(kind)(value)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


def test_the_parts_that_the_specification_asks_for_are_there() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    assert all({"host", "protocol"} <= server.keys() for server in DOCUMENT["servers"].values())
    for operation in DOCUMENT["operations"].values():
        assert {"action", "channel"} <= operation.keys()
        assert operation["action"] in ("send", "receive")


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > len(MESSAGES)
    for reference in found:
        assert find(reference), reference


def test_operations_use_messages_of_their_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        replies = operation.get("reply", {"channel": operation["channel"], "messages": []})
        for part in (operation, replies):
            prefix = f"{part['channel']['$ref']}/messages/"
            assert all(one["$ref"].startswith(prefix) for one in part["messages"])


def test_every_message_is_described_and_sent_by_its_side() -> None:
    names = [message_name(kind) for kind in MESSAGES]
    assert sorted(DOCUMENT["components"]["messages"]) == sorted(set(names))
    assert len(set(names)) == len(names)
    assert list(DOCUMENT["channels"]["table"]["messages"]) == names
    sides: dict[str, list[str]] = {"receive": [], "send": []}
    for operation in DOCUMENT["operations"].values():
        sides[operation["action"]] += [one["$ref"].rsplit("/", 1)[1] for one in operation["messages"]]
    assert sides["receive"] == [message_name(kind) for kind in PLAYER_TAGS.values()]
    assert sides["send"] == [message_name(kind) for kind in TABLE_TAGS.values()]


@pytest.mark.parametrize("kind", PLAYER_TAGS.values(), ids=message_name)
def test_every_message_of_a_player_has_an_answer(kind: type) -> None:
    """A class says "answered with" and names them, or is a request of a table."""
    assert answers_of(kind)


def test_answers_are_those_that_the_class_names() -> None:
    assert answers_of(Hello) == (Welcome, Refused, Snapshot)
    assert answers_of(Ping) == (Pong,)
    assert answers_of(SitDown) == (Done, Refused)


def test_schemas_are_made_of_known_words() -> None:
    for schema in schemas():
        assert schema.keys() <= KEYWORDS
        assert schema.get("type", "null") in ("array", "boolean", "integer", "null", "object", "string")
        assert "$ref" not in schema or len(schema) == 1


@pytest.mark.parametrize("kind", MESSAGES, ids=message_name)
@given(data=st.data())
@settings(max_examples=10)
def test_a_message_of_the_wire_is_taken_and_a_changed_one_is_not(kind: type, data: st.DataObject) -> None:
    value = as_json(data.draw(any_of(kind)))
    assert is_taken(kind, value)
    assert not is_taken(kind, value | {"one_more": 1})
    assert not is_taken(kind, value | {"type": "win_everything"})
    for name, content in value.items():
        assert not is_taken(kind, {key: value[key] for key in value if key != name})
        assert not is_taken(kind, value | {name: {"of": "another type"}})
        if isinstance(content, int):
            assert not is_taken(kind, value | {name: content + 0.5})
            assert not is_taken(kind, value | {name: str(content)})


@pytest.mark.parametrize("line", record_hand(), ids=lambda line: type(line.message).__name__)
def test_what_a_table_has_said_is_taken(line: Line) -> None:
    assert is_taken(type(line.message), as_json(line.message))


def test_inner_parts_are_strict_too() -> None:
    lines = [line.message for line in record_hand()]
    value = as_json(next(one for one in lines if isinstance(one, Snapshot)))
    assert is_taken(Snapshot, value)
    for changed in (
        value | {"state": "asleep"},
        value | {"options": value["options"] | {"one_more": 1}},
        value | {"seats": [{}]},
        value | {"board": ["2c"]},
    ):
        assert not is_taken(Snapshot, changed)


def test_bytes_are_hexadecimal_digits() -> None:
    check = fastjsonschema.compile(SCHEMAS.of(bytes))
    check("00ff")
    for wrong in ("0", "zz", "FF", 7):
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            check(wrong)


def test_a_type_that_the_wire_has_not_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="no such type"):
        SCHEMAS.of(complex)


def test_binary_messages_are_described_by_tag_and_fields() -> None:
    for tags in (PLAYER_TAGS, TABLE_TAGS):
        for tag, kind in tags.items():
            binary = DOCUMENT["components"]["messages"][message_name(kind)]["x-msgpack"]
            assert binary == {"tag": tag, "fields": [field.name for field in attrs.fields(kind)]}


@frozen
class Toast:
    """Drink together.

    Answered with ``Done`` or, where nobody drinks, with ``Pong``. A ``Snapshot`` is no answer.
    """


def test_only_sentences_about_answers_count() -> None:
    assert answers_of(Toast) == (Pong, Done)
