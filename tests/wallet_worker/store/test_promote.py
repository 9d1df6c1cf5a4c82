"""Gifts of the house, once per key."""

import pytest

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.player_freeze import freeze_player
from tests.wallet_worker.house import LINK, PURSE, House
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.store.house_transfer import KeyReused, NoSuchPlayer
from wallet_worker.store.promote import Promotion, promote


def gift(user: UserId, amount: int = 5, key: str = "g") -> Promotion:
    return Promotion(user, Krw(amount), "welcome", key)


async def test_a_repeat_gets_the_first_answer_also_when_the_player_is_frozen_since(house: House) -> None:
    user = house.players[0]
    first = await promote(house.database, gift(user), LINK)
    async with house.database.transaction() as transaction:
        await freeze_player(transaction, user, is_frozen=True)
    assert await promote(house.database, gift(user), LINK) == first
    with pytest.raises(Denied) as denied:
        await promote(house.database, gift(user, key="another"), LINK)
    assert denied.value.denial is Denial.FROZEN
    assert await house.wallet(0) == PURSE + 5
    await house.assert_sound()


async def test_what_is_refused_moves_nothing(house: House) -> None:
    await promote(house.database, gift(house.players[0]), LINK)
    with pytest.raises(KeyReused):
        await promote(house.database, gift(house.players[0], 6), LINK)
    with pytest.raises(NoSuchPlayer):
        await promote(house.database, gift(UserId(10**9), key="nobody"), LINK)
    assert await house.number("SELECT count(*) FROM transfer WHERE kind = 'promotion'") == 5
