"""Addresses against the published lists of BIP 173, BIP 350 and EIP-55, and against what people mistype."""

import pytest
from base58_bech32.base58 import b58encode_check
from base58_bech32.bech32 import BECH32_1_CONST, BECH32_M_CONST, bech32_encode, convertbits
from hypothesis import given
from hypothesis import strategies as st

from wallet_worker.rules.addresses import read_address
from wallet_worker.rules.coins import COINS

NETWORKS = ["mainnet", "testnet", "regtest"]
PREFIXES = {"mainnet": "bc", "testnet": "tb", "regtest": "bcrt"}

SEGWIT = [
    # BIP 173 and BIP 350: valid, and of versions that somebody can spend from
    ("mainnet", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
    ("testnet", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7"),
    ("testnet", "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy"),
    ("testnet", "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c"),
    ("mainnet", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
]
BASE58 = [
    ("mainnet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    ("mainnet", "1111111111111111111114oLvT2"),
    ("mainnet", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG"),
    ("testnet", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"),
    ("testnet", "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc"),
]
NOT_BITCOIN = [
    # BIP 350's list of invalid addresses
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "bc1pw5dgrnzv",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    "bc1gmk9yu",
    # BIP 350's valid addresses of versions and lengths that nobody can spend from today
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "BC1SW50QGDZ25J",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
    # what pays anybody: not an address to send a player's coins to
    "bc1pfeessrawgf",
    # BIP 173's addresses of version 1 with bech32's checksum, from before BIP 350
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
    # base58: a wrong letter, a private key, an extended key, letters that are none, Litecoin
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
    "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
    "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
    "IBvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1",
    "",
    "bc1",
    "1",
]
ETHEREUM = [
    # EIP-55: all large, all small, normal
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
NOT_ETHEREUM = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
    "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
    " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n",
    "0x" + "٣" * 40,
    "0x" + "0" * 40,
    "vitalik.eth",
    "",
]


@pytest.mark.parametrize(("network", "text"), SEGWIT)
def test_segwit_is_written_small(network: str, text: str) -> None:
    small = text.lower()
    assert {read_address(way, "BTC", network) for way in (text, small, text.upper())} == {small}


@pytest.mark.parametrize(("network", "text"), BASE58)
def test_base58_is_written_as_it_is(network: str, text: str) -> None:
    assert read_address(text, "BTC", network) == text


@pytest.mark.parametrize("text", NOT_BITCOIN)
def test_what_is_no_address_of_bitcoin(text: str) -> None:
    assert [read_address(text, "BTC", network) for network in NETWORKS] == [None] * 3


@pytest.mark.parametrize(("network", "text"), SEGWIT + BASE58[:3])
def test_another_network_is_refused(network: str, text: str) -> None:
    others = [name for name in NETWORKS if name != network]
    assert [read_address(text, "BTC", name) for name in others] == [None, None]


def test_testnet_and_regtest_have_one_base58() -> None:
    for _, text in BASE58[3:]:
        assert read_address(text, "BTC", "regtest") == text
        assert read_address(text, "BTC", "mainnet") is None


@pytest.mark.parametrize("text", ETHEREUM)
@pytest.mark.parametrize("coin", ["ETH", "USDT", "USDC"])
def test_ethereum_is_written_with_its_checksum(text: str, coin: str) -> None:
    ways = (text, text.lower(), "0x" + text[2:].upper())
    assert {read_address(way, coin, network) for way in ways for network in NETWORKS} == {text}


@pytest.mark.parametrize("text", NOT_ETHEREUM)
def test_what_is_no_address_of_ethereum(text: str) -> None:
    assert read_address(text, "ETH", "mainnet") is None


def test_addresses_of_another_coin_are_refused() -> None:
    assert all(read_address(text, "BTC", network) is None for text in ETHEREUM for network in NETWORKS)
    for coin in set(COINS) - {"BTC"}:
        assert all(read_address(text, coin, network) is None for network, text in SEGWIT + BASE58)
    assert read_address(ETHEREUM[0], "DOGE", "mainnet") is None


@given(st.sampled_from(NETWORKS), st.integers(0, 16), st.binary(min_size=2, max_size=40), st.booleans())
def test_only_versions_in_use_with_their_own_checksum(
    network: str, version: int, program: bytes, is_bech32m: bool
) -> None:
    mark = BECH32_M_CONST if is_bech32m else BECH32_1_CONST
    values = [version, *convertbits(program, 8, 5)]
    text = bech32_encode(PREFIXES[network], values, m=mark).decode()
    is_good = (not is_bech32m and version == 0 and len(program) in (20, 32)) or (
        is_bech32m and version == 1 and len(program) == 32
    )
    assert read_address(text, "BTC", network) == (text if is_good else None)


@given(st.sampled_from(NETWORKS), st.sampled_from([20, 32]), st.booleans(), st.data())
def test_each_checksum_is_of_its_version(
    network: str, size: int, is_taproot: bool, data: st.DataObject
) -> None:
    program = data.draw(
        st.binary(min_size=32, max_size=32) if is_taproot else st.binary(min_size=size, max_size=size)
    )
    values = [int(is_taproot), *convertbits(program, 8, 5)]
    right, wrong = (
        bech32_encode(PREFIXES[network], values, m=mark).decode()
        for mark in ((BECH32_M_CONST, BECH32_1_CONST) if is_taproot else (BECH32_1_CONST, BECH32_M_CONST))
    )
    assert read_address(right, "BTC", network) == right
    assert read_address(wrong, "BTC", network) is None


@given(st.integers(0, 255), st.binary(min_size=19, max_size=21))
def test_base58_is_of_its_network_and_size(version: int, program: bytes) -> None:
    text = b58encode_check(bytes([version]) + program).decode()
    for network in NETWORKS:
        versions = {0x00, 0x05} if network == "mainnet" else {0x6F, 0xC4}
        is_good = version in versions and len(program) == 20
        assert read_address(text, "BTC", network) == (text if is_good else None)


@given(st.sampled_from(SEGWIT + BASE58), st.data())
def test_one_wrong_letter_is_found(good: tuple[str, str], data: st.DataObject) -> None:
    network, text = good
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("023456789acdefghjklmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"))
    found = read_address(text[:place] + letter + text[place + 1 :], "BTC", network)
    assert found is None or found == read_address(text, "BTC", network)


@given(st.sampled_from(ETHEREUM[4:]), st.integers(2, 41))
def test_a_letter_of_the_wrong_size_is_found(text: str, place: int) -> None:
    written = text[:place] + text[place].swapcase() + text[place + 1 :]
    assert read_address(written, "ETH", "mainnet") == (text if written == text else None)


@given(st.text(max_size=100), st.sampled_from(sorted(COINS)), st.sampled_from(NETWORKS))
def test_any_text_has_an_answer_and_an_address_is_its_own_writing(text: str, coin: str, network: str) -> None:
    found = read_address(text, coin, network)
    assert found is None or read_address(found, coin, network) == found
