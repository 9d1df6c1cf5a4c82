"""Signatures of gateways' messages: HMAC-SHA256 over the time stamp, a dot, and the bytes as they came."""

import re
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac_of
from typing import Final

from attrs import frozen

from cardroom.service.settings import Secret
from cardroom.wire.refusals import Refusal
from wallet_worker.gateways.port import WebhookRefused

_UNIX_SECONDS: Final = re.compile(r"[0-9]{1,12}")


@frozen
class SignatureHeaders:
    """Which headers carry the time stamp and the signature; how they are spelled does not matter."""

    timestamp: str
    signature: str


SHKEEPER_HEADERS: Final = SignatureHeaders("X-Shkeeper-Timestamp", "X-Shkeeper-Signature")
GENERIC_HEADERS: Final = SignatureHeaders("X-Webhook-Timestamp", "X-Webhook-Signature")


def sign(secret: Secret, timestamp: str, raw: bytes) -> str:
    """Give the signature of a body at a time stamp, in small hexadecimal digits."""
    signed = timestamp.encode() + b"." + raw
    return hmac_of(secret.value.encode(), signed, sha256).hexdigest()


@frozen
class SignatureCheck:
    """Believes messages that carry the right signature and a time stamp within ``seconds`` of now."""

    secret: Secret
    names: SignatureHeaders
    seconds: int

    def check(self, headers: Mapping[str, str], raw: bytes, unix_seconds: float) -> None:
        """Refuse what is not signed so, then what is too old or ahead; raises ``WebhookRefused``.

        The comparison takes as long for every signature. How old it is, only who has signed it is told.
        """
        timestamp = _only(headers, self.names.timestamp)
        given = _only(headers, self.names.signature)
        if timestamp is None or given is None or not _UNIX_SECONDS.fullmatch(timestamp):
            raise WebhookRefused(Refusal.WEBHOOK_SIGNATURE, "no signature, or no time stamp")
        expected = sign(self.secret, timestamp, raw)
        if not compare_digest(expected.encode(), given.encode(errors="replace")):
            raise WebhookRefused(Refusal.WEBHOOK_SIGNATURE, "another signature")
        if abs(unix_seconds - int(timestamp)) > self.seconds:
            raise WebhookRefused(Refusal.WEBHOOK_TOO_OLD, "its time stamp is too old, or ahead")


def digest_of(gateway: str, headers: Mapping[str, str], names: SignatureHeaders, raw: bytes) -> bytes:
    """Give what tells a delivery from all others: the very same one again has the very same."""
    parts = (gateway, _only(headers, names.timestamp) or "", _only(headers, names.signature) or "")
    return sha256(b"\n".join([*(part.encode(errors="replace") for part in parts), raw])).digest()


def _only(headers: Mapping[str, str], name: str) -> str | None:
    """Give a header that comes exactly once."""
    found = [value for key, value in headers.items() if key.lower() == name.lower()]
    return found[0] if len(found) == 1 else None
