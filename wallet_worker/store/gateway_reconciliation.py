"""Comparisons of what gateways have with what the house's books say; written once and kept."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from attrs import frozen

from cardroom.service.postgres import Reader, Row, Transaction
from wallet_worker.rules.gateway_books import CoinBooks, Comparison

_ADD: Final = """
INSERT INTO gateway_reconciliation (business_day, gateway, coin, coin_scale, credited, paid, held, uncredited, arriving,
                                    on_the_way, expected, found, difference, trouble, counted_by)
VALUES ($1, $2, $3, $4, $5::text::numeric, $6::text::numeric, $7::text::numeric, $8::text::numeric, $9::text::numeric,
        $10::text::numeric, $11::text::numeric, $12::text::numeric, $13::text::numeric, $14, $15)
ON CONFLICT (business_day, gateway, coin) WHERE business_day IS NOT NULL DO NOTHING
RETURNING id, made_at
"""

_FACTS: Final = """
id, business_day, gateway, coin, coin_scale, credited::text, paid::text, held::text, uncredited::text, arriving::text,
on_the_way::text, found::text, trouble, counted_by, made_at
"""

LIST_COMPARISONS: Final = f"""
SELECT {_FACTS} FROM gateway_reconciliation WHERE id < $1 ORDER BY id DESC LIMIT $2
"""

NEWEST_COMPARISONS: Final = f"""
SELECT DISTINCT ON (gateway, coin) {_FACTS} FROM gateway_reconciliation
WHERE found IS NOT NULL ORDER BY gateway, coin, id DESC
"""

COINS_OF_DAY: Final = "SELECT gateway, coin FROM gateway_reconciliation WHERE business_day = $1"


@frozen
class Reconciled:
    """A comparison that was made. ``business_day`` is that of the daily one; ``counted_by`` is who counted."""

    number: int
    gateway: str
    comparison: Comparison
    business_day: date | None
    counted_by: str | None
    made_at: datetime


@frozen
class NewComparison:
    """A comparison that is to be written down."""

    gateway: str
    comparison: Comparison
    counted_by: str | None = None


async def add_comparisons(
    transaction: Transaction, comparisons: Sequence[NewComparison], business_day: date | None = None
) -> list[Reconciled]:
    """Write comparisons down and give them; of a business day each gateway and coin once: others are left out."""
    added = []
    for one in comparisons:
        books, found = one.comparison.books, one.comparison.found
        row = await transaction.fetch_one(
            _ADD, business_day, one.gateway, books.coin, books.scale, *map(str, _amounts(books)), _text(found),
            _text(one.comparison.difference), one.comparison.trouble, one.counted_by,
        )  # fmt: skip
        if row is not None:
            made = (business_day, one.counted_by, row["made_at"])
            added.append(Reconciled(row["id"], one.gateway, one.comparison, *made))
    return added


async def list_comparisons(reader: Reader, before: int, limit: int) -> list[Reconciled]:
    """Give comparisons with numbers below ``before``, the newest first."""
    return [_reconciled(row) for row in await reader.fetch(LIST_COMPARISONS, before, limit)]


async def newest_comparisons(reader: Reader) -> list[Reconciled]:
    """Give the newest comparison of each gateway and coin that had an answer."""
    return [_reconciled(row) for row in await reader.fetch(NEWEST_COMPARISONS)]


async def coins_of_day(reader: Reader, business_day: date) -> set[tuple[str, str]]:
    """Give which gateways and coins have their comparison of a day."""
    return {(row["gateway"], row["coin"]) for row in await reader.fetch(COINS_OF_DAY, business_day)}


def _amounts(books: CoinBooks) -> tuple[int, ...]:
    return (
        books.credited, books.paid, books.held, books.uncredited, books.arriving, books.on_the_way,
        books.expected,
    )  # fmt: skip


def _text(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def _reconciled(row: Row) -> Reconciled:
    books = CoinBooks(
        coin=row["coin"],
        scale=row["coin_scale"],
        credited=int(row["credited"]),
        paid=int(row["paid"]),
        held=int(row["held"]),
        uncredited=int(row["uncredited"]),
        arriving=int(row["arriving"]),
        on_the_way=int(row["on_the_way"]),
    )
    found = None if row["found"] is None else int(row["found"])
    return Reconciled(
        number=row["id"],
        gateway=row["gateway"],
        comparison=Comparison(books, found, row["trouble"]),
        business_day=row["business_day"],
        counted_by=row["counted_by"],
        made_at=row["made_at"],
    )
