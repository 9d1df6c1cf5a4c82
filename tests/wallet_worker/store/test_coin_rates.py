"""What a coin was last converted at, and how conversion is stopped, ended and accepted."""

from decimal import Decimal

import pytest
import trio
from attrs import frozen

from cardroom.service.postgres import Postgres
from wallet_worker.rules.prices import Standing, StopReason
from wallet_worker.store.coin_rates import (
    ACCEPTED,
    Accepted,
    CoinRate,
    NotStopped,
    accept_price,
    end_stop,
    lock_coin_rate,
    note_used,
    read_coin_rate,
    read_coin_rates,
    stop_conversion,
)

EXACT = Decimal("142350000.123456789012345678")


@frozen
class Used:
    coin: str
    price: Decimal
    source: str = "upbit"


async def use(database: Postgres, coin: str, price: Decimal | int) -> None:
    async with database.transaction() as transaction:
        await note_used(transaction, Used(coin, Decimal(price)))


async def stop(database: Postgres, coin: str, reason: StopReason, price: int | None) -> bool:
    async with database.transaction() as transaction:
        return await stop_conversion(transaction, coin, reason, None if price is None else Decimal(price))


async def accept(database: Postgres, coin: str, price: int | None = None) -> Accepted:
    async with database.transaction() as transaction:
        return await accept_price(transaction, coin, None if price is None else Decimal(price))


async def test_the_last_price_used_is_kept_to_the_last_digit(database: Postgres) -> None:
    assert await read_coin_rate(database, "BTC") == CoinRate("BTC")
    await use(database, "BTC", 140_000_000)
    await use(database, "BTC", EXACT)
    found = await read_coin_rate(database, "BTC")
    assert (found.price, found.source, found.stop) == (EXACT, "upbit", None)
    assert found.used_at is not None
    assert found.standing == Standing(EXACT, None)
    assert await read_coin_rates(database) == {"BTC": found}


async def test_what_is_converted_in_a_transaction_that_fails_was_not(database: Postgres) -> None:
    async def convert() -> None:
        async with database.transaction() as transaction:
            await note_used(transaction, Used("BTC", EXACT))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await convert()
    assert (await read_coin_rate(database, "BTC")).price is None


async def test_the_first_stop_stands_and_a_jump_takes_a_disagreements_place(database: Postgres) -> None:
    assert await stop(database, "BTC", StopReason.DISAGREEMENT, 100)
    first = await read_coin_rate(database, "BTC")
    assert not await stop(database, "BTC", StopReason.DISAGREEMENT, 101)
    assert await read_coin_rate(database, "BTC") == first
    assert await stop(database, "BTC", StopReason.JUMP, 130)
    jump = await read_coin_rate(database, "BTC")
    assert jump.stop is not None
    assert (jump.stop.reason, jump.stop.price) == (StopReason.JUMP, Decimal(130))
    assert not await stop(database, "BTC", StopReason.DISAGREEMENT, 99)
    assert await read_coin_rate(database, "BTC") == jump
    await use(database, "BTC", 5)
    assert (await read_coin_rate(database, "BTC")).stop == jump.stop


async def test_a_stop_ends_with_the_last_price_as_it_was(database: Postgres) -> None:
    await use(database, "BTC", 100)
    await stop(database, "BTC", StopReason.DISAGREEMENT, None)
    async with database.transaction() as transaction:
        assert (await lock_coin_rate(transaction, "BTC")).stop is not None
        await end_stop(transaction, "BTC")
    assert (await read_coin_rate(database, "BTC")).standing == Standing(Decimal(100), None)


async def test_an_accepted_price_is_as_if_it_had_been_used(database: Postgres) -> None:
    for coin in ("BTC", "ETH"):
        with pytest.raises(NotStopped):
            await accept(database, coin)
    await use(database, "BTC", 100)
    await stop(database, "BTC", StopReason.JUMP, 130)
    assert await accept(database, "BTC") == Accepted(StopReason.JUMP, Decimal(130))
    found = await read_coin_rate(database, "BTC")
    assert (found.price, found.source, found.stop) == (Decimal(130), ACCEPTED, None)
    await stop(database, "BTC", StopReason.JUMP, 200)
    await accept(database, "BTC", 190)
    assert (await read_coin_rate(database, "BTC")).price == 190
    await stop(database, "ETH", StopReason.DISAGREEMENT, None)
    with pytest.raises(NotStopped):
        await accept(database, "ETH")
    await accept(database, "ETH", 7)
    assert (await read_coin_rate(database, "ETH")).standing == Standing(Decimal(7), None)


async def test_two_who_stop_at_once_stop_once(database: Postgres) -> None:
    news: list[bool] = []

    async def one() -> None:
        news.append(await stop(database, "BTC", StopReason.JUMP, 1))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(one)
    assert sorted(news) == [False, False, False, True]
