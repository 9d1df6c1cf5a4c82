"""Seals the secrets of second factors: who has the database alone cannot make a code.

AES-256-GCM with a key that is derived from a credential. The player is bound to the seal: a secret that is
put under another player, or altered, does not open.
"""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cardroom.ids import UserId
from cardroom.service.settings import Secret

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"holdem.second-factor.v1"


class FactorSealBroken(Exception):
    """A sealed secret was altered, belongs to another player, or was sealed with another key."""


class FactorSeal:
    """Seals secrets and opens them; the same credential at every router."""

    def __init__(self, credential: Secret) -> None:
        derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE)
        self._cipher = AESGCM(derive.derive(credential.value.encode()))

    def close(self, user_id: UserId, secret: str) -> bytes:
        """Seal a player's secret; each time with a nonce that was never used."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), _bound_to(user_id))

    def open(self, user_id: UserId, sealed: bytes) -> str:
        """Give the secret of a player; raises ``FactorSealBroken``."""
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, text, _bound_to(user_id)).decode()
        except (InvalidTag, ValueError):
            raise FactorSealBroken(f"the second factor of player {user_id} does not open") from None


def _bound_to(user_id: UserId) -> bytes:
    return b"%d" % user_id
