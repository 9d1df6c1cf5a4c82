"""Schemas and the codec say the same of the same bytes."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import jsonschema_rs
import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.json_schema import (
    MOST_WHOLE,
    JsonSchemas,
    Time,
    beside,
    components_in,
    letters,
    readable,
    whole,
)


class Color(Enum):
    """A color."""

    RED = "red"
    """Of hearts and diamonds."""
    BLACK = "black"


@frozen
class Inner:
    """What lies inside."""

    id: UUID
    data: bytes


@frozen
class Outer:
    """Every kind of field that a body has."""

    user_id: UserId
    amount: Krw
    """What it costs."""
    is_dry: bool
    color: Color
    inner: Inner | None
    notes: tuple[str, ...]
    numbers: tuple[tuple[int, ...], ...] = ()
    reason: str = ""


GOOD: dict[str, Any] = {
    "user_id": 7,
    "amount": -5,
    "is_dry": False,
    "color": "red",
    "inner": {"id": "c550baf1-d39f-4203-a46b-71b3227864cb", "data": "00ff"},
    "notes": ["a", "나"],
    "numbers": [[], [1, 2]],
    "reason": "because",
}
SCHEMAS = JsonSchemas()


def document_of(kind: Any) -> dict[str, Any]:
    parts = {part.__name__: SCHEMAS.component(part) for part in components_in(kind)}
    return SCHEMAS.of(kind) | {"components": {"schemas": parts}}


VALIDATOR = jsonschema_rs.validator_for(document_of(Outer), validate_formats=True)
CODEC = Codec[Outer](Outer, Encoding.JSON, 65_536, {})


def is_read(value: Any) -> bool:
    try:
        CODEC.decode(json.dumps(value))
    except Malformed:
        return False
    return True


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    "value",
    [
        GOOD,
        without("numbers"),
        without("reason"),
        GOOD | {"inner": None},
        GOOD | {"amount": MOST_WHOLE},
        *[without(name) for name in ("user_id", "amount", "is_dry", "color", "inner", "notes")],
        GOOD | {"more": 1},
        GOOD | {"amount": MOST_WHOLE + 1},
        GOOD | {"amount": "5"},
        GOOD | {"amount": 1.5},
        GOOD | {"amount": True},
        GOOD | {"is_dry": 1},
        GOOD | {"color": "green"},
        GOOD | {"notes": "a"},
        GOOD | {"notes": [1]},
        GOOD | {"numbers": [[1], None]},
        GOOD | {"inner": {"id": "no", "data": ""}},
        GOOD | {"inner": {"id": GOOD["inner"]["id"]}},
        GOOD | {"inner": {"id": GOOD["inner"]["id"], "data": "0"}},
        GOOD | {"reason": None},
        [],
        None,
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_what_the_schema_lets_through_is_read_and_nothing_else(value: Any) -> None:
    assert VALIDATOR.is_valid(value) == is_read(value)


_plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)


@given(st.dictionaries(st.sampled_from([*GOOD, "more"]), _plain, max_size=3))
def test_so_it_is_with_whatever_is_changed(change: dict[str, Any]) -> None:
    value = GOOD | change
    assert VALIDATOR.is_valid(value) == is_read(value)


def test_what_is_written_fits_too() -> None:
    message = CODEC.decode(json.dumps(GOOD))
    assert VALIDATOR.is_valid(json.loads(CODEC.encode(message)))


def test_meanings_come_from_the_source() -> None:
    described = SCHEMAS.body(Outer)
    assert described["properties"]["amount"]["description"] == "What it costs. (won)"
    assert described["properties"]["amount"]["title"] == "Krw"
    assert SCHEMAS.component(Color)["x-meanings"] == {"red": "Of hearts and diamonds."}


def test_metadata_says_what_a_page_refuses_besides_types() -> None:
    @frozen
    class Body:
        """A body."""

        name: str = field(metadata=letters(1, 64))
        line: str = field(metadata=readable(1, 9))
        count: int = field(default=2, metadata=whole(2, 9))
        account: str = field(default="", metadata=beside(format="account-name"))

    properties = SCHEMAS.body(Body)["properties"]
    assert (properties["name"]["minLength"], properties["name"]["maxLength"]) == (1, 64)
    assert not jsonschema_rs.is_valid(properties["name"], "a\0b")
    assert jsonschema_rs.is_valid(properties["name"], "가나")
    assert (properties["line"]["format"], properties["line"]["maxLength"]) == ("readable", 9)
    assert (properties["count"]["minimum"], properties["count"]["maximum"]) == (2, 9)
    assert properties["account"]["format"] == "account-name"
    assert SCHEMAS.body(Body)["required"] == ["name", "line"]


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Time, {"type": "string", "format": "date-time"}),
        (float, {"type": "number"}),
        (Mapping[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
        (Literal["ok", "unavailable"], {"enum": ["ok", "unavailable"]}),
    ],
)
def test_answers_have_a_few_types_more(kind: Any, schema: dict[str, Any]) -> None:
    assert SCHEMAS.of(kind) == schema


def test_a_type_that_json_does_not_carry_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="no such type"):
        SCHEMAS.of(complex)
