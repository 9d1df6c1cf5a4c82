"""Which rule limits a page."""

import pytest

from cardroom.service.limit_rules import Rule, limited, rule_of


@limited(Rule.LOGIN)
async def log_in() -> str:
    return ""


async def plain() -> str:
    return ""


@pytest.mark.parametrize(
    ("view", "path", "rule"),
    [
        (log_in, "/api/v1/auth/login", Rule.LOGIN),
        (plain, "/api/v1/me", Rule.DEFAULT),
        (None, "/wp-login.php", Rule.DEFAULT),
        (plain, "/admin/users", Rule.ADMIN),
        (None, "/administrators", Rule.DEFAULT),
    ],
)
def test_a_page_has_the_rule_that_stands_beside_it(view: object, path: str, rule: Rule) -> None:
    assert rule_of(view, path) is rule


def test_only_pages_where_guessing_or_repeating_pays_are_closed_uncounted() -> None:
    closed = {rule.value for rule in Rule if rule.is_closed_uncounted}
    assert closed == {"login", "register", "reset", "confirm", "step_up", "withdraw"}
