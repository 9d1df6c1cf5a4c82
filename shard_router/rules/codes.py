"""Codes of the second factor: what was typed, and which step of time a code belongs to (RFC 6238)."""

import re
from hmac import compare_digest
from typing import Final

import pyotp
from attrs import field, frozen

STEP_SECONDS: Final = 30
_AROUND: Final = 1
"""A clock may be wrong by so many steps."""

_TIMED: Final = re.compile(r"[0-9]{6}")
_RECOVERY: Final = re.compile(r"[A-Z2-7]{16}")
_GROUP: Final = 4


@frozen
class TimedCode:
    """Six digits that an authenticator shows for half a minute."""

    digits: str = field(repr=False)


@frozen
class RecoveryCode:
    """One of the codes that stand in for a lost device; as it is hashed, without hyphens."""

    letters: str = field(repr=False)


def read_code(text: str) -> TimedCode | RecoveryCode | None:
    """Read what was typed, whatever blanks and hyphens stand between; None if it is no code."""
    letters = "".join(text.upper().split()).replace("-", "")
    if _TIMED.fullmatch(letters):
        return TimedCode(letters)
    return RecoveryCode(letters) if _RECOVERY.fullmatch(letters) else None


def show_recovery_code(letters: str) -> str:
    """Write a recovery code so that people can read it: ``ABCD-EFGH-IJKL-MNOP``."""
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def find_step(secret: str, code: TimedCode, now_seconds: int) -> int | None:
    """Find the step of time whose code this is, the present one or a neighbour; None if it is of none.

    ``now_seconds`` is Unix time. Whether the step was used before, who keeps the last one knows.
    """
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    present = now_seconds // STEP_SECONDS
    steps = range(present - _AROUND, present + _AROUND + 1)
    found = [step for step in steps if compare_digest(totp.generate_otp(step), code.digits)]
    return max(found, default=None)


def write_uri(secret: str, nickname: str, issuer: str) -> str:
    """Give the ``otpauth`` address that authenticators read, mostly as a QR code."""
    uri: str = pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=nickname, issuer_name=issuer)
    return uri
