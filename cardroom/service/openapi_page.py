"""The OpenAPI document as one page to read: made here, with no script, style or font from elsewhere."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from html import escape
from importlib import resources
from typing import Any, Final

from attrs import frozen

from cardroom.wire.json_schema import COMPONENTS, LEAST_WHOLE, MOST_WHOLE, Schema

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@frozen
class DocsPage:
    """A page, and the content security policy that lets it do what it does and nothing else."""

    html: str
    policy: str


def write_page(document: Schema) -> DocsPage:
    """Write the page; what stands in the document is text here, whatever it is."""
    style, script = _part("openapi_page.css"), _part("openapi_page.js")
    title = escape(document["info"]["title"])
    body = "\n".join(_body(document))
    html = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{style}</style></head>\n'
        f"<body>\n{body}\n<script>{script}</script></body></html>\n"
    )
    policy = (
        f"default-src 'none'; style-src {_hash_of(style)}; script-src {_hash_of(script)}; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    )
    return DocsPage(html, policy)


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _body(document: Schema) -> Iterator[str]:
    info = document["info"]
    yield f"<header><h1>{escape(info['title'])}</h1>{_text(info['description'])}"
    yield '<p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1). Refusals are problem'
    yield " details by RFC 9457; programs go by their <code>code</code>, listed at"
    yield ' <a href="#Refusal">Refusal</a>.</p>'
    yield '<label>Filter <input id="filter" type="search" autocomplete="off" placeholder="path, word, code">'
    yield '</label> <span id="found" role="status"></span></header><main>'
    for tag in document["tags"]:
        yield f"<section><h2>{escape(tag['name'])}</h2>"
        for path, operations in document["paths"].items():
            for method in _METHODS:
                if tag["name"] in operations.get(method, {}).get("tags", ()):
                    yield from _operation(path, method, operations[method])
        yield "</section>"
    yield "<section><h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<details class="entry" id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        yield from _component(schema)
        yield "</details>"
    yield "</section></main>"


def _operation(path: str, method: str, operation: Schema) -> Iterator[str]:
    who = ", ".join(
        " ".join([scheme, *roles]) for way in operation.get("security", []) for scheme, roles in way.items()
    )
    wide_path = escape(path).replace("/", "/<wbr>")
    yield f'<details class="entry" id="{escape(operation["operationId"])}"><summary>'
    yield f'<b class="{method}">{method.upper()}</b> <code>{wide_path}</code>'
    yield f" <span>{_inline(operation.get('summary', ''))}</span>"
    yield f" <i>{escape(who)}</i></summary>" if who else "</summary>"
    yield _text(operation.get("description", ""))
    parameters = operation.get("parameters", [])
    if parameters:
        yield _table(
            "Parameters",
            [
                (
                    f"<code>{escape(one['name'])}</code>",
                    f"{one['in']}{'' if one.get('required') else ', optional'}",
                    _type(one["schema"]),
                    _inline(one.get("description", "")),
                )
                for one in parameters
            ],
        )
    if "requestBody" in operation:
        yield f"<p>Body: {_contents(operation['requestBody'])}</p>"
    yield _table(
        "Answers",
        [
            (f"<code>{status}</code>", _text(answer["description"]), _contents(answer))
            for status, answer in operation["responses"].items()
        ],
    )
    yield "</details>"


def _contents(answer: Schema) -> str:
    return ", ".join(
        f"{_type(one['schema'])} <small>{escape(media)}</small>"
        for media, one in answer.get("content", {}).items()
    )


def _component(schema: Schema) -> Iterator[str]:
    yield _text(schema.get("description", ""))
    if "enum" in schema:
        meanings = schema.get("x-meanings", {})
        yield _table(
            "Values",
            [(f"<code>{escape(one)}</code>", _inline(meanings.get(one, ""))) for one in schema["enum"]],
        )
        return
    required = schema["required"]
    yield _table(
        "Fields",
        [
            (
                f"<code>{escape(name)}</code>",
                "" if name in required else "optional",
                _type(field),
                _inline(field.get("description", "")),
            )
            for name, field in schema["properties"].items()
        ],
    )


def _table(name: str, rows: list[tuple[str, ...]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><caption>{name}</caption>{lines}</table></div>'


def _type(schema: Mapping[str, Any]) -> str:
    """Say in words what a value is."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(COMPONENTS))
        return f'<a href="#{name}">{name}</a>'
    if "allOf" in schema:
        return _type(schema["allOf"][0])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("type") == "object":
        return f"object of {_type(schema.get('additionalProperties') or {})}"
    return escape(" ".join([schema.get("format") or schema.get("type") or "anything", *_bounds(schema)]))


def _bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    least, most = schema.get("minimum", LEAST_WHOLE), schema.get("maximum", MOST_WHOLE)
    if least != LEAST_WHOLE:
        yield f"from {least:,}"
    if most != MOST_WHOLE:
        yield f"to {most:,}"
    if "maxLength" in schema:
        yield f"of {schema.get('minLength', 0)} to {schema['maxLength']} letters"
    if "default" in schema:
        yield f"(else {schema['default']})"


def _text(text: str) -> str:
    """Write a docstring: paragraphs, and lists of lines that begin with a dash."""
    parts = []
    for paragraph in filter(None, (one.strip() for one in text.split("\n\n"))):
        lines = paragraph.splitlines()
        if all(line.startswith("- ") for line in lines):
            parts.append(f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in lines)}</ul>")
        else:
            parts.append(f"<p>{_inline(' '.join(lines))}</p>")
    return "".join(parts)


def _inline(text: str) -> str:
    return re.sub(r"``?([^`]+)``?", r"<code>\1</code>", escape(text))
