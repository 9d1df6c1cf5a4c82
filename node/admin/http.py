"""The node's HTTP endpoint for administrators and monitors: own port, loopback by default.

Health and metrics are open to whoever reaches the port; everything under ``/admin`` wants a token of a role
that ``roles.py`` names.
"""

from collections.abc import Callable
from typing import Final

from attrs import frozen
from quart_trio import QuartTrio

from cardroom.service.admin_guard import guard_admin_pages
from cardroom.service.admins import AdminBook
from cardroom.service.http import add_health_pages, add_metrics_page, make_app
from cardroom.service.logs import Log
from cardroom.service.openapi import About
from cardroom.service.openapi_served import add_documents
from node.admin.actions import ActionDesk
from node.admin.players import Census, players_pages
from node.admin.roles import PAGES
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
    admins: AdminBook
    actions: ActionDesk
    log: Log


def make_admin_app(services: AdminServices) -> QuartTrio:
    """Give the app with all pages."""
    app = make_app("node-admin", services.log)
    guard_admin_pages(app, services.admins, PAGES)
    add_health_pages(app, services.health)
    add_metrics_page(app)
    for pages in (
        tables_pages(services.directory, services.actions, services.log),
        players_pages(services.directory, services.census),
        shards_pages(services.desk, services.actions),
    ):
        app.register_blueprint(pages)
    add_documents(app, _PAGES)
    return app
