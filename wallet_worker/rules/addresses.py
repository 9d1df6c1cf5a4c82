"""Addresses of coins: read strictly, written in one way, so that two writings of one address are one address.

Encodings and hashes are of libraries (docs/decisions/0043); which of them pay somebody is decided here.
"""

import re
from typing import Final

from attrs import frozen
from base58_bech32.base58 import b58decode_check
from base58_bech32.bech32 import BECH32_1_CONST, BECH32_M_CONST, bech32_decode, convertbits
from base58_bech32.exceptions import Base58Bech32Exception
from Crypto.Hash import keccak


@frozen
class _BitcoinNetwork:
    """How a network's addresses begin: the word before bech32's 1, and base58's first bytes."""

    prefix: str
    base58_versions: frozenset[int]


_BITCOIN: Final = {
    "mainnet": _BitcoinNetwork("bc", frozenset({0x00, 0x05})),
    "testnet": _BitcoinNetwork("tb", frozenset({0x6F, 0xC4})),
    "regtest": _BitcoinNetwork("bcrt", frozenset({0x6F, 0xC4})),
}
_ETHEREUM_COINS: Final = frozenset({"ETH", "USDT", "USDC"})
_ETHEREUM: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_NOBODY: Final = "0" * 40

_SEGWIT_SIZES: Final = {0: frozenset({20, 32}), 1: frozenset({32})}
"""Bytes of what a witness version that is in use pays: 0 to keys (20) and scripts (32), 1 to Taproot keys."""

_LONGEST_BECH32: Final = 90
_BASE58_SIZE: Final = 21


def read_address(text: str, coin: str, network_name: str) -> str | None:
    """Give the one way an address is written, or None for what is no address of this coin and network.

    Networks are ``mainnet``, ``testnet`` and ``regtest``. BTC: bech32 and bech32m (BIP 173, BIP 350) in small
    letters, and base58 as it is; testnet and regtest have the same base58. ETH, USDT, USDC: ``0x`` and 40
    digits with EIP-55's letters; the same on every network; in letters of one size no checksum is in them.

    Refused are wrong checksums, other networks and coins, spaces, Bitcoin's witness versions and lengths that
    nobody can spend from today (they would be gone), and Ethereum's address of nobody.
    """
    network = _BITCOIN[network_name]
    if coin == "BTC":
        return _read_segwit(text, network) or _read_base58(text, network)
    if coin in _ETHEREUM_COINS:
        return _read_ethereum(text)
    return None


def _read_segwit(text: str, network: _BitcoinNetwork) -> str | None:
    try:
        prefix, values, checksum = bech32_decode(text, limit=_LONGEST_BECH32)
        if prefix != network.prefix or not values:
            return None
        version = values[0]
        size = len(convertbits(values[1:], 5, 8, pad=False))
    except Base58Bech32Exception:
        return None
    if checksum != (BECH32_1_CONST if version == 0 else BECH32_M_CONST):
        return None
    return text.lower() if size in _SEGWIT_SIZES.get(version, ()) else None


def _read_base58(text: str, network: _BitcoinNetwork) -> str | None:
    try:
        payload = b58decode_check(text, out_size=_BASE58_SIZE)
    except Base58Bech32Exception:
        return None
    return text if payload[0] in network.base58_versions else None


def _read_ethereum(text: str) -> str | None:
    if not _ETHEREUM.fullmatch(text):
        return None
    digits = text[2:]
    address = f"0x{_with_checksum(digits.lower())}"
    is_mixed = digits not in (digits.lower(), digits.upper())
    return None if digits == _NOBODY or (is_mixed and address != text) else address


def _with_checksum(digits: str) -> str:
    """Write a letter large where the hash of the address has a digit of 8 or more (EIP-55)."""
    hashed = keccak.new(digest_bits=256, data=digits.encode("ascii")).hexdigest()
    return "".join(
        digit.upper() if int(marks, 16) >= 8 else digit for digit, marks in zip(digits, hashed, strict=False)
    )
