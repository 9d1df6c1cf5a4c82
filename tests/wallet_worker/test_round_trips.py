"""Coins in and out again through the ledger at the desk's own rates: nobody has more than before."""

from random import Random

import pytest
from attrs import evolve

from cardroom.money import Krw
from cardroom.service.redis import Redis
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import balances, deposit, tx_hash, wish
from tests.wallet_worker.rate_room import RateRoom, open_rate_room
from wallet_worker.rates.port import RateSide
from wallet_worker.rules.coins import COINS, coins_for
from wallet_worker.rules.prices import coins_worth
from wallet_worker.rules.withdrawal import Payout
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.book_payout import book_payout
from wallet_worker.store.coin_rates import note_used
from wallet_worker.store.hold_for_withdrawal import hold_for_withdrawal

PRICES = {"BTC": "142350000.7", "ETH": "5000000.5", "USDT": "1450.99", "USDC": "1451.01"}


async def come_in(house: House, room: RateRoom, coin: str, coin_amount: int, number: int) -> int:
    """Let the first player deposit coins; gives the won that were credited."""
    now = await room.rates.current(coin, RateSide.DEPOSIT)
    facts = deposit(house.players[0], coin_amount, number, coin=coin, rate=now.rate)
    answer = await book_deposit(house.database, facts, LINK)
    async with house.database.transaction() as transaction:
        await note_used(transaction, now)
    return int(answer["krw_amount"])


async def go_out(house: House, room: RateRoom, coin: str, amount: int, number: int) -> int:
    """Let the first player withdraw won; gives the coins that were sent."""
    now = await room.rates.current(coin, RateSide.WITHDRAWAL)
    asked = evolve(wish(house.players[0], amount, f"w{number}"), coin=coin)
    held = await hold_for_withdrawal(house.database, asked, LINK)
    sent = coins_for(Krw(amount), now.rate)
    await book_payout(house.database, held["withdrawal"], Payout(sent, tx_hash(number), now.rate), LINK)
    return sent


@pytest.mark.parametrize("seed", [1, 2])
async def test_coins_that_come_in_and_go_out_are_not_more(house: House, redis: Redis, seed: int) -> None:
    random = Random(seed)
    async with open_rate_room(house.database, redis) as room:
        room.sources.coingecko |= PRICES
        for number, coin in enumerate(list(COINS) * 3):
            rate = (await room.rates.current(coin, RateSide.DEPOSIT)).rate
            coins = coins_worth(Krw(random.randrange(20_000, 5_000_000)), rate) + random.randrange(1000)
            credited = await come_in(house, room, coin, coins, number)
            sent = await go_out(house, room, coin, credited, number + 1000)
            assert await house.wallet(0) == PURSE, "what came in has gone out, to the won"
            assert sent <= coins
    found = await balances(house)
    assert found.get("rounding", 0) >= 0
    await house.assert_sound()
