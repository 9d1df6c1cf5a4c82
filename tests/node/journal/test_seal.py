"""A sealed deck: whoever reads Redis learns no card, and nothing but the very same seal opens."""

from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import HandId
from cardroom.service.settings import Secret
from node.journal.seal import DeckSeal, SealBroken
from node.rules.cards import FULL_DECK

SEAL = DeckSeal(Secret("a key of the tests"))
HAND = HandId(UUID(int=7))
DECK = bytes(FULL_DECK)
OVERHEAD = 12 + 16
"""Nonce and tag."""


@given(deck=st.binary(max_size=2_000))
def test_what_was_sealed_comes_back(deck: bytes) -> None:
    assert SEAL.open(HAND, SEAL.close(HAND, deck)) == deck


def test_another_start_with_the_same_key_opens_it() -> None:
    assert DeckSeal(Secret("a key of the tests")).open(HAND, SEAL.close(HAND, DECK)) == DECK


def test_another_key_does_not_open_it() -> None:
    for key in ("a key of the tests ", "A key of the tests", ""):
        with pytest.raises(SealBroken):
            DeckSeal(Secret(key)).open(HAND, SEAL.close(HAND, DECK))


def test_another_hand_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        SEAL.open(HandId(UUID(int=8)), SEAL.close(HAND, DECK))


def test_every_changed_bit_is_noticed() -> None:
    sealed = SEAL.close(HAND, DECK)
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(SealBroken):
                SEAL.open(HAND, bytes(changed))


def test_a_piece_of_it_does_not_open() -> None:
    sealed = SEAL.close(HAND, DECK)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            SEAL.open(HAND, sealed[:length])
    with pytest.raises(SealBroken):
        SEAL.open(HAND, sealed + b"\0")


@given(garbage=st.binary(max_size=200))
def test_garbage_is_a_broken_seal_and_nothing_else(garbage: bytes) -> None:
    with pytest.raises(SealBroken):
        SEAL.open(HAND, garbage)


def test_what_is_wrong_with_a_seal_tells_no_card_and_no_key() -> None:
    with pytest.raises(SealBroken) as broken:
        SEAL.open(HAND, DECK)
    assert str(broken.value) == f"the deck of hand {HAND} does not open"
    assert broken.value.__cause__ is None


def test_a_nonce_is_never_used_twice() -> None:
    sealed = [SEAL.close(HAND, DECK) for _ in range(5_000)]
    assert len({one[:12] for one in sealed}) == len(sealed)
    assert len({one[12:] for one in sealed}) == len(sealed), "the same deck looks different each time"


def test_no_card_can_be_read_in_the_sealed_bytes() -> None:
    """Over many decks each byte of the text is any value equally, whatever card stands at its place."""
    draw, met = Random(1), [[0] * 256 for _ in range(52)]
    rounds = 4_000
    for _ in range(rounds):
        deck = bytes(draw.sample(FULL_DECK, 52))
        sealed = SEAL.close(HandId(uuid4()), deck)
        assert len(sealed) == len(deck) + OVERHEAD
        assert not any(deck[place : place + 4] in sealed for place in range(49))
        for place, value in enumerate(sealed[12 : 12 + 52]):
            met[place][value ^ deck[place]] += 1  # a key stream that repeats would stand out here
    expected = rounds / 256
    for counts in met:
        deviation = sum((count - expected) ** 2 / expected for count in counts)
        assert deviation < 400, "chi-squared with 255 degrees of freedom: above 400 once in ten million"
