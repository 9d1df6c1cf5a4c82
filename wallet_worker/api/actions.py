"""``/admin/actions``: what administrators have ordered, newest first."""

import json
from typing import Any, Final

from quart import Blueprint

from cardroom.service.openapi import ADMIN, Page, Parameter
from wallet_worker.api.answers import AdminActions
from wallet_worker.api.office import Office
from wallet_worker.api.parameters import (
    BEFORE,
    LIMIT,
    TEXT,
    read_before,
    read_limit,
    read_parameters,
    write_time,
)
from wallet_worker.store.admin_actions import list_actions

_PARAMETERS: Final = (LIMIT, BEFORE, Parameter("subject", TEXT, "What it is about, such as ``user:17``"))


def add_actions(pages: Blueprint, office: Office) -> None:
    """Add the page; ``subject`` asks for the orders about one thing, such as ``user:17``."""

    @pages.get("/actions")
    @Page(tag="administrators", who=ADMIN, parameters=_PARAMETERS, answers={200: AdminActions})
    async def actions() -> dict[str, Any]:
        """List what administrators have ordered, newest first; of one subject, or of all."""
        asked = read_parameters({"limit", "before", "subject"})
        limit, before = read_limit(asked), read_before(asked)
        rows = await list_actions(office.postgres, before, limit + 1, asked.get("subject"))
        shown = [
            dict(row) | {"answer": json.loads(row["answer"]), "done_at": write_time(row["done_at"])}
            for row in rows
        ]
        more = shown[limit - 1]["id"] if len(shown) > limit else None
        return {"actions": shown[:limit], "next_before": more}
