"""What is not sent comes back to the wallet, once."""

import pytest
import trio

from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import balances, held, payout
from wallet_worker.rules.withdrawal import WithdrawalEnded, WithdrawalStatus
from wallet_worker.store.book_payout import book_payout
from wallet_worker.store.outside_payments import NoSuchWithdrawal
from wallet_worker.store.release_held import release_held


async def test_a_release_gives_the_money_back_once(house: House) -> None:
    number = await held(house)
    first = await release_held(house.database, number, "cancelled", LINK)
    assert await release_held(house.database, number, "for another reason", LINK) == first
    assert await house.wallet(0) == PURSE
    assert "pending_withdrawal" not in await balances(house)
    (row,) = await house.rows("SELECT status, completed_at IS NOT NULL AS is_over FROM outside_payment")
    assert list(row.values()) == ["released", True]
    await house.assert_sound()


async def test_what_was_paid_or_never_held_is_not_released(house: House) -> None:
    number = await held(house)
    await book_payout(house.database, number, payout(), LINK)
    with pytest.raises(WithdrawalEnded) as ended:
        await release_held(house.database, number, "cancelled", LINK)
    assert ended.value.status is WithdrawalStatus.PAID
    with pytest.raises(NoSuchWithdrawal):
        await release_held(house.database, number + 1, "cancelled", LINK)
    assert await house.wallet(0) == PURSE - 30_001


async def test_of_a_release_and_a_payment_at_once_one_wins(house: House) -> None:
    number = await held(house)
    outcomes = []

    async def release() -> None:
        try:
            await release_held(house.database, number, "cancelled", LINK)
            outcomes.append("released")
        except WithdrawalEnded as ended:
            outcomes.append(f"not released: {ended.status.value}")

    async def pay() -> None:
        try:
            await book_payout(house.database, number, payout(), LINK)
            outcomes.append("paid")
        except WithdrawalEnded as ended:
            outcomes.append(f"not paid: {ended.status.value}")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(release)
        nursery.start_soon(pay)
    assert sorted(outcomes) in (["not released: paid", "paid"], ["not paid: released", "released"])
    assert await house.wallet(0) == (PURSE if "released" in outcomes else PURSE - 30_001)
    await house.assert_sound()
