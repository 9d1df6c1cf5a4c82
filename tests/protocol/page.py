"""``docs/protocol.md``: the text of ``page.template.md`` with tables made of the wire's classes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path
from string import Template
from typing import Any, Final, NewType

from cardroom.wire import lobby
from cardroom.wire.codec import Encoding, message_name
from cardroom.wire.player import PLAYER_TAGS
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import TABLE_TAGS, CloseCode
from cardroom.wire.vocabulary import (
    NamedNumber,
    doc_of,
    fields_of,
    is_class,
    is_enum,
    member_docs,
    member_groups,
    newtype_doc,
    type_name,
)
from shard_router.api.http import MAX_REQUEST_BYTES
from tests.protocol.asyncapi import answers_of
from tests.protocol.contents import BODIES, LIMITS, MESSAGES, PARTS
from tests.protocol.recorded_hand import Line

TEMPLATE: Final = Path(__file__).parent / "page.template.md"
DOCS: Final = Path(__file__).parent.parent.parent / "docs"
GENERATED: Final = ("asyncapi.json", "protocol.md")
_SEEN_BY_NAME: Final = {kind.__name__: message_name(kind) for kind in MESSAGES} | {
    kind.__name__: kind.__name__ for kind in (*PARTS, *BODIES)
}
"""Under which heading a class is described."""
_ANCHORS: Final = {name: heading.lower() for name, heading in _SEEN_BY_NAME.items()} | {
    Refusal.__name__: "refusal-codes"
}


def write_page(lines: Sequence[Line]) -> str:
    """Write the whole page; ``lines`` are the recorded hand."""
    values = {f"{group}_{one.name}": _number(one) for group, limits in LIMITS.items() for one in limits}
    tables = {f"{group}_limits": _limits(limits) for group, limits in LIMITS.items()}
    template = link_messages(without_dead_links(TEMPLATE.read_text(encoding="utf-8"), DOCS))
    return Template(template).substitute(
        values | tables,
        ticket_seconds=lobby.TICKET_LIFE_MS // 1000,
        request_bytes=MAX_REQUEST_BYTES,
        http_bodies="\n".join(_section(kind, _fields(kind, None)) for kind in BODIES),
        player_messages="\n".join(_message(tag, kind) for tag, kind in PLAYER_TAGS.items()),
        table_messages="\n".join(_message(tag, kind) for tag, kind in TABLE_TAGS.items()),
        parts="\n".join(_section(kind, _fields(kind, 0)) for kind in PARTS if is_class(kind)),
        enums="\n".join(_enum(kind) for kind in PARTS if is_enum(kind) and kind is not Refusal),
        plain_types="\n".join(_plain_type(kind) for kind in PARTS if isinstance(kind, NewType)),
        refusal_codes=_refusal_codes(),
        close_codes=_close_codes(),
        state_hash=_module_doc("cardroom.wire.state_hash"),
        recorded_hand=_recorded_hand(lines),
    )


def link_messages(text: str) -> str:
    """Link the name of each message and class, ``sit_down`` or ``SitDown``, to where it is described."""
    names = {heading: name for name, heading in _SEEN_BY_NAME.items()} | {
        name: name for name in _SEEN_BY_NAME
    }
    return _link(text, names)


def without_dead_links(text: str, folder: Path) -> str:
    """Leave of a link to a file that is not there only what it says."""

    def kept(found: "re.Match[str]") -> str:
        is_there = found[2] in GENERATED or (folder / found[2]).is_file()
        return found[0] if is_there else found[1]

    return re.sub(r"\[([^]]+)\]\(([^)#]+)\)", kept, text)


def _link(text: str, names: Mapping[str, str]) -> str:
    def shown(found: "re.Match[str]") -> str:
        name = names.get(found[1])
        return found[0] if name is None else f"[`{_SEEN_BY_NAME[name]}`](#{_ANCHORS[name]})"

    return re.sub(r"`(\w+)`", shown, text)


def _said(text: str, but: str = "") -> str:
    """Link the names of classes in a docstring; there ``straddle`` may be a field as well as a message."""
    return _link(text, {name: name for name in _SEEN_BY_NAME if name != but})


def _rows(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table without the columns that are empty."""
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    kept = [at for at in range(len(head)) if any(line[at] for line in lines)]
    shown = [[line[at] for at in kept] for line in (head, ["---"] * len(head), *lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in shown) + "\n"


def _section(kind: type, content: str) -> str:
    """Describe a class under its heading."""
    return f"### {_SEEN_BY_NAME[kind.__name__]}\n\n{_said(doc_of(kind), kind.__name__)}\n\n{content}"


def _message(tag: int, kind: type) -> str:
    answers = ", ".join(f"`{one.__name__}`" for one in answers_of(kind)) if tag in PLAYER_TAGS else ""
    facts = f"Tag {tag}." + (f" Answers: {_said(answers)}." if answers else "")
    return _section(kind, f"{facts}\n\n{_fields(kind, 1)}")


def _fields(kind: type, first: int | None) -> str:
    """Write a table of fields; ``first`` is the place of the first one in a msgpack array."""
    facts = fields_of(kind)
    places = [""] * len(facts) if first is None else range(first, first + len(facts))
    rows = [
        (place, f"`{field.name}`", _type(field.type), field.unit, _said(field.meaning, kind.__name__))
        for place, field in zip(places, facts, strict=True)
    ]
    return _rows(("place", "field", "type", "unit", "meaning"), rows) if rows else "No fields.\n"


def _type(type_: Any) -> str:
    """Name a type, with a link to where it is described."""
    words = type_name(type_).split()
    return " ".join(f"[{word}](#{_ANCHORS[word]})" if word in _ANCHORS else word for word in words)


def _enum(kind: type[Enum]) -> str:
    docs = member_docs(kind)
    rows = [(at, f"`{one.value}`", _said(docs.get(one.name, ""))) for at, one in enumerate(kind)]
    return _section(kind, _rows(("position", "value", "meaning"), rows))


def _plain_type(kind: NewType) -> str:
    return f"### {kind.__name__}\n\n{newtype_doc(kind)} Sent as {type_name(kind.__supertype__)}.\n"


def _refusal_codes() -> str:
    docs, groups = member_docs(Refusal), member_groups(Refusal)
    return _rows(
        ("position", "code", "about", "meaning"),
        [
            (at, f"`{one.value}`", groups[one.name], _said(docs.get(one.name, "")))
            for at, one in enumerate(Refusal)
        ],
    )


def _close_codes() -> str:
    docs = member_docs(CloseCode)
    return _rows(
        ("code", "reason text", "when"),
        [(code.value, f"`{code.name.lower()}`", _said(docs.get(code.name, ""))) for code in CloseCode],
    )


def _limits(limits: Iterable[NamedNumber]) -> str:
    rows = [(f"`{one.name}`", _number(one), one.unit, _said(one.meaning)) for one in limits]
    return _rows(("name", "value", "unit", "meaning"), rows)


def _number(limit: NamedNumber) -> str:
    return f"{limit.value:,}".removesuffix(".0")


def _module_doc(name: str) -> str:
    """Give the docstring of a module as it stands there, nothing where there is none."""
    if find_spec(name) is None:
        return ""
    return _said(cleandoc(import_module(name).__doc__ or "").replace("``", "`"))


def _recorded_hand(lines: Sequence[Line]) -> str:
    """Two lines for each message; the arrow says who sends it."""
    shown = []
    for line in lines:
        arrow = "player →" if line.is_sent else "← node  "
        binary, text = line.encoded(Encoding.MSGPACK), line.encoded(Encoding.JSON).decode()
        shown.append(f"{arrow} {text}\n         {binary.hex()}")
    return "\n".join(shown)
