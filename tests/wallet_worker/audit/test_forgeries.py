"""Forgeries by somebody who may do anything in the database: each is found, and named."""

import pytest

from cardroom.money import Krw
from tests.wallet_worker.forger import give
from tests.wallet_worker.house import LINK, House, hand_of, leave
from tests.wallet_worker.outside import deposit, held, payout, tx_hash
from wallet_worker.store.adjustments import Decision, Proposal, approve, propose
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.book_payout import book_payout
from wallet_worker.store.release_held import release_held

_SWAP = """
UPDATE entry SET amount = other.amount FROM entry AS other
WHERE entry.account_id <> other.account_id AND entry.transfer_id = other.transfer_id
  AND entry.transfer_id = (SELECT id FROM transfer WHERE kind = 'hand' ORDER BY id LIMIT 1)
  AND entry.account_id IN (SELECT id FROM account WHERE kind = 'escrow')
  AND other.account_id IN (SELECT id FROM account WHERE kind = 'escrow')
"""
_LAST = "(SELECT max(id) FROM transfer)"
_CHAIN = "the chain of batches is whole"


async def played(house: House) -> House:
    await house.seat(0, 1000, 1000)
    await house.seat(1, 500)
    first = hand_of(house.tables[0], [(house.players[0], 0, -100), (house.players[1], 1, 90)])
    await house.ask(first)
    await house.ask(hand_of(house.tables[0], [(house.players[0], 0, 30), (house.players[1], 1, -31)], first))
    await house.ask(leave(house.players[0], house.tables[0], 0, 930))
    return house


async def faults_after(house: House, *forgery: str) -> dict[str, str]:
    await played(house)
    await house.assert_sound()
    await house.change(*forgery)
    report = await house.verify()
    assert not report.is_sound
    assert report.as_document()["ok"] is False
    assert any(line.startswith("broken") for line in report.as_lines())
    return {check.name: " ".join(check.faults) for check in report.checks if check.faults}


@pytest.mark.parametrize(
    ("forgery", "check", "words"),
    [
        (f"UPDATE entry SET amount = amount + 1 WHERE transfer_id = {_LAST} AND amount > 0", _CHAIN, "batch"),
        (
            f"DELETE FROM entry WHERE transfer_id = {_LAST} AND amount > 0",
            "transfers sum to zero",
            "transfer",
        ),
        (f"DELETE FROM entry WHERE transfer_id = {_LAST}", "transfers have entries", "has no entries"),
        (
            "INSERT INTO entry SELECT transfer_id, account_id + 1000, 5, 5, 1, booked_at FROM entry LIMIT 1",
            "transfers sum to zero",
            "sums to 5",
        ),
        (_SWAP, _CHAIN, "is not what was sealed"),
        (
            "UPDATE account SET balance = balance + 1 WHERE kind = 'rake'",
            "balances are the sum of their entries",
            "account",
        ),
        (
            "UPDATE account SET version = version + 1 WHERE kind = 'rake'",
            "versions count the entries",
            "account",
        ),
        ("UPDATE hand_result SET net = -net", "hands moved what their results say", "hand"),
        ("UPDATE hand_result SET seat = 5", _CHAIN, "is not what was sealed"),
        ("UPDATE hand SET record = 'other'", "records are what was settled", "has another record"),
        ("UPDATE hand SET rake = 11 WHERE hand_no = 1", "contributed rake sums to the rake", "has rake 11"),
        ("DELETE FROM hand WHERE hand_no = 1", "hands of a table follow each other", "hand 2 of table"),
        (
            "UPDATE game_table SET last_hand_no = 7 WHERE last_hand_no > 0",
            "tables know their last hand",
            "hand 7",
        ),
        ("DELETE FROM batch WHERE number = 2", _CHAIN, "batch 2"),
        ("DELETE FROM batch WHERE number = (SELECT max(number) FROM batch)", _CHAIN, "batch"),
        ("UPDATE batch SET digest = mac WHERE number = 2 AND shard >= 0", _CHAIN, "batch 2"),
        ("UPDATE shard SET last_batch = 0, chain_mac = NULL", _CHAIN, "should end"),
        ("UPDATE transfer SET reason = 'another' WHERE kind = 'promotion'", _CHAIN, "batch 1 of shard -1"),
        ("UPDATE transfer SET booked_at = booked_at - interval '1 day'", _CHAIN, "batch 1"),
    ],
)
async def test_a_forgery_is_found_and_named(house: House, forgery: str, check: str, words: str) -> None:
    found = await faults_after(house, forgery)
    assert check in found, found
    assert words in found[check]


async def test_wallets_that_change_owners_are_found(house: House) -> None:
    """All sums stay right: only the chain knows whose an account was."""
    three, four = house.players[2:]
    found = await faults_after(
        house,
        f"UPDATE account SET user_id = -1 WHERE user_id = {three}",
        f"UPDATE account SET user_id = {three} WHERE user_id = {four}",
        f"UPDATE account SET user_id = {four} WHERE user_id = -1",
    )
    assert set(found) == {_CHAIN}


@pytest.mark.parametrize("beyond", [1, 5000])
async def test_a_batch_beyond_the_end_of_its_chain_is_found(house: House, beyond: int) -> None:
    """The worker's role can write it; so far behind the end that no walk along the chain comes there."""
    await played(house)
    await give(house, house.database, house.shard, beyond + 5)
    (fault,) = [
        one.faults for one in (await house.verify()).checks if one.name == "every batch stands in its chain"
    ]
    assert fault == (f"batch {beyond + 5} of shard {house.shard} stands behind the end of its chain",)


async def test_a_batch_of_a_shard_that_is_none_is_found(house: House) -> None:
    await played(house)
    await give(house, house.owner, 99, 1)
    (fault,) = [one.faults for one in (await house.verify()).checks if one.faults]
    assert fault == ("batch 1 of shard 99 stands behind the end of its chain",)


async def test_a_shard_that_was_taken_out_is_found(house: House) -> None:
    """Nobody walks along a chain without a head, and so could change what it holds."""
    found = await faults_after(
        house,
        f"DELETE FROM shard WHERE id = {house.shard}",
        "UPDATE transfer SET reason = 'another' WHERE shard >= 0",
    )
    assert f"of shard {house.shard} stands behind" in found["every batch stands in its chain"]


_DEPOSIT = "UPDATE outside_payment SET {} WHERE direction = 'deposit'"
_WITHDRAWAL = "UPDATE outside_payment SET {} WHERE direction = 'withdrawal' AND status = '{}'"


@pytest.fixture
async def paid(house: House) -> House:
    """Give a house with a deposit, a withdrawal of each status, and an adjustment."""
    await book_deposit(house.database, deposit(house.players[0]), LINK)
    await book_payout(house.database, await held(house, key="w1"), payout(), LINK)
    await release_held(house.database, await held(house, key="w2"), "cancelled", LINK)
    await held(house, key="w3")
    names = (f"wallet:{house.players[0]}", f"wallet:{house.players[1]}")
    async with house.database.transaction() as transaction:
        made = await propose(transaction, Proposal(*names, Krw(700), "lost hand", "kim"), 7, LINK)
    async with house.database.transaction() as transaction:
        await approve(transaction, Decision(made["adjustment"], "lee", "so it was"), LINK)
    await house.assert_sound()
    return house


@pytest.mark.parametrize(
    "forgery",
    [
        _DEPOSIT.format(f"tx_hash = '{tx_hash(9)}'"),
        _DEPOSIT.format("address = 'another'"),
        _DEPOSIT.format("output_number = 1"),
        _DEPOSIT.format("coin_amount = coin_amount + 1"),
        _DEPOSIT.format("rate = rate + 1"),
        _DEPOSIT.format("krw_amount = krw_amount + 1"),
        _DEPOSIT.format("user_id = user_id + 1"),
        _WITHDRAWAL.format("address = 'another'", "held"),
        _WITHDRAWAL.format("krw_amount = krw_amount + 1", "held"),
        _WITHDRAWAL.format("status = 'held', completed_at = NULL", "released"),
        _WITHDRAWAL.format("user_id = user_id + 1", "released"),
        _WITHDRAWAL.format(f"tx_hash = '{tx_hash(9)}'", "paid"),
        _WITHDRAWAL.format("coin = 'ETH'", "paid"),
        "DELETE FROM payment_transfer WHERE step = 'credited'",
        "DELETE FROM outside_payment WHERE direction = 'deposit'",
        "UPDATE adjustment SET decided_by = 'max'",
        "UPDATE adjustment SET proposed_by = 'max'",
        "UPDATE adjustment SET reason = 'another'",
        "UPDATE adjustment SET amount = 7",
        "DELETE FROM adjustment",
    ],
)
async def test_facts_about_outside_money_and_orders_are_sealed_too(paid: House, forgery: str) -> None:
    await paid.change(forgery)
    found = {one.name for one in (await paid.verify()).checks if one.faults}
    assert "payments and adjustments are what was sealed" in found
    assert found <= {
        "payments and adjustments are what was sealed",
        "payments have moved their money",
        "clearing accounts hold what their payments say",
    }


async def test_a_withdrawal_without_money_behind_it_is_found(paid: House) -> None:
    """The worker's role can write one; whoever sends coins would send them."""
    async with paid.database.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, status)"
            f" VALUES ('withdrawal', {paid.players[0]}, 'BTC', 'mine', 10000, 'held')"
        )
        await transaction.execute(
            "INSERT INTO payment_transfer"
            " SELECT max(id), (SELECT max(id) FROM outside_payment), 'held' FROM transfer"
        )
    (found,) = [one for one in (await paid.verify()).checks if one.faults]
    assert found.name == "payments have moved their money"
    assert found.faults == (f"user {paid.players[0]} has 30001 pending, and 40001 is held",)


async def test_a_payment_that_nobody_booked_is_found(paid: House) -> None:
    await paid.change(
        "INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, coin_amount, coin_scale,"
        " rate, tx_hash, output_number, status, completed_at)"
        " SELECT direction, user_id, coin, address, krw_amount, coin_amount, coin_scale,"
        f" rate, '{tx_hash(9)}', 0, status, now() FROM outside_payment WHERE direction = 'deposit'"
    )
    found, cleared = [one for one in (await paid.verify()).checks if one.faults]
    assert found.faults[0].endswith("is credited, and nothing moved")
    assert cleared.faults == ("account deposit_clearing:BTC holds -150000, its payments say -300000",)
