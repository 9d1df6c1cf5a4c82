"""Whatever an administrator changes at the router stands in the record of orders: who, what, why."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from cardroom.service.postgres import Postgres, PostgresRefused
from shard_router.api.admin_roles import PAGES
from tests.shard_router.api.test_admin_access import turn_on
from tests.shard_router.api.test_admin_tables import MAKE, SAY, does_it, lay
from tests.shard_router.front import table_summary
from tests.shard_router.office import WHY, Office, node_that

USER: Final = "/admin/users/<int:user_id>"
TABLE: Final = "/admin/tables/<int:table_id>"

ORDERS: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    f"POST {USER}/freeze": (WHY, "freeze_player", "user:1"),
    f"POST {USER}/unfreeze": (WHY, "unfreeze_player", "user:1"),
    f"DELETE {USER}/sessions/<uuid:session_id>": (WHY, "session_ended", "user:1"),
    f"DELETE {USER}/sessions": (WHY, "sessions_ended", "user:1"),
    f"DELETE {USER}/second-factor": (WHY, "second_factor_taken", "user:1"),
    "POST /admin/blocks": ({**WHY, "user_id": 1}, "blocked", "user:1"),
    "DELETE /admin/blocks/<int:number>": (WHY, "unblocked", "block:1"),
    "POST /admin/tables": (MAKE, "table_made", "any shard"),
    f"POST {TABLE}/pause": (WHY, "table_paused", "table:1"),
    f"POST {TABLE}/resume": (WHY, "table_resumed", "table:1"),
    f"POST {TABLE}/close": (WHY, "table_closed", "table:1"),
    f"POST {TABLE}/announce": (SAY, "table_announced", "table:1"),
    "POST /admin/announce": (SAY, "all_announced", "all tables"),
}
"""An order for every page that changes something, and what is recorded of it."""


def test_every_page_that_changes_something_is_among_them() -> None:
    assert set(ORDERS) == {page for page in PAGES if not page.startswith("GET ")}


async def test_every_order_is_recorded(office: Office) -> None:
    user_id = await office.register("alice")
    login = await office.desk.logins.find((await office.log_in("alice")).token)
    assert login is not None
    await turn_on(office, user_id)
    await office.node.open_both_shards()
    await lay(office, (0, "Geum", None))
    await office.node.publish(table_summary(1, 0))
    parts = dict.fromkeys(("<int:user_id>", "<int:table_id>", "<int:number>"), "1")
    parts["<uuid:session_id>"] = str(login.session_id)
    async with node_that(office.redis, does_it):
        for page, (body, _, _) in ORDERS.items():
            method, _, path = page.partition(" ")
            for part, value in parts.items():
                path = path.replace(part, value)
            status, answer = await office.ask(method, path, body, token="other")
            assert status in (200, 201), (page, answer)
    assert await office.actions() == [
        ("kim", action, subject, "for a test") for _, action, subject in ORDERS.values()
    ]


async def test_the_router_cannot_say_when_an_order_was_given(pool: Postgres) -> None:
    with pytest.raises(PostgresRefused) as refused:
        async with pool.transaction() as transaction:
            await transaction.execute(
                "INSERT INTO admin_action (admin, action, subject, reason, key, body_hash, answer, done_at)"
                " VALUES ('kim', 'blocked', 'user:1', 'x', 'k', sha256(''), '{}', now() - interval '1 year')"
            )
    assert refused.value.state == "42501"
