"""Who may open which of the router's pages for administrators."""

from typing import Final

from cardroom.service.admin_guard import EVERYBODY, OWNERS, SUPPORT, PageRoles

PAGES: Final[PageRoles] = {
    "GET /admin/users": EVERYBODY,  # by e-mail address: all but viewers
    "GET /admin/users/<int:user_id>": EVERYBODY,
    "GET /admin/users/<int:user_id>/sessions": EVERYBODY,
    "GET /admin/blocks": EVERYBODY,
    "GET /admin/nodes": EVERYBODY,
    "GET /admin/shards": EVERYBODY,
    "GET /admin/tables": EVERYBODY,
    "POST /admin/users/<int:user_id>/freeze": SUPPORT,
    "POST /admin/users/<int:user_id>/unfreeze": SUPPORT,
    "DELETE /admin/users/<int:user_id>/sessions": SUPPORT,
    "DELETE /admin/users/<int:user_id>/sessions/<uuid:session_id>": SUPPORT,
    "DELETE /admin/users/<int:user_id>/second-factor": SUPPORT,
    "POST /admin/blocks": SUPPORT,
    "DELETE /admin/blocks/<int:number>": SUPPORT,
    "POST /admin/tables/<int:table_id>/pause": SUPPORT,
    "POST /admin/tables/<int:table_id>/resume": SUPPORT,
    "POST /admin/tables/<int:table_id>/announce": SUPPORT,
    "POST /admin/announce": SUPPORT,
    "POST /admin/tables": OWNERS,
    "POST /admin/tables/<int:table_id>/close": OWNERS,
}
