"""Who may open which of the router's pages for administrators."""

from typing import Final

from cardroom.service.admin_guard import PageRoles

PAGES: Final[PageRoles] = {}
