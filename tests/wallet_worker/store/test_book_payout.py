"""Coins that were sent are booked once, against the amount that was held for them."""

import pytest
import trio
from attrs import evolve

from cardroom.service.postgres import PostgresRefused
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import BTC, balances, held, payout, tx_hash
from wallet_worker.rules.withdrawal import PayoutDiffers, WithdrawalEnded, WithdrawalStatus
from wallet_worker.store.book_payout import book_payout
from wallet_worker.store.house_transfer import KeyReused
from wallet_worker.store.outside_payments import NoSuchWithdrawal
from wallet_worker.store.release_held import release_held


async def test_what_was_sent_leaves_the_house_and_the_rest_of_the_rounding_stays(house: House) -> None:
    number = await held(house)
    answer = await book_payout(house.database, number, payout(), LINK)
    found = await balances(house)
    assert (found["withdrawal_clearing"], found["rounding"]) == (30_000, 1)
    assert "pending_withdrawal" not in found
    row = (
        await house.rows("SELECT status, coin_amount::text, coin_scale, rate, tx_hash FROM outside_payment")
    )[0]
    assert list(row.values()) == ["paid", "20000", 8, BTC.krw_per_coin, tx_hash(1)]
    steps = await house.rows("SELECT step FROM payment_transfer ORDER BY transfer_id")
    assert [step["step"] for step in steps] == ["held", "paid", "rounding"]
    assert await book_payout(house.database, number, payout(), LINK) == answer
    await house.assert_sound()


async def test_an_amount_without_a_rest_is_one_transfer(house: House) -> None:
    number = await held(house, 30_000)
    await book_payout(house.database, number, payout(30_000), LINK)
    assert "rounding" not in await balances(house)
    assert await house.number("SELECT count(*) FROM payment_transfer") == 2


async def test_another_amount_than_was_held_is_refused(house: House) -> None:
    number = await held(house)
    for wrong in (-1, 1, -20_000):
        sent = evolve(payout(), coin_amount=payout().coin_amount + wrong)
        with pytest.raises(PayoutDiffers):
            await book_payout(house.database, number, sent, LINK)
    assert (await balances(house))["pending_withdrawal"] == 30_001


async def test_one_transaction_of_the_chain_pays_one_withdrawal(house: House) -> None:
    first, second = await held(house), await held(house, key="w2")
    await book_payout(house.database, first, payout(), LINK)
    with pytest.raises(KeyReused):
        await book_payout(house.database, second, payout(), LINK)
    with pytest.raises(WithdrawalEnded) as ended:
        await book_payout(house.database, first, payout(number=2), LINK)
    assert ended.value.status is WithdrawalStatus.PAID
    assert (await balances(house))["pending_withdrawal"] == 30_001
    await house.assert_sound()


async def test_what_was_released_or_never_held_is_not_paid(house: House) -> None:
    number = await held(house)
    await release_held(house.database, number, "cancelled", LINK)
    with pytest.raises(WithdrawalEnded) as ended:
        await book_payout(house.database, number, payout(), LINK)
    assert ended.value.status is WithdrawalStatus.RELEASED
    with pytest.raises(NoSuchWithdrawal):
        await book_payout(house.database, number + 1, payout(), LINK)
    assert await house.wallet(0) == PURSE


async def test_two_who_book_one_payment_at_once_book_it_once(house: House) -> None:
    number = await held(house)
    answers = []

    async def pay() -> None:
        answers.append(await book_payout(house.database, number, payout(), LINK))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(pay)
    assert answers == [answers[0]] * 3
    assert (await balances(house))["withdrawal_clearing"] == 30_000
    await house.assert_sound()


@pytest.mark.parametrize("end", ["released", "paid"])
async def test_the_database_lets_no_ended_withdrawal_begin_again(house: House, end: str) -> None:
    number = await held(house)
    if end == "released":
        await release_held(house.database, number, "cancelled", LINK)
    else:
        await book_payout(house.database, number, payout(), LINK)
    for status in ("held", "released", "paid"):
        with pytest.raises(PostgresRefused) as refusal:
            async with house.database.transaction() as transaction:
                await transaction.execute("UPDATE outside_payment SET status = $1", status)
        assert refusal.value.constraint == "outside_payment_step"
