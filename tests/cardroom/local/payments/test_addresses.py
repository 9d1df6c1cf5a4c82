"""Addresses of test networks."""

import pytest

from cardroom.local.payments.addresses import PREFIXES, make_address, tidy_address, write_bech32
from cardroom.local.payments.coins import COINS

HASH = bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6")


@pytest.mark.parametrize(
    ("prefix", "program", "address"),
    [
        ("bc", HASH, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("tb", HASH, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
        ("bcrt", HASH, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"),
    ],
)
def test_examples_of_bip_173(prefix: str, program: bytes, address: str) -> None:
    assert write_bech32(prefix, program) == address


@pytest.mark.parametrize("network", PREFIXES)
@pytest.mark.parametrize("name", COINS)
def test_what_is_made_is_one(network: str, name: str) -> None:
    made = make_address(COINS[name], network)
    assert made == tidy_address(f" {made.upper().replace('0X', '0x')}", COINS[name])
    assert made != make_address(COINS[name], network)


@pytest.mark.parametrize("text", ["", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0x12", "bcrt1"])
@pytest.mark.parametrize("name", COINS)
def test_what_is_none(name: str, text: str) -> None:
    assert tidy_address(text, COINS[name]) is None
