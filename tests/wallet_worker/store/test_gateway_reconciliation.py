"""Comparisons are kept whole, once a day and coin, and never changed."""

from datetime import date

import pytest

from cardroom.service.postgres import PostgresRefused
from tests.wallet_worker.house import House
from wallet_worker.rules.gateway_books import CoinBooks, Comparison
from wallet_worker.store.gateway_reconciliation import (
    NewComparison,
    Reconciled,
    add_comparisons,
    coins_of_day,
    list_comparisons,
    newest_comparisons,
)

DAY = date(2026, 11, 28)
LARGE = CoinBooks("ETH", 18, 10**30, 10**29, 5, 6, 7, 8)


def new(found: int | None, coin: str = "ETH", trouble: str | None = None) -> NewComparison:
    books = CoinBooks(coin, LARGE.scale, *(LARGE.credited, LARGE.paid, 5, 6, 7, 8))
    return NewComparison("vault", Comparison(books, found, trouble))


async def add(house: House, *comparisons: NewComparison, day: date | None = None) -> list[Reconciled]:
    async with house.database.transaction() as transaction:
        return await add_comparisons(transaction, comparisons, day)


async def test_what_was_written_is_read_as_it_was(house: House) -> None:
    (one,) = await add(house, NewComparison("vault", Comparison(LARGE, 3), "kim"))
    (away,) = await add(house, new(None, trouble="away"), day=DAY)
    assert await list_comparisons(house.database, 2**62, 10) == [away, one]
    assert await list_comparisons(house.database, away.number, 10) == [one]
    assert (one.counted_by, one.comparison.difference) == ("kim", 3 - LARGE.expected)
    assert away.business_day == DAY


async def test_a_day_has_each_coin_once(house: House) -> None:
    assert len(await add(house, new(1), new(2, "BTC"), day=DAY)) == 2
    assert await add(house, new(3), day=DAY) == []
    assert len(await add(house, new(3))) == 1
    assert await coins_of_day(house.database, DAY) == {("vault", "ETH"), ("vault", "BTC")}


async def test_the_newest_answer_of_each_coin(house: House) -> None:
    await add(house, new(1), new(2, "BTC"))
    await add(house, new(3), new(None, "BTC", "away"))
    newest = await newest_comparisons(house.database)
    assert [(one.comparison.books.coin, one.comparison.found) for one in newest] == [("BTC", 2), ("ETH", 3)]


_EMPTY = """
INSERT INTO gateway_reconciliation (gateway, coin, coin_scale, credited, paid, held, uncredited, arriving,
                                    on_the_way, expected)
VALUES ('vault', 'BTC', 8, 0, 0, 0, 0, 0, 0, 0)
"""


@pytest.mark.parametrize(
    "statement",
    ["UPDATE gateway_reconciliation SET found = 0", "DELETE FROM gateway_reconciliation", _EMPTY],
)
async def test_it_stays_as_it_is(house: House, statement: str) -> None:
    await add(house, new(1))
    with pytest.raises(PostgresRefused):
        async with house.database.transaction() as transaction:
            await transaction.execute(statement)
