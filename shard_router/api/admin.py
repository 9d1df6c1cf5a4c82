"""The router's pages for administrators: an app of its own on a port of its own, loopback by default."""

from typing import Final

from quart_trio import QuartTrio

from cardroom.service.admin_guard import guard_admin_pages
from cardroom.service.http import add_health_pages, add_metrics_page
from cardroom.service.openapi import About
from cardroom.service.openapi_served import add_documents
from shard_router.api.admin_access import add_access_pages
from shard_router.api.admin_blocks import add_block_pages
from shard_router.api.admin_cluster import add_cluster_pages
from shard_router.api.admin_roles import PAGES
from shard_router.api.admin_services import AdminServices
from shard_router.api.admin_tables import add_table_pages
from shard_router.api.admin_users import add_user_pages
from shard_router.api.http import make_router_app

_PAGES: Final = About(
    "Card room: administration",
    "What administrators ask of players, nodes, shards and tables, and order; every order says why.",
)


def make_admin_app(services: AdminServices) -> QuartTrio:
    """Give the app with all pages; one noun a module, and ``admin_roles`` says who may open which."""
    app = make_router_app(services.log)
    guard_admin_pages(app, services.admins, PAGES)
    add_user_pages(app, services)
    add_access_pages(app, services)
    add_block_pages(app, services)
    add_cluster_pages(app, services)
    add_table_pages(app, services)
    add_health_pages(app, services.health)
    add_metrics_page(app)
    add_documents(app, _PAGES)
    return app
