"""The deck's commitment: every card opens to it, no other card does, and an opening tells nothing else."""

import hashlib
import random
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardroom.handrecord.deck_proof import (
    CARDS,
    PATH_LENGTH,
    SALTS_BYTES,
    DeckProof,
    Opening,
    commit_deck,
    is_proved,
)
from cardroom.ids import HandId

HAND = HandId(UUID(int=7))
OTHER = HandId(UUID(int=8))


def proof(seed: int = 1, hand_id: HandId = HAND) -> DeckProof:
    draw = random.Random(seed)
    return commit_deck(hand_id, draw.sample(range(CARDS), CARDS), draw.randbytes(SALTS_BYTES))


def test_rule_47_the_root_is_that_of_the_tree_as_the_rule_writes_it() -> None:
    """Worked out once more, without the module's help."""
    made = proof()
    salts = [made.salts[16 * place : 16 * place + 16] for place in range(64)]
    cards = [*made.deck, *[255] * 12]
    level = [
        hashlib.sha256(b"\x00" + UUID(int=7).bytes + bytes([place]) + bytes([cards[place]]) + salts[place])
        for place in range(64)
    ]
    while len(level) > 1:
        level = [
            hashlib.sha256(b"\x01" + level[place].digest() + level[place + 1].digest())
            for place in range(0, len(level), 2)
        ]
    assert made.commitment == level[0].digest()


def test_every_card_opens() -> None:
    made = proof()
    for position in range(CARDS):
        opening = made.open(position)
        assert (opening.position, opening.card) == (position, made.deck[position])
        assert len(opening.path) == PATH_LENGTH
        assert is_proved(HAND, made.commitment, opening)
        assert not is_proved(OTHER, made.commitment, opening), "a deck is of one hand"
        assert not is_proved(HAND, proof(2).commitment, opening)


@given(data=st.data())
@settings(max_examples=200)
def test_nothing_else_opens(data: st.DataObject) -> None:
    made = proof()
    opening = made.open(data.draw(st.integers(0, CARDS - 1)))
    path = list(opening.path)
    path[data.draw(st.integers(0, PATH_LENGTH - 1))] = data.draw(st.binary(min_size=31, max_size=33))
    changed = data.draw(
        st.sampled_from(
            [
                attrs.evolve(opening, card=(opening.card + data.draw(st.integers(1, 300))) % 301),
                attrs.evolve(opening, position=(opening.position + data.draw(st.integers(1, 63))) % 64),
                attrs.evolve(opening, salt=data.draw(st.binary(min_size=15, max_size=17))),
                attrs.evolve(opening, path=tuple(path)),
                attrs.evolve(opening, path=opening.path[:-1]),
                attrs.evolve(opening, path=(*opening.path, opening.path[0])),
                Opening(-1, opening.card, opening.salt, opening.path),
            ]
        )
    )
    assert changed == opening or not is_proved(HAND, made.commitment, changed)


def test_padding_is_no_card() -> None:
    made = proof()
    with pytest.raises(AssertionError, match="only cards"):
        made.open(CARDS)


def test_salts_hide_what_is_not_opened() -> None:
    """The same deck under other salts shares no hash: trying all cards at a leaf tells nothing."""
    draw = random.Random(3)
    deck = draw.sample(range(CARDS), CARDS)
    first = commit_deck(HAND, deck, draw.randbytes(SALTS_BYTES))
    second = commit_deck(HAND, deck, draw.randbytes(SALTS_BYTES))
    assert not {one for level in first.levels for one in level} & {
        one for level in second.levels for one in level
    }


@pytest.mark.parametrize("deck", [list(range(51)), [0, *range(51)], list(range(53))])
def test_half_a_deck_is_our_mistake(deck: list[int]) -> None:
    with pytest.raises(AssertionError, match="every card once"):
        commit_deck(HAND, deck, bytes(SALTS_BYTES))
