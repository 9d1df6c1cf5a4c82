"""Who may open which of the node's pages."""

from typing import Final

from cardroom.service.admin_guard import EVERYBODY, OWNERS, SUPPORT, PageRoles

PAGES: Final[PageRoles] = {
    "GET /admin/tables": EVERYBODY,
    "GET /admin/tables/<int:table_id>": EVERYBODY,
    "GET /admin/tables/escrow": EVERYBODY,
    "GET /admin/players": EVERYBODY,
    "GET /admin/shards": EVERYBODY,
    "GET /admin/shards/<int:shard>": EVERYBODY,
    "GET /admin/drain": EVERYBODY,
    "POST /admin/tables/<int:table_id>/announce": SUPPORT,
    "POST /admin/tables/<int:table_id>/silence": SUPPORT,
    "POST /admin/announce": SUPPORT,
    "POST /admin/shards/<int:shard>/move": OWNERS,
    "POST /admin/drain": OWNERS,
    "DELETE /admin/drain": OWNERS,
}
