"""Secrets of the local cluster: made once, kept in files that only their owner may read."""

import os
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from cardroom.service.admins import AdminToken, Role, hash_admin_token, write_entry

BOTS_PASSWORD: Final = "bots_password"  # noqa: S105 (the name of a file)
ADMIN_TOKEN: Final = "admin_token"  # noqa: S105 (the name of a file)

ADMINS_FILE: Final = "admins.toml"
"""What the file of administrators is called, in the cluster's folder."""

ADMINS: Final[Mapping[str, tuple[str, Role]]] = {
    ADMIN_TOKEN: ("admin", Role.OWNER),
    "second_admin_token": ("second", Role.OWNER),
    "finance_token": ("finance", Role.FINANCE),
    "support_token": ("support", Role.SUPPORT),
    "viewer_token": ("viewer", Role.VIEWER),
}
"""Who administrates a local cluster: name and role, by the name of the file that holds the token."""

_ADMIN_DAYS: Final = 365

_SECRET_BYTES: Final = 32
_ROLES: Final = {"router_dsn": "holdem_router", "wallet_dsn": "holdem_wallet"}


def make_credentials(folder: Path, names: Iterable[str], owner_dsn: str) -> None:
    """Write each credential that is not there yet, and every database address anew.

    A name that ends in ``_dsn`` is an address with that part's own role; any other is random.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in names:
        if name.endswith("_dsn"):
            _write(folder / name, _address(owner_dsn, _ROLES.get(name)))
        elif not (folder / name).is_file():
            _write(folder / name, secrets.token_hex(_SECRET_BYTES))


def make_admins(folder: Path, file: Path) -> None:
    """Write the file of administrators anew, after each token that is not there yet."""
    make_credentials(folder, ADMINS, "")
    expires = datetime.now(UTC) + timedelta(days=_ADMIN_DAYS)
    entries = [
        AdminToken(name, role, hash_admin_token(read_credential(folder, token)), expires)
        for token, (name, role) in ADMINS.items()
    ]
    _write(file, "\n".join(map(write_entry, entries)))


def read_credential(folder: Path, name: str) -> str:
    """Read one credential."""
    return (folder / name).read_text(encoding="utf-8").strip()


def _address(owner_dsn: str, role: str | None) -> str:
    if role is None:
        return owner_dsn
    parts = urlsplit(owner_dsn)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}@{place}"))


def _write(file: Path, text: str) -> None:
    """Write a file that is whole, or not there, and never readable to others."""
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as opened:
        opened.write(text + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    draft.rename(file)
