"""The OpenAPI 3.1 document of an app, made from its addresses, what its pages say, and their classes.

The frame is quart-schema's. Its extension is not put into the app: it would change how answers are written,
and its pages load scripts from elsewhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from quart import Quart
from quart_schema import QuartSchema
from quart_schema.openapi import HttpSecurityScheme, Info, OpenAPIProvider, Tag
from quart_trio import QuartTrio
from werkzeug.routing import BaseConverter, Rule
from werkzeug.routing.converters import IntegerConverter

from cardroom.service.openapi import About, Answer, Page, Parameter, page_of, whole_path
from cardroom.service.problems import Problem
from cardroom.wire.json_schema import COMPONENTS, JsonSchemas, Schema, components_in
from cardroom.wire.refusals import Refusal
from cardroom.wire.vocabulary import member_docs

API_VERSION: Final = "1.0.0"
UNDOCUMENTED: Final = "x-undocumented"
"""The member of a document that lists pages which say nothing about themselves; there should be none."""

_SCHEMAS: Final = JsonSchemas()
_REASONS: Final = {
    200: "Done", 201: "Made", 202: "Begun", 204: "Done; there is nothing to say", 304: "As you have it",
    400: "The request is wrong", 401: "Not logged in", 403: "Not for you", 404: "There is no such thing",
    409: "Not as things stand", 413: "Too large", 415: "Not JSON", 429: "Too often",
    500: "A fault of the server", 503: "Not now",
}  # fmt: skip
_RETRY_AFTER: Final = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
_CHALLENGE: Final = {"description": "That a bearer token is wanted", "schema": {"type": "string"}}
_HEADERS: Final = {401: {"WWW-Authenticate": _CHALLENGE}, 429: {"Retry-After": _RETRY_AFTER}}
_TOKENS: Final = {
    "player": "The token of a login at the router",
    "administrator": "An administrator's own token; the words beside it are the role that is needed",
}
_MEANINGS: Final = member_docs(Refusal)


def describe(app: QuartTrio, about: About) -> Schema:
    """Give the document of those of an app's pages that ``about`` shows.

    A page that was forgotten, ``Page`` or its docstring, is listed at the end, so that tests see it.
    """
    frame = QuartSchema(
        info=Info(title=about.title, version=API_VERSION, description=about.description),
        security_schemes={
            "player": HttpSecurityScheme(scheme="bearer"),
            "administrator": HttpSecurityScheme(scheme="bearer"),
        },
    )
    provider = _Document(app, frame, about)
    frame.tags = [Tag(name=name) for name in provider.tags()]
    document = provider.schema()
    document["paths"] = dict(sorted(document["paths"].items()))
    schemas = {kind.__name__: _SCHEMAS.component(kind) for kind in components_in(Problem)}
    schemas[Problem.__name__]["additionalProperties"] = True
    document["components"]["schemas"] = dict(sorted((document["components"]["schemas"] | schemas).items()))
    document["components"]["securitySchemes"] = _wanted(document)
    forgotten = undocumented(app)
    return document | ({UNDOCUMENTED: forgotten} if forgotten else {})


def undocumented(app: Quart) -> list[str]:
    """Give the addresses of pages that say nothing about themselves, or have no summary."""
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if not rule.websocket and rule.endpoint != "static"
        for view in [app.view_functions[rule.endpoint]]
        if page_of(view) is None or not view.__doc__
    ]


class _Document(OpenAPIProvider):
    """quart-schema's frame, filled with what our pages say."""

    def __init__(self, app: QuartTrio, frame: QuartSchema, about: About) -> None:
        super().__init__(app, frame)
        self._views = app.view_functions
        self._rules = [*app.url_map.iter_rules()]
        self._shows = about.shows

    def tags(self) -> list[str]:
        """Give what the pages are sorted by."""
        return sorted({self._page(rule).tag for rule in self.generate_rules()})

    def generate_rules(self) -> Iterable[Rule]:
        """Give the rules of the pages that are shown."""
        for rule in self._rules:
            page = None if rule.websocket else page_of(self._views[rule.endpoint])
            if page is not None and self._shows(page):
                yield rule

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the operations at an address, and the classes that they refer to."""
        paths, _ = super().build_paths(rule)
        page = self._page(rule)
        said = {one.name: one for one in page.parameters}
        for path, operations in paths.items():
            for method, operation in operations.items():
                inside = [one for one in operation["parameters"] if one["name"] not in said]
                operation["parameters"] = [*inside, *map(_parameter, page.parameters)]
                operations[method] = operation | _contents(page, has_path="{" in path)
        return paths, {kind.__name__: _SCHEMAS.component(kind) for kind in _kinds(page)}

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        """Give a value of the address: whole numbers go as far as the database's."""
        if isinstance(converter, IntegerConverter):
            return _parameter(whole_path(name))
        found: dict[str, Any] = super().build_path_parameter(name, converter)
        return found

    def operation_id(self, method: str, path: str, func: Any) -> str:  # noqa: ARG002
        """Give a name by method and address: no two pages have the same."""
        words = re.findall(r"[a-z0-9_]+", path.lower())
        return "_".join([method.lower(), *words])

    def _page(self, rule: Rule) -> Page:
        page = page_of(self._views[rule.endpoint])
        assert page is not None, "only pages that say something are asked"
        return page


def _contents(page: Page, *, has_path: bool) -> Schema:
    answers = {str(status): _answer(status, one) for status, one in page.answers.items()}
    refusals = {
        str(status): _refusal(status, codes) for status, codes in page.refusals(has_path=has_path).items()
    }
    contents: Schema = {"tags": [page.tag], "responses": answers | refusals}
    if page.who.scheme:
        contents["security"] = [{page.who.scheme: [page.who.role] if page.who.role else []}]
    if page.takes is not None:
        schema = _SCHEMAS.of(page.takes)
        contents["requestBody"] = {
            "required": not page.may_be_empty,
            "content": {"application/json": {"schema": schema}},
        }
    return contents


def _answer(status: int, one: Any) -> Schema:
    answer = one if isinstance(one, Answer) else Answer(one, "application/json" if one else "")
    headers = {
        name: {"description": said, "schema": {"type": "string"}} for name, said in answer.headers.items()
    }
    found: Schema = {"description": _REASONS.get(status, "")}
    if headers:
        found["headers"] = headers
    if answer.kind is not None:
        found["content"] = {answer.media_type: {"schema": _SCHEMAS.of(answer.kind)}}
    elif answer.media_type and answer.media_type != "application/json":
        found["content"] = {answer.media_type: {"schema": {"type": "string"}}}
    return found


def _refusal(status: int, codes: tuple[Refusal, ...]) -> Schema:
    """Give a refusal: problem details with one of these codes."""
    meanings = "\n".join(f"- `{code.value}`: {_MEANINGS.get(code.name, '')}" for code in codes)
    one_of = {"properties": {"code": {"enum": [code.value for code in codes]}, "status": {"const": status}}}
    schema = {"allOf": [{"$ref": f"{COMPONENTS}{Problem.__name__}"}, one_of]}
    found: Schema = {
        "description": f"{_REASONS.get(status, 'Refused')}\n\n{meanings}",
        "content": {"application/problem+json": {"schema": schema}},
    }
    return found | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _kinds(page: Page) -> Iterator[Any]:
    answers = (one.kind if isinstance(one, Answer) else one for one in page.answers.values())
    for kind in (page.takes, *answers):
        if kind is not None:
            yield from components_in(kind)


def _parameter(one: Parameter) -> Schema:
    found: Schema = {"name": one.name, "in": one.place, "schema": one.schema}
    if one.is_required or one.place == "path":
        found["required"] = True
    return found | ({"description": one.meaning} if one.meaning else {})


def _wanted(document: Schema) -> Schema:
    """Give the ways of showing who one is that some page wants."""
    used = Counter(
        scheme
        for operations in document["paths"].values()
        for operation in operations.values()
        for way in operation.get("security", [])
        for scheme in way
    )
    schemes: Schema = document["components"]["securitySchemes"]
    return {name: said | {"description": _TOKENS[name]} for name, said in schemes.items() if name in used}
