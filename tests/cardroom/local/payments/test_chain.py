"""Blocks by the clock, and payments in them."""

import pytest

from cardroom.local.payments.chain import Chain, NoSuchTransaction, plain_hash
from cardroom.local.payments.facts import Moved, PaceSet, Paid


def chain_with(*outputs: int) -> Chain:
    chain = Chain()
    chain.set_pace(PaceSet(10_000, 5, 100))
    for index in outputs:
        chain.add(Paid("btc", "AB", index, "bcrt1q", "0.1", 7, "somebody"))
    return chain


def test_blocks_come_by_the_clock() -> None:
    chain = chain_with()
    assert [chain.tip(unix_ms) for unix_ms in (9_000, 10_000, 10_099, 10_100, 11_000)] == [5, 5, 5, 6, 15]


def test_confirmations_count_from_the_payments_own_block() -> None:
    payment = chain_with(0).get(("ab", 0))
    assert [payment.confirmations(tip) for tip in (5, 6, 7, 8)] == [0, 0, 1, 2]


def test_what_is_dropped_is_gone_and_what_moves_is_younger() -> None:
    chain = chain_with(0, 1)
    assert len(chain.move(Moved("0xab", 9))) == 2
    assert chain.get(("ab", 1)).confirmations(9) == 1
    chain.move(Moved("ab", None))
    assert chain.find("btc", "ab", 0) is None
    assert list(chain.all()) == []
    assert chain.get(("ab", 0)).confirmations(100) == 0


def test_what_there_is_not() -> None:
    chain = chain_with(0)
    assert chain.find("eth", "ab", 0) is chain.find("btc", "ab", 1) is None
    with pytest.raises(NoSuchTransaction):
        chain.move(Moved("cd", None))


def test_a_hash_is_written_in_two_ways() -> None:
    assert plain_hash(" 0xAB ") == plain_hash("ab") == "ab"
