"""Who may open which page under ``/admin``: a token's name and role, against one table for each app."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

from quart import g, request
from quart_trio import QuartTrio

from cardroom.service.admins import AdminBook, Role
from cardroom.service.http import RefusedRequest
from cardroom.wire.refusals import Refusal

Roles = frozenset[Role]

EVERYBODY: Final[Roles] = frozenset(Role)
"""Who has any role."""
STAFF: Final[Roles] = frozenset({Role.SUPPORT, Role.FINANCE, Role.OWNER})
"""Everybody but viewers."""
SUPPORT: Final[Roles] = frozenset({Role.SUPPORT, Role.OWNER})
FINANCE: Final[Roles] = frozenset({Role.FINANCE, Role.OWNER})
OWNERS: Final[Roles] = frozenset({Role.OWNER})

PageRoles = Mapping[str, Roles]
"""Who may open each page of an app, by method and rule, such as ``"POST /admin/drain"``."""

_PREFIX: Final = "/admin"


def guard_admin_pages(app: QuartTrio, book: AdminBook, pages: PageRoles) -> None:
    """Let nobody under ``/admin`` whom the table does not name; a page that is not in it is nobody's."""
    app.before_request(require_role(book, pages))


def require_role(book: AdminBook, pages: PageRoles) -> Callable[[], Awaitable[None]]:
    """Give a check for ``before_request`` of a whole app; it concerns what lies under ``/admin`` only.

    Refused: who shows no token of the book (``not_authenticated``), one past its date (``token_expired``),
    or whose role does not open the page (``role_needed``). Who asks is known afterwards: ``admin_who_asks``.
    """

    async def check() -> None:
        if not request.path.startswith(_PREFIX):
            return
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        found = book.find(shown.strip())
        if scheme.lower() != "bearer" or found is None:
            raise RefusedRequest(401, Refusal.NOT_AUTHENTICATED)
        if book.is_expired(found):
            raise RefusedRequest(401, Refusal.TOKEN_EXPIRED)
        g.admin, g.role = found.name, found.role
        refuse_role(_roles_of_page(pages))

    return check


def _roles_of_page(pages: PageRoles) -> Roles:
    """Give who may open the page that is asked for; where there is none, everybody may hear so."""
    if request.url_rule is None or request.method == "OPTIONS":
        return EVERYBODY
    method = "GET" if request.method == "HEAD" else request.method
    return pages.get(f"{method} {request.url_rule.rule}", frozenset())


def refuse_role(allowed: Roles) -> None:
    """Refuse who has none of these roles; for pages that allow more to some than to others."""
    if role_who_asks() not in allowed:
        names = ", ".join(sorted(role.value for role in allowed)) or "no role"
        raise RefusedRequest(403, Refusal.ROLE_NEEDED, f"for {names}")


def admin_who_asks() -> str:
    """Give the name of the administrator whose request is served; only under ``/admin``."""
    name: str = g.admin
    return name


def role_who_asks() -> Role:
    """Give the role of the administrator whose request is served; only under ``/admin``."""
    role: Role = g.role
    return role


def admin_rules(app: QuartTrio) -> Iterator[str]:
    """Give method and rule of every page under ``/admin``, as the table of roles names them."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(_PREFIX):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield f"{method} {rule.rule}"
