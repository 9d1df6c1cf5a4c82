"""The node's HTTP endpoint for administrators and monitors: own port, loopback by default.

Health and metrics are open to whoever reaches the port; everything under ``/admin`` wants the bearer token.
"""

from collections.abc import Callable
from typing import Final

from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.http import add_health_pages, add_metrics_page, make_app, require_token
from cardroom.service.logs import Log
from cardroom.service.openapi import About
from cardroom.service.openapi_served import add_documents
from cardroom.service.settings import Admin, Secret
from node.admin.players import Census, players_pages
from node.admin.shards import shards_pages
from node.admin.tables import tables_pages
from node.shards.desk import ShardDesk
from node.tables.directory import Directory

_PAGES: Final = About(
    "Node: administration",
    "What administrators and monitors ask of one node and order; whatever they order says why.",
)


@frozen
class AdminServices:
    """What the pages show."""

    directory: Directory
    census: Census
    desk: ShardDesk
    health: Callable[[], dict[str, bool]]
    token: Secret
    log: Log


def make_admin_app(services: AdminServices) -> QuartTrio:
    """Give the app with all pages."""
    app = make_app("node-admin", services.log)
    add_health_pages(app, services.health)
    add_metrics_page(app)
    for pages in (
        tables_pages(services.directory, services.log),
        players_pages(services.directory, services.census),
        shards_pages(services.desk),
    ):
        pages.before_request(require_token([Admin("admin", services.token)]))
        app.register_blueprint(pages)
    add_documents(app, _PAGES)
    return app
