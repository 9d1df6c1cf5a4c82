"""Whose fault is it: the server's condition, or the values of one command?"""

from typing import Final

from cardroom.service.postgres import PostgresRefused

# Classes of SQLSTATE that speak of the server's condition, not of the statement: transaction rollback,
# connection, resources, operator, system, transaction state (time-outs), locks; and of the schema (a missing
# right or table, a plan that a migration made invalid), which no command's values can bring about.
_SERVER_TROUBLE: Final = frozenset({"40", "08", "53", "57", "58", "25", "55", "XX", "28", "3D", "42", "0A"})

_CHECK_VIOLATION: Final = "23514"


def is_server_trouble(trouble: Exception) -> bool:
    """Say whether a failure is no command's; also a missing month (a violated check that has no name)."""
    if not isinstance(trouble, PostgresRefused):
        return False
    is_month_missing = trouble.state == _CHECK_VIOLATION and trouble.constraint is None
    return trouble.state[:2] in _SERVER_TROUBLE or is_month_missing
