"""The page: nothing without a meaning, nothing left out, no link into the void."""

import re
from enum import Enum
from functools import cache
from pathlib import Path

import pytest

from cardroom.wire.codec import message_name
from cardroom.wire.player import PLAYER_TAGS
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import TABLE_TAGS, CloseCode
from cardroom.wire.vocabulary import doc_of, fields_of, is_class, is_enum, member_docs, newtype_doc
from tests.protocol.contents import BODIES, LIMITS, MESSAGES, PARTS
from tests.protocol.page import link_messages, without_dead_links, write_page
from tests.protocol.recorded_hand import record_hand

CLASSES = [kind for kind in (*MESSAGES, *PARTS, *BODIES) if is_class(kind)]
ENUMS = [kind for kind in PARTS if is_enum(kind)]


@cache
def page() -> str:
    return write_page(record_hand())


def headings(text: str) -> list[str]:
    """Give the anchors of all headings as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in found]


def sections(text: str) -> dict[str, str]:
    """Give what stands under each heading, by its anchor."""
    parts = re.split(r"^#+ .+\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(headings(text), parts, strict=True))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_message_and_every_field_says_what_it_means(kind: type) -> None:
    assert doc_of(kind)
    silent = [field.name for field in fields_of(kind) if not (field.meaning or field.unit)]
    assert silent == [], "write a docstring below the field"


@pytest.mark.parametrize("kind", [Refusal, CloseCode])
def test_every_code_says_what_it_means(kind: type[Enum]) -> None:
    assert [one.name for one in kind if one.name not in member_docs(kind)] == []


def test_everything_that_a_field_is_made_of_says_what_it_is() -> None:
    silent = [part for part in PARTS if not (doc_of(part) if isinstance(part, type) else newtype_doc(part))]
    assert silent == []


@pytest.mark.parametrize("group", LIMITS)
def test_every_limit_says_what_it_means(group: str) -> None:
    assert LIMITS[group]
    assert [limit.name for limit in LIMITS[group] if not limit.meaning] == []


def test_every_message_is_on_the_page_with_its_tag_and_fields() -> None:
    found = sections(page())
    for tags in (PLAYER_TAGS, TABLE_TAGS):
        for tag, kind in tags.items():
            section = found[message_name(kind)]
            assert f"Tag {tag}." in section
            for place, field in enumerate(fields_of(kind), start=1):
                assert f"| {place} | `{field.name}` |" in section


def test_every_part_and_every_body_is_on_the_page() -> None:
    found = sections(page())
    for kind in (*PARTS, *BODIES):
        if kind is not Refusal:
            section = found[kind.__name__.lower()]
            names = [field.name for field in fields_of(kind)] if is_class(kind) else []
            names += [one.value for one in kind] if is_enum(kind) else []
            assert [name for name in names if f"`{name}`" not in section] == []


def test_every_code_and_every_limit_is_on_the_page() -> None:
    found = sections(page())
    for at, refusal in enumerate(Refusal):
        assert f"| {at} | `{refusal.value}` |" in found["refusal-codes"]
    for code in CloseCode:
        assert f"| {code.value} | `{code.name.lower()}` |" in found["close-codes"]
    for limits in LIMITS.values():
        for limit in limits:
            assert f"| `{limit.name}` | {limit.value:,}".removesuffix(".0") + " |" in found["limits"]


def test_every_link_leads_somewhere() -> None:
    anchors = headings(page())
    assert sorted(anchors) == sorted(set(anchors)), "two headings of one name"
    links = set(re.findall(r"\]\(#([^)]+)\)", page()))
    assert len(links) > len(MESSAGES)
    assert links - set(anchors) == set()


def test_nothing_was_left_to_fill_in() -> None:
    assert "$" not in page()
    assert "``" not in page().replace("```", "")


def test_names_of_messages_become_links_and_other_words_do_not() -> None:
    assert link_messages("`sit_down`, `SitDown` and `stand_on_head`") == (
        "[`sit_down`](#sit_down), [`sit_down`](#sit_down) and `stand_on_head`"
    )
    assert link_messages("`Refusal` of a `SeatView`") == (
        "[`Refusal`](#refusal-codes) of a [`SeatView`](#seatview)"
    )


def test_a_field_with_the_name_of_a_message_is_no_link() -> None:
    assert "`straddle` is the amount" in sections(page())["tableoptions"]


def test_a_link_to_a_file_that_is_not_there_is_only_its_words(tmp_path: Path) -> None:
    (tmp_path / "here.md").touch()
    text = "[here](here.md), [there](there.md), [below](#below), [asyncapi.json](asyncapi.json)"
    assert without_dead_links(text, tmp_path) == (
        "[here](here.md), there, [below](#below), [asyncapi.json](asyncapi.json)"
    )
