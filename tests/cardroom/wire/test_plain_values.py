"""The functions made from the classes do what cattrs does, for what is right and for all that is wrong."""

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

import attrs
import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardroom.money import Krw
from cardroom.wire.codec import Codec, Encoding, Malformed
from cardroom.wire.escrow import HeldTables
from cardroom.wire.ledger import (
    COMMAND_TAGS,
    REPLY_TAGS,
    CommandBody,
    LedgerCommand,
    LedgerReply,
    ReplyBody,
)
from cardroom.wire.plain_values import Arrays, Objects
from cardroom.wire.player import PLAYER_TAGS, PlayerMessage
from cardroom.wire.presence import NodeAnnouncement, TableSummary
from cardroom.wire.table import TABLE_TAGS, TableMessage
from node.journal.deals import DealEntry
from node.journal.memory import TableMemory, TalkMemory
from node.journal.moves import MOVE_TAGS, Move
from node.rules.blinds import AnteKind, HandRules
from tests.cardroom.wire.messages import any_of
from tests.cardroom.wire.reference_codec import ReferenceCodec

Unions = Mapping[Any, Mapping[int, type]]

FAMILIES: Final[Mapping[str, tuple[Any, Unions]]] = {
    "player": (PlayerMessage, {PlayerMessage: PLAYER_TAGS}),
    "table": (TableMessage, {TableMessage: TABLE_TAGS}),
    "command": (LedgerCommand, {CommandBody: COMMAND_TAGS}),
    "reply": (LedgerReply, {ReplyBody: REPLY_TAGS}),
    "node": (NodeAnnouncement, {}),
    "summary": (TableSummary, {}),
    "held": (HeldTables, {}),
    "deal": (DealEntry, {}),
    "move": (Move, {Move: MOVE_TAGS}),
    "memory": (TableMemory, {}),
    "talk": (TalkMemory, {}),
}
IN_JSON: Final = ("player", "table", "held")
"""The others cross between processes alone."""
MAX_BYTES: Final = 64 * 1024
CODECS: Final = {
    (name, encoding): (
        Codec[Any](kind, encoding, MAX_BYTES, unions),
        ReferenceCodec[Any](kind, encoding, MAX_BYTES, unions),
    )
    for name, (kind, unions) in FAMILIES.items()
    for encoding in Encoding
    if encoding is Encoding.MSGPACK or name in IN_JSON
}

RULES: Final = (
    HandRules(small_blind=Krw(1), big_blind=Krw(2)),
    HandRules(small_blind=Krw(1), big_blind=Krw(2), ante=Krw(1), ante_kind=AnteKind.BIG_BLIND, straddle=True),
)

ODD: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [None, True, False, 0, 1, -1, 255, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, "", "1", "fold", "type",
     "\ud800", "f0" * 16, "zz", b"", b"x" * 16, [], [1], [[]], [None, None], {}, {"type": "act"}]
).map(copy.deepcopy)  # fmt: skip
"""What stands in the place of something else."""


def messages(name: str, draw: st.DrawFn) -> Any:
    kind, unions = FAMILIES[name]
    if kind in unions:
        kind = draw(st.sampled_from(sorted(unions[kind].values(), key=lambda one: one.__name__)))
    if kind is DealEntry:  # its rules check themselves
        others = {
            field.name: any_of(field.type) for field in attrs.fields(DealEntry) if field.name != "rules"
        }
        return draw(st.builds(DealEntry, rules=st.sampled_from(RULES), **others))
    return draw(any_of(kind))


def plain(data: bytes, encoding: Encoding) -> Any:
    return json.loads(data) if encoding is Encoding.JSON else msgpack.unpackb(data)


def packed(value: Any, encoding: Encoding) -> bytes | None:
    """Write what may be no message; None for what that encoding cannot write at all."""
    try:
        return json.dumps(value).encode() if encoding is Encoding.JSON else msgpack.packb(value)
    except (TypeError, OverflowError, UnicodeEncodeError):
        return None


def spoil(value: Any, draw: st.DrawFn) -> Any:
    """Change something, somewhere in a message."""
    if isinstance(value, list | dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        match draw(st.integers(0, 4)):
            case 0:
                del value[key]
            case 1 if isinstance(value, list):
                value.insert(key, draw(ODD))
            case 1 if isinstance(value, dict):
                value[draw(st.sampled_from(["type", "x", ""]))] = draw(ODD)
            case _:
                value[key] = spoil(value[key], draw)
        return value
    return draw(ODD)


def outcome(codec: Any, data: bytes) -> Any:
    try:
        message = codec.decode(data)
    except Malformed as malformed:
        return malformed.code
    except AssertionError:
        return AssertionError  # a class that checks itself does so with either codec
    return message, repr(message)  # True and 1 are equal, but not the same


@pytest.mark.parametrize(("name", "encoding"), CODECS, ids=str)
@given(draw=st.data())
@settings(max_examples=40)
def test_the_same_bytes_and_the_same_message_again(
    name: str, encoding: Encoding, draw: st.DataObject
) -> None:
    codec, reference = CODECS[name, encoding]
    message = draw.draw(st.composite(lambda drawn: messages(name, drawn))())
    data = codec.encode(message)
    assert data == reference.encode(message)
    assert outcome(codec, data) == outcome(reference, data) == (message, repr(message))


@pytest.mark.parametrize(("name", "encoding"), CODECS, ids=str)
@given(draw=st.data())
@settings(max_examples=100)
def test_what_is_changed_is_refused_the_same_way_or_read_the_same(
    name: str, encoding: Encoding, draw: st.DataObject
) -> None:
    codec, reference = CODECS[name, encoding]

    def spoiled(drawn: st.DrawFn) -> bytes | None:
        value = plain(codec.encode(messages(name, drawn)), encoding)
        for _ in range(drawn(st.integers(1, 2))):
            value = spoil(value, drawn)
        return packed(value, encoding)

    data = draw.draw(st.composite(spoiled)())
    if data is not None:
        assert outcome(codec, data) == outcome(reference, data)


@attrs.frozen
class _Odd:
    ratio: float


@attrs.frozen
class _Mixed:
    which: int | str | None


@pytest.mark.parametrize("kind", [_Odd, _Mixed])
@pytest.mark.parametrize("values", [Arrays({}), Objects({})])
@pytest.mark.parametrize("way", ["read", "write"])
def test_a_type_that_has_no_form_is_our_mistake(kind: Any, values: Any, way: Any) -> None:
    with pytest.raises(TypeError):
        values.function(way, kind)
