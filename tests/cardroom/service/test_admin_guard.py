"""Who is let under ``/admin``: by token, date and role."""

from collections.abc import Sequence

import pytest
from quart_trio import QuartTrio

from cardroom.service.admin_guard import (
    EVERYBODY,
    FINANCE,
    OWNERS,
    PageRoles,
    admin_rules,
    admin_who_asks,
    guard_admin_pages,
)
from cardroom.service.http import make_app
from cardroom.service.logs import open_log
from cardroom.service.settings import LogSettings
from tests.cardroom.service.people import ROLES, TOKEN_OF, open_book

LOG = open_log(LogSettings(level="error"), "tests")
PAGES: PageRoles = {"GET /admin/who": EVERYBODY, "POST /admin/who": FINANCE, "DELETE /admin/who": OWNERS}


def example() -> QuartTrio:
    app = make_app("example", LOG)

    @app.route("/admin/who", methods=["GET", "POST", "DELETE", "PATCH"])
    async def who() -> str:
        return admin_who_asks()

    @app.get("/open")
    async def open_page() -> str:
        return "open"

    guard_admin_pages(app, open_book(), PAGES)
    return app


async def ask(method: str, path: str, header: str | None) -> tuple[int, str]:
    headers = {} if header is None else {"Authorization": header}
    answer = await example().test_client().open(path, method=method, headers=headers, json=None)
    if answer.status_code != 200:
        return answer.status_code, (await answer.get_json())["code"]
    return 200, await answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer ", "Bearer wrong", "Basic right", "right", "Bearer éé", "Bearer right right"]
)
async def test_who_shows_no_token_of_the_book_is_not_let_in(header: str | None) -> None:
    for path in ("/admin/who", "/admin/nowhere", "/admin"):
        assert await ask("GET", path, header) == (401, "not_authenticated")
    assert await ask("GET", "/open", header) == (200, "open")


async def test_a_token_past_its_date_says_so() -> None:
    assert await ask("GET", "/admin/who", "Bearer expired") == (401, "token_expired")


async def test_who_is_let_in_is_known_by_name() -> None:
    assert await ask("GET", "/admin/who", "Bearer right") == (200, "admin")
    assert await ask("GET", "/admin/who", "bearer  other") == (200, "kim")
    assert await ask("GET", "/admin/nowhere", "Bearer viewer") == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "allowed"),
    [("GET", ROLES), ("POST", ("finance", "owner")), ("DELETE", ("owner",)), ("PATCH", ())],
)
async def test_a_page_opens_to_its_roles_and_one_without_to_nobody(
    method: str, allowed: Sequence[str]
) -> None:
    for role in ROLES:
        status, code = await ask(method, "/admin/who", f"Bearer {TOKEN_OF[role]}")
        assert (status == 200) == (role in allowed)
        assert status == 200 or (status, code) == (403, "role_needed")


def test_rules_are_told_by_method() -> None:
    assert set(admin_rules(example())) == {*PAGES, "PATCH /admin/who"}
