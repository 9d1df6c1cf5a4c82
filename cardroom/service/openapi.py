"""What a page takes and answers, said beside the page, and served as OpenAPI 3.1 and as a page to read.

``Page`` documents and does nothing else: requests are read by our strict codecs. It names the very classes
that these read and write, and ``read_body`` asserts so. Beside every page's own answers the document has
those that any page of its kind gives: who is not logged in, whose body is malformed, who asks too often.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar

from attrs import field, frozen
from quart import current_app, request

from cardroom.wire.json_schema import MOST_WHOLE, Schema
from cardroom.wire.refusals import Refusal

View = TypeVar("View", bound=Callable[..., Any])


_ATTRIBUTE: Final = "documented_as"
_LET_IN_FROM_ANYWHERE: Final = frozenset({"service", "gateways"})
"""Tags of pages that keep no network and no country out."""


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
    may_be_empty: bool = False
    """Whether the body may be left out."""
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
        elif self.tag not in _LET_IN_FROM_ANYWHERE:
            usual[403] = (Refusal.ADDRESS_BLOCKED, Refusal.COUNTRY_BLOCKED)
            if self.who.scheme:
                usual[403] = (*usual[403], Refusal.USER_BLOCKED)
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


def is_for_administrators(page: Page) -> bool:
    """Say whether only administrators may ask."""
    return page.who.scheme == "administrator"


def is_for_everybody(page: Page) -> bool:
    """Say whether others than administrators may ask."""
    return page.who.scheme != "administrator"


def is_for_players(page: Page) -> bool:
    """Say whether players ask, each about himself."""
    return page.who.scheme == "player"


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
