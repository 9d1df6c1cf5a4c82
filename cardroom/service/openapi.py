"""What a page takes and answers, said beside the page, and served as OpenAPI 3.1 and as a page to read.

``Page`` documents and does nothing else: requests are read by our strict codecs. It names the very classes
that these read and write, and ``read_body`` asserts so. Beside every page's own answers the document has
those that any page of its kind gives: who is not logged in, whose body is malformed, who asks too often.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeVar

import trio
from attrs import field, frozen
from quart import Response, current_app, request
from quart_trio import QuartTrio

from cardroom.wire.json_schema import MOST_WHOLE, Schema
from cardroom.wire.refusals import Refusal

View = TypeVar("View", bound=Callable[..., Any])

OPENAPI_PATH: Final = "/openapi.json"
DOCS_PATH: Final = "/docs"

_ATTRIBUTE: Final = "documented_as"


@frozen
class Who:
    """Who may ask: the bearer token that is wanted (none: everybody), and for administrators which role."""

    scheme: Literal["", "player", "administrator"]
    role: str = ""


EVERYBODY: Final = Who("")
PLAYER: Final = Who("player")
ADMIN: Final = Who("administrator")


def admin(role: str) -> Who:
    """Give administrators of a role, and of those above it."""
    return Who("administrator", role)


@frozen
class Parameter:
    """A value in the address or in a header. ``schema`` is JSON schema of what its text is read as."""

    name: str
    schema: Schema
    meaning: str = ""
    place: Literal["query", "path", "header"] = "query"
    is_required: bool = False


def whole_parameter(
    name: str, least: int, most: int, meaning: str, otherwise: int | None = None
) -> Parameter:
    """Give a parameter of the query that is a whole number, ``otherwise`` if nothing is said."""
    schema: Schema = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name, schema if otherwise is None else schema | {"default": otherwise}, meaning)


@frozen
class Answer:
    """An answer: a class written as JSON, or another media type; None as ``kind`` for one without content."""

    kind: Any = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(factory=dict)
    """What headers it has besides the usual ones, and what they mean."""


@frozen
class Page:
    """Says what a page takes and answers; put it below the line that gives the page its address.

    The first line of the page's docstring is its summary. ``answers`` are a class, an ``Answer`` or None (no
    content) by status; ``refuses`` the codes by status. Those that every page of its kind gives are added.
    """

    tag: str
    answers: Mapping[int, Any]
    who: Who = EVERYBODY
    takes: type | None = None
    parameters: tuple[Parameter, ...] = ()
    refuses: Mapping[int, tuple[Refusal, ...]] = field(factory=dict)

    def __call__(self, view: View) -> View:
        """Remember it at the page, which stays as it is."""
        setattr(view, _ATTRIBUTE, self)
        return view

    def refusals(self, *, has_path: bool) -> dict[int, tuple[Refusal, ...]]:
        """Give all codes by status; ``has_path`` says that values stand in the address."""
        usual: dict[int, tuple[Refusal, ...]] = {}
        if self.takes is not None or any(one.place == "query" for one in self.parameters):
            usual[400] = (Refusal.MALFORMED,)
        if self.who.scheme:
            usual[401] = (Refusal.NOT_AUTHENTICATED,)
        if self.who.scheme == "administrator":
            usual[401] = (Refusal.NOT_AUTHENTICATED, Refusal.TOKEN_EXPIRED)
            usual[403] = (Refusal.ROLE_NEEDED,)
        if has_path:
            usual[404] = (Refusal.NOT_FOUND,)
        if self.takes is not None:
            usual[413] = (Refusal.TOO_LARGE,)
            usual[415] = (Refusal.MALFORMED,)
        usual[429] = (Refusal.RATE_LIMITED,)
        usual[500] = (Refusal.INTERNAL,)
        usual[503] = (Refusal.UNAVAILABLE, Refusal.BUSY)
        statuses = sorted((usual.keys() | self.refuses.keys()) - self.answers.keys())
        return {
            status: (*dict.fromkeys((*usual.get(status, ()), *self.refuses.get(status, ()))),)
            for status in statuses
        }


@frozen
class About:
    """What a document is about, and which pages it has."""

    title: str
    description: str
    prefix: str = ""
    """In front of ``/openapi.json`` and ``/docs``."""
    shows: Callable[[Page], bool] = lambda _: True


def page_of(view: Any) -> Page | None:
    """Give what a view function says about itself."""
    return getattr(view, _ATTRIBUTE, None)


def asked_page() -> Page | None:
    """Give what the page of the request that is served says about itself."""
    return page_of(current_app.view_functions.get(request.endpoint or ""))


def whole_path(name: str, meaning: str = "") -> Parameter:
    """Give a whole number in the path, such as a table's."""
    return Parameter(name, {"type": "integer", "minimum": 0, "maximum": MOST_WHOLE}, meaning, place="path")


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
    from cardroom.service.openapi_document import describe  # noqa: PLC0415 (only who asks pays for it)
    from cardroom.service.openapi_page import write_page  # noqa: PLC0415

    document = describe(app, about)
    page = write_page(document)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return {
        OPENAPI_PATH: _Text(text.encode(), "application/json"),
        DOCS_PATH: _Text(page.html.encode(), "text/html; charset=utf-8", page.policy),
    }
