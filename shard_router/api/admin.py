"""The router's pages for administrators: an app of its own on a port of its own, loopback by default."""

from collections.abc import Callable

from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.admin_guard import guard_admin_pages
from cardroom.service.admins import AdminBook
from cardroom.service.http import add_health_pages, add_metrics_page
from cardroom.service.logs import Log
from shard_router.api.admin_roles import PAGES
from shard_router.api.http import make_router_app


@frozen
class AdminServices:
    """What the pages work with."""

    admins: AdminBook
    health: Callable[[], dict[str, bool]]
    log: Log


def make_admin_app(services: AdminServices) -> QuartTrio:
    """Give the app with all pages."""
    app = make_router_app(services.log)
    guard_admin_pages(app, services.admins, PAGES)
    add_health_pages(app, services.health)
    add_metrics_page(app)
    return app
