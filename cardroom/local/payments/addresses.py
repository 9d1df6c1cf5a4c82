"""Makes addresses of a chain for tests: nobody has their keys, and none is of the real chains."""

import re
import secrets
from collections.abc import Iterable
from typing import Final

from cardroom.local.payments.coins import Coin

PREFIXES: Final = {"regtest": "bcrt", "testnet": "tb"}
"""What addresses of a network of Bitcoin begin with; there is none for the real one on purpose."""

_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_HASH_BYTES: Final = 20
_ETHEREUM: Final = re.compile(r"0x[0-9a-f]{40}")
_BITCOIN: Final = re.compile(rf"({'|'.join(PREFIXES.values())})1[{_LETTERS}]{{14,74}}")


def make_address(coin: Coin, network: str) -> str:
    """Draw an address that nobody has had."""
    drawn = secrets.token_bytes(_HASH_BYTES)
    return write_bech32(PREFIXES[network], drawn) if coin.is_bitcoin else f"0x{drawn.hex()}"


def tidy_address(text: str, coin: Coin) -> str | None:
    """Give the one way that the sandbox writes an address; None for what looks like no address of the coin.

    It does not look closely: a chain would, and so must whoever is to refuse wrong ones.
    """
    address = text.strip().lower()
    form = _BITCOIN if coin.is_bitcoin else _ETHEREUM
    return address if form.fullmatch(address) else None


def write_bech32(prefix: str, program: bytes) -> str:
    """Write a witness program of version 0 by BIP 173."""
    values = [0, *_five_bits(program)]
    expanded = [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]
    checksum = _polymod([*expanded, *values, 0, 0, 0, 0, 0, 0]) ^ 1
    values += [(checksum >> 5 * (5 - place)) & 31 for place in range(6)]
    return f"{prefix}1{''.join(_LETTERS[value] for value in values)}"


def _five_bits(data: bytes) -> list[int]:
    bits = len(data) * 8
    padding = -bits % 5
    number = int.from_bytes(data) << padding
    count = (bits + padding) // 5
    return [(number >> 5 * (count - 1 - place)) & 31 for place in range(count)]


def _polymod(values: Iterable[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for place, factor in enumerate(_GENERATOR):
            checksum ^= factor if (top >> place) & 1 else 0
    return checksum
