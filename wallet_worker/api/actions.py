"""``/admin/actions``: what administrators have ordered at any process, newest first."""

import json
from typing import Any, Final

from quart import Blueprint

from cardroom.service.admin_actions import ActionFilter, list_actions
from cardroom.service.openapi import ADMIN, Page, Parameter
from cardroom.service.parameters import (
    BEFORE,
    LIMIT,
    TEXT,
    TIME,
    bad_parameter,
    read_before,
    read_limit,
    read_parameters,
    read_time,
    write_time,
)
from wallet_worker.api.answers import AdminActions
from wallet_worker.api.office import Office

_BY: Final = ("subject", "admin", "action")
_PARAMETERS: Final = (
    LIMIT,
    BEFORE,
    Parameter("subject", TEXT, "What they are about, such as ``user:17``"),
    Parameter("admin", TEXT, "Who gave them"),
    Parameter("action", TEXT, "Of which kind they are"),
    Parameter("from", TIME, "Not before this time"),
    Parameter("to", TIME, "Before this time"),
)


def add_actions(pages: Blueprint, office: Office) -> None:
    """Add the page, here and nowhere else: the orders of router and nodes are among them."""

    @pages.get("/actions")
    @Page(tag="administrators", who=ADMIN, parameters=_PARAMETERS, answers={200: AdminActions})
    async def actions() -> dict[str, Any]:
        """List orders by ``subject`` (``user:17``), ``admin`` or ``action``, ``from`` and ``to`` a time."""
        asked = read_parameters({"limit", "before", "from", "to", *_BY})
        limit, before = read_limit(asked), read_before(asked)
        rows = await list_actions(office.postgres, before, limit + 1, _read_filter(asked))
        shown = [
            dict(row) | {"answer": json.loads(row["answer"]), "done_at": write_time(row["done_at"])}
            for row in rows
        ]
        more = shown[limit - 1]["id"] if len(shown) > limit else None
        return {"actions": shown[:limit], "next_before": more}


def _read_filter(asked: dict[str, str]) -> ActionFilter:
    named = {name: asked[name] for name in _BY if name in asked}
    if len(named) > 1:
        raise bad_parameter(next(iter(named)), f"one of {', '.join(_BY)} at a time")
    times = {"since": read_time(asked, "from"), "until": read_time(asked, "to")}
    known = {name: time for name, time in times.items() if time is not None}
    return ActionFilter(**named, **known)  # type: ignore[arg-type]
