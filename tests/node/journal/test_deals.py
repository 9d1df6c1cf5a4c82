"""A deal in the journal: its bytes, and that a change of its classes is noticed."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardroom.wire.codec import Malformed
from node.journal.deals import DealEntry, deal_codec
from node.journal.fields import FORM_NUMBER
from node.rules.blinds import HandRules
from tests.node.journal.written import DEAL, deals, fingerprint

CODEC = deal_codec()
GOLDEN = bytes.fromhex(
    "98c4100000000000000000000000000000000508c41000000000000000000000000000000004cf0000018bcfe5680098cd03e8"
    "cd07d0ccc801c392cd01f4cd177092ccfacd07d0c39700c001929201ce00015f909200ce0001388092930100ccc8930102cd07"
    "d0910491059292010c92000bc4067365616c6564"
)
GROW = "a class of the journal has changed: FORM_NUMBER must grow, and this test with it"


def test_golden_bytes_of_a_deal() -> None:
    assert FORM_NUMBER == b"2"
    assert CODEC.encode(DEAL) == GOLDEN, GROW
    assert CODEC.decode(GOLDEN) == DEAL, GROW
    assert fingerprint(DealEntry) == "5345d0a89196725f", GROW


def test_no_representation_shows_the_sealed_deck() -> None:
    assert "sealed" not in repr(DEAL)


@given(deal=deals())
def test_every_deal_comes_back(deal: DealEntry) -> None:
    assert CODEC.decode(CODEC.encode(deal)) == deal


@given(place=st.integers(0, len(GOLDEN) - 1), value=st.integers(0, 255))
def test_an_altered_deal_can_be_read_or_is_malformed(place: int, value: int) -> None:
    altered = GOLDEN[:place] + bytes([value]) + GOLDEN[place + 1 :]
    try:
        deal = CODEC.decode(altered)
    except (Malformed, AssertionError):  # a stake that cannot be asserts: the journal's reader expects it
        return
    assert CODEC.decode(CODEC.encode(deal)) == deal  # another one, or the same in another spelling


@pytest.mark.parametrize("place", range(8))
def test_a_field_more_or_less_is_malformed(place: int) -> None:
    fields: list[Any] = msgpack.unpackb(GOLDEN)
    for wrong in ([*fields[:place], *fields[place + 1 :]], [*fields[:place], None, *fields[place:]]):
        with pytest.raises(Malformed):
            CODEC.decode(msgpack.packb(wrong))


def test_a_stake_is_part_of_the_deal() -> None:
    """A hand goes on by the rules that it was dealt under, whatever the stakes file has become."""
    assert {one.name for one in DealEntry.__attrs_attrs__} >= {"rules", "deal"}
    assert isinstance(CODEC.decode(GOLDEN).rules, HandRules)
