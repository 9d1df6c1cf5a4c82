"""What is the server's trouble, and what a command's."""

import pytest

from cardroom.service.postgres import PostgresRefused
from wallet_worker.ledger.trouble import is_server_trouble
from wallet_worker.rules.denials import BooksDisagree


@pytest.mark.parametrize(
    ("state", "constraint", "expected"),
    [
        ("40P01", None, True),
        ("55P03", None, True),
        ("42501", None, True),
        ("23514", None, True),
        ("23514", "account_never_negative", False),
        ("23505", "transfer_command_key", False),
        ("22003", None, False),
    ],
)
def test_a_condition_of_the_server_is_no_command_s_failure(
    state: str, constraint: str | None, expected: bool
) -> None:
    assert is_server_trouble(PostgresRefused(state, constraint, "")) is expected


def test_what_the_rules_find_is_a_command_s() -> None:
    assert not is_server_trouble(BooksDisagree("no escrow"))
    assert not is_server_trouble(AssertionError())
