"""Who administrates: a file of names, roles and hashes of tokens, read anew when it changes.

    [[admin]]
    name = "kim"
    role = "finance"
    token_sha256 = "64 hexadecimal digits"
    expires = 2027-02-01T00:00:00Z

It is the same for all processes. Tokens are 256 random bits, so that the file holds no secret; but who can
write it makes himself an owner. Entries of one name are tokens of one person, for the days in which one takes
the place of another.
"""

import hmac
import re
import secrets
import stat
import time
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, unique
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen
from prometheus_client import Counter

from cardroom.service.logs import Log
from cardroom.service.settings import BadSettings

MAX_TOKEN_DAYS: Final = 400
"""No token is good for longer."""

_MAX_FILE_BYTES: Final = 256 * 1024
_MAX_TOKENS_OF_ONE: Final = 4
_TOKEN_BYTES: Final = 32
_LOOK_SECONDS: Final = 1.0
_KEYS: Final = frozenset({"name", "role", "token_sha256", "expires"})
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")

_READINGS: Final = Counter(
    "holdem_admins_file_readings_total",
    "How often the file of administrators was read, by what it was",
    ["was"],
)

_Stamp = tuple[int, int, int] | None
"""What tells one state of the file from another; None while there is no file."""


@unique
class Role(Enum):
    """What somebody administrates."""

    VIEWER = "viewer"
    """Looks at everything, changes nothing."""
    SUPPORT = "support"
    """Players and tables: sessions, blocks, freezes of a player, announcements, pauses."""
    FINANCE = "finance"
    """Money: gifts, corrections, dead letters, the freeze of withdrawals."""
    OWNER = "owner"
    """Everything."""


@frozen
class AdminToken:
    """One token of one person, by its hash; good until ``expires``."""

    name: str
    role: Role
    token_sha256: bytes = field(repr=False)
    expires: datetime

    def is_expired(self, now: datetime) -> bool:
        """Say whether the token's time is over."""
        return now >= self.expires


def draw_admin_token() -> str:
    """Give a new token; of 256 random bits, so that its hash can lie open."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_admin_token(token: str) -> bytes:
    """Give what a file keeps of a token."""
    return sha256(token.encode()).digest()


def write_entry(entry: AdminToken) -> str:
    """Write an entry as the file has it."""
    expires = entry.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'[[admin]]\nname = "{entry.name}"\nrole = "{entry.role.value}"\n'
        f'token_sha256 = "{entry.token_sha256.hex()}"\nexpires = {expires}\n'
    )


def read_entries(file: Path, now: datetime) -> Sequence[AdminToken]:
    """Read a file of administrators; raises ``BadSettings``. An empty file lets nobody in."""
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(file.stat().st_mode) & stat.S_IWOTH:
                raise BadSettings(f"{file}: everybody may write it, and so make himself an owner")
            text = opened.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadSettings(f"{file}: {error.strerror}") from error
    try:
        return parse_entries(text, now)
    except BadSettings as fault:
        raise BadSettings(f"{file}: {fault}") from fault


def parse_entries(text: bytes, now: datetime) -> Sequence[AdminToken]:
    """Read what a file of administrators says; raises ``BadSettings`` with what is wrong."""
    if len(text) > _MAX_FILE_BYTES:
        raise BadSettings(f"more than {_MAX_FILE_BYTES} bytes")
    try:
        document = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(str(error)) from error
    tables = document.pop("admin", [])
    if document:
        raise BadSettings(f"unknown: {', '.join(sorted(document))}; only [[admin]] stands here")
    if not isinstance(tables, list):
        raise BadSettings("admin: write [[admin]]")
    entries = [_read_entry(table, number, now) for number, table in enumerate(tables, start=1)]
    _check_together(entries)
    return tuple(entries)


def _read_entry(table: Any, number: int, now: datetime) -> AdminToken:
    place = f"admin {number}"
    if not isinstance(table, dict) or table.keys() != _KEYS:
        raise BadSettings(f"{place}: exactly the keys {', '.join(sorted(_KEYS))}")
    name, role, digest, expires = (table[key] for key in ("name", "role", "token_sha256", "expires"))
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise BadSettings(f"{place}: name: small letters, digits and . _ - up to 64")
    roles = {one.value: one for one in Role}
    if not isinstance(role, str) or role not in roles:
        raise BadSettings(f"{place}, {name}: role: one of {', '.join(roles)}")
    if not isinstance(digest, str) or _HASH.fullmatch(digest) is None:
        raise BadSettings(f"{place}, {name}: token_sha256: 64 small hexadecimal digits")
    if not isinstance(expires, datetime) or expires.tzinfo is None:
        raise BadSettings(f"{place}, {name}: expires: a time with its offset, such as 2027-02-01T00:00:00Z")
    if expires > now + timedelta(days=MAX_TOKEN_DAYS):
        raise BadSettings(f"{place}, {name}: expires: at most {MAX_TOKEN_DAYS} days ahead")
    return AdminToken(name, roles[role], bytes.fromhex(digest), expires.astimezone(UTC))


def _check_together(entries: Sequence[AdminToken]) -> None:
    """Refuse two names of one token: somebody could approve with one what was proposed with the other."""
    if len({one.token_sha256 for one in entries}) != len(entries):
        raise BadSettings("token_sha256: each token once")
    for name in {one.name for one in entries}:
        own = [one for one in entries if one.name == name]
        if len({one.role for one in own}) > 1:
            raise BadSettings(f"{name}: one person has one role")
        if len(own) > _MAX_TOKENS_OF_ONE:
            raise BadSettings(f"{name}: at most {_MAX_TOKENS_OF_ONE} tokens")


class AdminBook:
    """Knows administrators by their tokens. Raises ``BadSettings`` when the file is bad at the start.

    Who looks somebody up sees whether the file has changed, at most once a second. If what it has become is
    bad, or it is gone, what was last read counts on; that is logged and counted, once for each change.
    """

    def __init__(
        self,
        file: Path,
        log: Log,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._file = file
        self._log = log
        self._clock = clock
        self._now = now
        self._stamp = self._look()
        self._entries = read_entries(file, now())
        self._looked_at = clock()
        _READINGS.labels("good").inc()

    def find(self, token: str) -> AdminToken | None:
        """Find who has a token, be it expired or not. All are compared, so that time tells nothing."""
        self._read_if_changed()
        digest = hash_admin_token(token)
        found = [one for one in self._entries if hmac.compare_digest(digest, one.token_sha256)]
        return found[0] if found else None

    def is_expired(self, entry: AdminToken) -> bool:
        """Say whether a token that was found is past its date."""
        return entry.is_expired(self._now())

    def _read_if_changed(self) -> None:
        if self._clock() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = self._clock()
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._entries = read_entries(self._file, self._now())
        except BadSettings as fault:
            _READINGS.labels("bad").inc()
            self._log.error("admins.file_is_bad", reason=str(fault))
        else:
            _READINGS.labels("good").inc()
            self._log.info("admins.read", tokens=len(self._entries))

    def _look(self) -> _Stamp:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
