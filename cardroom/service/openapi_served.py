"""Serves the OpenAPI document of an app and the page to read it."""

import hashlib
import json
from functools import partial
from typing import Any, Final

import trio
from attrs import frozen
from quart import Response, request
from quart_trio import QuartTrio

from cardroom.service.openapi import About, Answer, Page
from cardroom.service.openapi_document import describe
from cardroom.service.openapi_page import write_page

OPENAPI_PATH: Final = "/openapi.json"
DOCS_PATH: Final = "/docs"


@frozen
class _Text:
    """What is served: bytes that stay the same for as long as the process runs."""

    data: bytes
    media_type: str
    policy: str = "default-src 'none'"

    @property
    def etag(self) -> str:
        return hashlib.sha256(self.data).hexdigest()[:32]

    def answer(self) -> Response:
        response = Response(self.data, content_type=self.media_type)
        response.set_etag(self.etag)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = self.policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.if_none_match.contains(self.etag):
            response.status_code = 304
            response.set_data(b"")
        return response


def add_documents(app: QuartTrio, about: About) -> None:
    """Serve the document and the page to read it, to everybody who reaches the port; they hold no secret.

    Both are made when somebody first asks, in a thread, so that nobody else waits meanwhile.
    """
    made: dict[str, _Text] = {}

    async def give(path: str) -> Response:
        if not made:
            made.update(await trio.to_thread.run_sync(partial(_make, app, about)))
        return made[path].answer()

    json_page = Page(tag="service", answers={200: Answer(dict[str, Any]), 304: None})
    text_page = Page(tag="service", answers={200: Answer(None, "text/html; charset=utf-8"), 304: None})

    async def openapi() -> Response:
        """Give this document."""
        return await give(OPENAPI_PATH)

    async def docs() -> Response:
        """Give this document as a page to read."""
        return await give(DOCS_PATH)

    ending = about.prefix.replace("/", "_")
    app.add_url_rule(about.prefix + OPENAPI_PATH, f"openapi{ending}", json_page(openapi))
    app.add_url_rule(about.prefix + DOCS_PATH, f"docs{ending}", text_page(docs))


def _make(app: QuartTrio, about: About) -> dict[str, _Text]:
    document = describe(app, about)
    page = write_page(document)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return {
        OPENAPI_PATH: _Text(text.encode(), "application/json"),
        DOCS_PATH: _Text(page.html.encode(), "text/html; charset=utf-8", page.policy),
    }
