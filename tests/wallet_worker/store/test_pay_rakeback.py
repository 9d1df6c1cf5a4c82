"""A week's rakeback is given once."""

from datetime import date

import pytest
import trio

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.player_freeze import freeze_player
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import balances
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.rakeback import Rakeback
from wallet_worker.store.freezes import HouseFreeze, Scope, freeze_house, unfreeze_house
from wallet_worker.store.house_transfer import KeyReused, NoSuchPlayer
from wallet_worker.store.pay_rakeback import pay_rakeback

MONDAY = date(2026, 11, 23)


def week_of(user: UserId, amount: int = 777, monday: date = MONDAY) -> Rakeback:
    return Rakeback(user, monday, Krw(amount))


async def test_each_week_is_given_once(house: House) -> None:
    user = house.players[0]
    first = await pay_rakeback(house.database, week_of(user), LINK)
    assert await pay_rakeback(house.database, week_of(user), LINK) == first
    await pay_rakeback(house.database, week_of(user, monday=date(2026, 11, 30)), LINK)
    assert await house.wallet(0) == PURSE + 2 * 777
    assert (await balances(house))["rakeback"] == -2 * 777
    with pytest.raises(KeyReused):
        await pay_rakeback(house.database, week_of(user, 778), LINK)
    await house.assert_sound()


async def test_two_jobs_at_once_give_it_once(house: House) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(pay_rakeback, house.database, week_of(house.players[0]), LINK)
    assert await house.wallet(0) == PURSE + 777


async def test_nothing_is_given_to_nobody_or_of_nothing(house: House) -> None:
    with pytest.raises(NoSuchPlayer):
        await pay_rakeback(house.database, week_of(UserId(10**9)), LINK)
    with pytest.raises(Denied):
        await pay_rakeback(house.database, week_of(house.players[0], 0), LINK)
    assert "rakeback" not in await balances(house)


async def test_a_frozen_player_gets_it_but_not_while_everything_is_frozen(house: House) -> None:
    async with house.database.transaction() as transaction:
        await freeze_player(transaction, house.players[0], is_frozen=True)
        await freeze_house(transaction, HouseFreeze(Scope.EVERYTHING, "kim", "breach"), LINK)
    with pytest.raises(Denied) as denied:
        await pay_rakeback(house.database, week_of(house.players[0]), LINK)
    assert denied.value.denial is Denial.FROZEN
    async with house.database.transaction() as transaction:
        await unfreeze_house(transaction, Scope.EVERYTHING, LINK)
    await pay_rakeback(house.database, week_of(house.players[0]), LINK)
    assert await house.wallet(0) == PURSE + 777
