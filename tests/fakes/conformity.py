"""Holds answers against the OpenAPI document: whatever a test asks, the answer is as it is said."""

import json
import re
from typing import Any, Final

import httpx
import jsonschema_rs
from quart import Response, request
from quart_schema.openapi import PATH_RE
from quart_trio import QuartTrio

from cardroom.service.openapi import About, page_of
from cardroom.service.openapi_document import UNDOCUMENTED, describe

Schema = dict[str, Any]

_VALUE: Final = re.compile(r"\{[^{}]+\}")
_ABOUT: Final = About("Pages under test", "")
_ENDLESS: Final = "text/event-stream"
_NOT_SAID: Final = frozenset({"HEAD", "OPTIONS"})


class Conformity:
    """The document of an app, and a look at whether an answer fits it."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._validators: dict[tuple[str, str, str], Any] = {}
        self._patterns = {re.compile(_VALUE.sub("[^/]+", path)): path for path in document["paths"]}

    def find(self, method: str, path: str) -> str | None:
        """Give the path in the document that a path of a request is one of; None if it says nothing of it."""
        exact = [path] if path in self._document["paths"] else []
        found = exact or [said for pattern, said in self._patterns.items() if pattern.fullmatch(path)]
        return found[0] if found and method.lower() in self._document["paths"][found[0]] else None

    def check(self, method: str, path: str, status: int, media_type: str, body: bytes) -> None:
        """Raise ``AssertionError`` if the page at ``path``, as in the document, says something else."""
        answers = self._document["paths"][path][method.lower()]["responses"]
        assert str(status) in answers, f"{method} {path} answers {status}, which it does not say"
        content = answers[str(status)].get("content", {})
        if not content:
            assert body == b"", f"{method} {path} answers {status} with a body, which it does not say"
            return
        assert media_type in content, f"{method} {path} answers {media_type}, which it does not say"
        if media_type.endswith("json"):
            self._validator(method, path, status, content[media_type]["schema"]).validate(json.loads(body))

    def _validator(self, method: str, path: str, status: int, schema: Schema) -> Any:
        key = (method, path, str(status))
        if key not in self._validators:
            whole = schema | {"components": self._document["components"]}
            self._validators[key] = jsonschema_rs.validator_for(whole, validate_formats=True)
        return self._validators[key]


_KNOWN: Final[dict[tuple[str, ...], Conformity]] = {}


def watch_answers(app: QuartTrio) -> None:
    """Compare every answer that the app gives with what its pages say; another one fails with status 500."""

    @app.after_request
    async def compare(response: Response) -> Response:
        rule = request.url_rule
        if (
            rule is not None
            and page_of(app.view_functions[rule.endpoint])
            and request.method not in _NOT_SAID
        ):
            media_type = response.headers.get("Content-Type", "")
            body = await response.get_data(as_text=False) if media_type.endswith("json") else b""
            path = documented_path(rule.rule)
            _conformity_of(app).check(request.method, path, response.status_code, media_type, body)
        return response


async def watch_client(client: httpx.AsyncClient, *documents: str) -> None:
    """Compare every answer that a client gets from now on with what these documents of the server say."""
    found = [(await client.get(document)).raise_for_status().json() for document in documents]
    assert not [page for document in found for page in document.get(UNDOCUMENTED, ())], "undocumented pages"
    said = [Conformity(document) for document in found]

    async def compare(response: httpx.Response) -> None:
        method, path = response.request.method, response.request.url.path
        for conformity in said:
            if method not in _NOT_SAID and (found := conformity.find(method, path)):
                media_type = response.headers.get("Content-Type", "")
                if media_type == _ENDLESS:
                    continue
                await response.aread()
                conformity.check(method, found, response.status_code, media_type, response.content)

    client.event_hooks = {"response": [compare]}


def _conformity_of(app: QuartTrio) -> Conformity:
    rules = tuple(sorted(f"{rule.rule} {rule.methods}" for rule in app.url_map.iter_rules()))
    if rules not in _KNOWN:
        _KNOWN[rules] = Conformity(describe(app, _ABOUT))
    return _KNOWN[rules]


def documented_path(rule: str) -> str:
    """Give the path in the document of an address as quart has it."""
    return PATH_RE.sub(r"{\1}", rule)
