"""Addresses, payments, payouts and balances, over restarts."""

from pathlib import Path

import pytest

from cardroom.local.payments.chain import NoSuchTransaction
from cardroom.local.payments.sandbox import NotPossible, PayoutDiffers, PayoutState, Sandbox, TooLittle
from tests.cardroom.local.payments.world import Clock, open_sandbox


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock) -> Sandbox:
    return open_sandbox(tmp_path, clock)


def state_of(sandbox: Sandbox, external_id: str) -> PayoutState | None:
    found = sandbox.find_payout(external_id)
    return None if found is None else found.state


def test_an_address_for_each_player_and_coin_the_same_ever_after(sandbox: Sandbox) -> None:
    assert sandbox.give_address("btc", "7") == sandbox.give_address("btc", "7")
    assert sandbox.give_address("eth", "7") != sandbox.give_address("usdt", "7")
    assert sandbox.make_wallet("eth") != sandbox.make_wallet("eth")


def test_a_payment_is_seen_at_once_and_confirmed_block_by_block(sandbox: Sandbox, clock: Clock) -> None:
    address = sandbox.give_address("eth", "7")
    paid = sandbox.pay("eth", address.upper().replace("0X", "0x"), "1.5", "me")
    assert paid.amount == "1.500000000000000000"
    seen = sandbox.find_payment("eth", paid.tx_hash, paid.output_index)
    assert seen is not None
    counts = []
    for _ in range(3):
        counts.append(seen.confirmations(sandbox.tip))
        clock.blocks(1)
    assert counts == [0, 1, 2]
    assert [one.tx_hash for one in sandbox.payments_to(address)] == [paid.tx_hash]


@pytest.mark.parametrize(("address", "amount"), [("0x12", "1"), ("", "1"), (None, "0"), (None, "1.0000001")])
def test_what_nobody_can_pay(sandbox: Sandbox, address: str | None, amount: str) -> None:
    to = sandbox.make_wallet("usdt") if address is None else address
    with pytest.raises(NotPossible):
        sandbox.pay("usdt", to, amount, "me")
    with pytest.raises(NotPossible):
        sandbox.order_payout("w1-1", "usdt", to, amount, fails=False)


def rich(sandbox: Sandbox, clock: Clock) -> str:
    """Let the gateway have a coin of ETH, and give an address to pay to."""
    sandbox.pay("eth", sandbox.give_address("eth", "7"), "1", "me")
    sandbox.pay("eth", sandbox.make_wallet("eth"), "100", "me")
    clock.blocks(1)
    return sandbox.make_wallet("eth")


def test_a_payout_is_taken_once_and_sent_two_blocks_later(sandbox: Sandbox, clock: Clock) -> None:
    to = rich(sandbox, clock)
    order = sandbox.order_payout("w1-1", "eth", to, "0.25", fails=False)
    assert sandbox.order_payout("w1-1", "eth", to, "0.250", fails=True) == order
    assert list(sandbox.payments_to(to)) == []
    assert sandbox.balances()["eth"] == "1.000000000000000000"
    clock.blocks(2)
    assert state_of(sandbox, "w1-1") is PayoutState.UNDER_WAY
    clock.blocks(1)
    found = sandbox.find_payout("w1-1")
    assert found is not None
    assert (found.state, found.tx_hash) == (PayoutState.PAID, order.tx_hash)
    assert [one.amount for one in sandbox.payments_to(to)] == ["0.250000000000000000"]
    assert sandbox.balances()["eth"] == "0.750000000000000000"


def test_another_payout_under_the_same_number_is_refused(sandbox: Sandbox, clock: Clock) -> None:
    to = rich(sandbox, clock)
    sandbox.order_payout("w1-1", "eth", to, "0.25", fails=False)
    with pytest.raises(PayoutDiffers):
        sandbox.order_payout("w1-1", "eth", to, "0.26", fails=False)
    assert state_of(sandbox, "w1-2") is None


def test_what_is_under_way_cannot_be_sent_twice(sandbox: Sandbox, clock: Clock) -> None:
    to = rich(sandbox, clock)
    sandbox.order_payout("w1-1", "eth", to, "0.7", fails=False)
    with pytest.raises(TooLittle):
        sandbox.order_payout("w2-1", "eth", to, "0.7", fails=False)
    assert state_of(sandbox, "w2-1") is None


def test_a_payout_that_fails_costs_nothing(sandbox: Sandbox, clock: Clock) -> None:
    to = rich(sandbox, clock)
    sandbox.order_payout("w1-1", "eth", to, "0.7", fails=True)
    clock.blocks(3)
    assert state_of(sandbox, "w1-1") is PayoutState.FAILED
    assert sandbox.balances()["eth"] == "1.000000000000000000"
    assert list(sandbox.payments_to(to)) == []


def test_a_start_knows_all_of_the_one_before(sandbox: Sandbox, clock: Clock, tmp_path: Path) -> None:
    to = rich(sandbox, clock)
    sandbox.order_payout("w1-1", "eth", to, "0.25", fails=False)
    sandbox.order_payout("w2-1", "eth", to, "0.25", fails=True)
    address, tip = sandbox.give_address("eth", "7"), sandbox.tip
    again = open_sandbox(tmp_path, clock, block_ms=50)
    assert (again.give_address("eth", "7"), again.tip, again.block_ms) == (address, tip, 50)
    clock.unix_ms += 150
    assert [state_of(again, one) for one in ("w1-1", "w2-1")] == [PayoutState.PAID, PayoutState.FAILED]
    assert again.order_payout("w1-1", "eth", to, "0.25", fails=False).task_id
    assert again.balances()["eth"] == "0.750000000000000000"


def test_a_transaction_moves_or_is_dropped(sandbox: Sandbox, clock: Clock) -> None:
    address = sandbox.give_address("btc", "7")
    paid = sandbox.pay("btc", address, "0.5", "me")
    clock.blocks(5)
    sandbox.reorganise(paid.tx_hash, 1)
    assert [one.confirmations(sandbox.tip) for one in sandbox.payments_to(address)] == [0]
    assert sandbox.mine(2) == 7
    assert [one.confirmations(sandbox.tip) for one in sandbox.payments_to(address)] == [1]
    sandbox.reorganise(paid.tx_hash.upper(), None)
    assert list(sandbox.payments_to(address)) == []
    assert sandbox.find_payment("btc", paid.tx_hash, paid.output_index) is None


def test_what_cannot_be_reorganised(sandbox: Sandbox, clock: Clock) -> None:
    order = sandbox.order_payout("w1-1", "eth", rich(sandbox, clock), "0.25", fails=False)
    for tx_hash in (order.tx_hash, "ab"):
        with pytest.raises(NoSuchTransaction):
            sandbox.reorganise(tx_hash, None)


def test_what_must_be_told(sandbox: Sandbox, clock: Clock, tmp_path: Path) -> None:
    sandbox.pay("btc", sandbox.make_wallet("btc"), "1", "me")
    paid = sandbox.pay("btc", sandbox.give_address("btc", "7"), "1", "me")
    assert [one.key for one in sandbox.untold()] == [paid.key]
    assert [one.key for one in open_sandbox(tmp_path, clock).untold()] == [paid.key]
    sandbox.note_told(paid)
    sandbox.note_told(paid)
    assert sandbox.untold() == open_sandbox(tmp_path, clock).untold() == []
    sandbox.reorganise(paid.tx_hash, None)
    assert [one.height for one in sandbox.untold()] == [None]
