"""What a nickname, an e-mail address and a password may be, and how each is written down."""

import re
from typing import Final
from unicodedata import normalize

_NICKNAME: Final = re.compile(r"[A-Za-z0-9_\-가-힣]{2,20}")
# Atoms with dots between them and no more: mail software reads what else there may be as several addresses,
# or as a comment before somebody else's, who could then be mailed under any number of names. `=?` begins an
# encoded word.
_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL: Final = re.compile(
    rf"(?=[^@]{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*"
)
_MAX_EMAIL: Final = 254
_MIN_PASSWORD: Final = 8
_MAX_PASSWORD: Final = 128


class NotAllowed(Exception):
    """The value cannot be registered; the text says why and does not repeat it."""


def write_nickname(text: str) -> str:
    """Give a nickname as it is stored: NFKC, so that what looks alike is the same name.

    Refused: anything but 2 to 20 letters a-z, digits, ``_``, ``-`` and Korean syllables.
    """
    nickname = normalize("NFKC", text)
    if not _NICKNAME.fullmatch(nickname):
        raise NotAllowed("nickname: 2 to 20 letters, digits, _, - or Korean syllables")
    return nickname


def write_email(text: str) -> str:
    """Give an e-mail address as it is stored, in lower case. Refused: what cannot be one."""
    email = text.strip().lower()
    if len(email) > _MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise NotAllowed("e-mail: not an address")
    return email


def write_new_password(text: str) -> str:
    """Give a password as it is hashed. Refused: fewer than 8 or more than 128 characters."""
    password = write_password(text)
    if not _MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
        raise NotAllowed("password: 8 to 128 characters")
    return password


def write_password(text: str) -> str:
    """Give a password as it is hashed: NFC, for keyboards differ in how they compose Korean."""
    return normalize("NFC", text)
