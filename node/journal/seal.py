"""Deck encryption: what lies in Redis of a hand in play tells nobody a card.

AES-256-GCM with a key that is derived from a credential. The hand is bound to the seal: a deck that
is put under another hand, or altered, does not open.
"""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cardroom.ids import HandId
from cardroom.service.settings import Secret

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"holdem.journal.deck.v1"


class SealBroken(Exception):
    """A sealed deck was altered, belongs to another hand, or was sealed with another key."""


class DeckSeal:
    """Seals decks and opens them; the same credential at every node that may take over a table."""

    def __init__(self, credential: Secret) -> None:
        derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE)
        self._cipher = AESGCM(derive.derive(credential.value.encode()))

    def close(self, hand_id: HandId, deck: bytes) -> bytes:
        """Seal a hand's deck; each time with a nonce that was never used."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, deck, hand_id.bytes)

    def open(self, hand_id: HandId, sealed: bytes) -> bytes:
        """Give the deck of a hand; raises ``SealBroken``."""
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, text, hand_id.bytes)
        except (InvalidTag, ValueError):
            raise SealBroken(f"the deck of hand {hand_id} does not open") from None
