"""Administrators for tests: one of each role, two owners, and a token past its date."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cardroom.service.admins import AdminBook
from cardroom.service.logs import open_log
from cardroom.service.settings import LogSettings

ADMINS_FILE: Final = Path(__file__).parents[2] / "data" / "admins.toml"
ROLES: Final = ("viewer", "support", "finance", "owner")
TOKEN_OF: Final = {"viewer": "viewer", "support": "support", "finance": "finance", "owner": "right"}

_THEN: Final = datetime(2026, 6, 1, tzinfo=UTC)


def open_book() -> AdminBook:
    """Open the book as it is on a day on which all tokens but one are good."""
    return AdminBook(ADMINS_FILE, open_log(LogSettings(level="error"), "tests"), now=lambda: _THEN)
