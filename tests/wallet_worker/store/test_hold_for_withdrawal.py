"""The amount of a withdrawal leaves the wallet at once, and once."""

import pytest
import trio

from cardroom.service.player_freeze import freeze_player
from cardroom.service.postgres import Postgres, PostgresRefused
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import balances, wish
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.store.freezes import HouseFreeze, Scope, freeze_house
from wallet_worker.store.hold_for_withdrawal import hold_for_withdrawal
from wallet_worker.store.house_transfer import KeyReused


async def test_the_amount_moves_to_pending_once_per_key(house: House) -> None:
    first = await hold_for_withdrawal(house.database, wish(house.players[0]), LINK)
    assert await hold_for_withdrawal(house.database, wish(house.players[0]), LINK) == first
    assert await house.wallet(0) == PURSE - 30_001
    assert (await balances(house))["pending_withdrawal"] == 30_001
    (row,) = await house.rows("SELECT status, krw_amount, completed_at, tx_hash FROM outside_payment")
    assert list(row.values()) == ["held", 30_001, None, None]
    await house.assert_sound()


async def test_another_amount_under_the_key_is_refused_and_keys_are_each_players_own(house: House) -> None:
    await hold_for_withdrawal(house.database, wish(house.players[0]), LINK)
    with pytest.raises(KeyReused):
        await hold_for_withdrawal(house.database, wish(house.players[0], 30_002), LINK)
    await hold_for_withdrawal(house.database, wish(house.players[1]), LINK)
    assert await house.wallet(1) == PURSE - 30_001


@pytest.mark.parametrize(
    ("amount", "denial"),
    [
        (9_999, Denial.AMOUNT_TOO_SMALL),
        (-1, Denial.AMOUNT_TOO_SMALL),
        (10**15 + 1, Denial.AMOUNT_TOO_LARGE),
        (PURSE + 1, Denial.INSUFFICIENT_FUNDS),
    ],
)
async def test_what_is_denied_moves_nothing_and_leaves_the_key_free(
    house: House, amount: int, denial: Denial
) -> None:
    with pytest.raises(Denied) as denied:
        await hold_for_withdrawal(house.database, wish(house.players[0], amount), LINK)
    assert denied.value.denial is denial
    assert await house.wallet(0) == PURSE
    await hold_for_withdrawal(house.database, wish(house.players[0], 10_000), LINK)
    await house.assert_sound()


async def test_who_is_frozen_takes_nothing_out(house: House) -> None:
    async with house.database.transaction() as transaction:
        await freeze_player(transaction, house.players[0], is_frozen=True)
    with pytest.raises(Denied) as denied:
        await hold_for_withdrawal(house.database, wish(house.players[0]), LINK)
    assert denied.value.denial is Denial.FROZEN
    await hold_for_withdrawal(house.database, wish(house.players[1]), LINK)
    async with house.database.transaction() as transaction:
        await freeze_house(transaction, HouseFreeze(Scope.EVERYTHING, "kim", "breach"), LINK)
    with pytest.raises(Denied):
        await hold_for_withdrawal(house.database, wish(house.players[2]), LINK)


async def test_two_withdrawals_at_once_never_take_more_than_there_is(house: House) -> None:
    outcomes = []

    async def ask(key: str) -> None:
        try:
            await hold_for_withdrawal(house.database, wish(house.players[0], 60_000, key), LINK)
            outcomes.append("held")
        except Denied as denied:
            outcomes.append(denied.denial.name)

    async with trio.open_nursery() as nursery:
        for key in ("a", "b", "c"):
            nursery.start_soon(ask, key)
    assert sorted(outcomes) == ["INSUFFICIENT_FUNDS", "INSUFFICIENT_FUNDS", "held"]
    assert await house.wallet(0) == PURSE - 60_000
    await house.assert_sound()


async def test_a_withdrawal_that_begins_paid_is_refused_by_the_database(
    house: House, database: Postgres
) -> None:
    skipped = f"""INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, coin_amount,
        coin_scale, rate, tx_hash, status, completed_at)
        VALUES ('withdrawal', {house.players[0]}, 'BTC', 'x', 1, 1, 8, 1, repeat('a', 64), 'paid', now())"""
    with pytest.raises(PostgresRefused) as refusal:
        async with database.transaction() as transaction:
            await transaction.execute(skipped)
    assert refusal.value.constraint == "outside_payment_step"
