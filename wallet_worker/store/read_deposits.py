"""Deposits that came by gateways, as players and administrators are shown them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader, Row
from wallet_worker.rules.chain_deposit import ChainDeposit, ChainState
from wallet_worker.store.chain_deposits import FACTS, read_row

_MONEY: Final = """
seen_at, changed_at, coalesce(
    (SELECT krw_amount FROM outside_payment WHERE outside_payment.id = chain_deposit.payment_id),
    (SELECT krw_amount FROM held_deposit WHERE held_deposit.id = chain_deposit.held_id)) AS krw_amount,
(SELECT completed_at FROM outside_payment WHERE outside_payment.id = chain_deposit.payment_id) AS credited_at
"""

# One statement for each way to ask, so that each goes by an index of its own.
LIST_OF_PLAYER: Final = f"""
SELECT {FACTS}, {_MONEY} FROM chain_deposit WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""
LIST_ALL: Final = f"""
SELECT {FACTS}, {_MONEY} FROM chain_deposit WHERE id < $1 ORDER BY id DESC LIMIT $2
"""
LIST_OF_STATE: Final = f"""
SELECT {FACTS}, {_MONEY} FROM chain_deposit WHERE state = $3 AND id < $1 ORDER BY id DESC LIMIT $2
"""
LIST_ALARMED: Final = f"""
SELECT {FACTS}, {_MONEY} FROM chain_deposit WHERE alarm IS NOT NULL AND id < $1 ORDER BY id DESC LIMIT $2
"""
FIND_OF_PAYMENT: Final = f"SELECT {FACTS}, {_MONEY} FROM chain_deposit WHERE payment_id = $1"
FIND_DEPOSIT: Final = f"SELECT {FACTS}, {_MONEY} FROM chain_deposit WHERE id = $1"

LIST_BOOKED_AT: Final = f"""
SELECT {FACTS} FROM chain_deposit
WHERE coin = $1 AND address = $2 AND state IN ('credited', 'held') AND alarm IS NULL
      AND changed_at > now() - make_interval(secs => $3)
ORDER BY id DESC LIMIT $4
"""


@frozen
class ShownDeposit:
    """A deposit; ``krw_amount`` is what it was worth once it is credited or held."""

    deposit: ChainDeposit
    krw_amount: Krw | None
    seen_at: datetime
    changed_at: datetime
    credited_at: datetime | None


async def list_of_player(reader: Reader, user_id: UserId, before: int, limit: int) -> Sequence[ShownDeposit]:
    """Give a player's deposits, the newest first, with numbers below ``before``."""
    return [_shown(row) for row in await reader.fetch(LIST_OF_PLAYER, user_id, before, limit)]


async def list_deposits(
    reader: Reader, before: int, limit: int, state: ChainState | None = None
) -> Sequence[ShownDeposit]:
    """Give all deposits, or those that are so far, the newest first."""
    if state is None:
        return [_shown(row) for row in await reader.fetch(LIST_ALL, before, limit)]
    return [_shown(row) for row in await reader.fetch(LIST_OF_STATE, before, limit, state.value)]


async def list_alarmed(reader: Reader, before: int, limit: int) -> Sequence[ShownDeposit]:
    """Give deposits over which there was an alarm, the newest first."""
    return [_shown(row) for row in await reader.fetch(LIST_ALARMED, before, limit)]


async def find_of_payment(reader: Reader, payment_id: int) -> ShownDeposit | None:
    """Give the deposit that was credited by a payment, if it came by a gateway."""
    row = await reader.fetch_one(FIND_OF_PAYMENT, payment_id)
    return None if row is None else _shown(row)


async def find_deposit(reader: Reader, number: int) -> ShownDeposit | None:
    """Give a deposit by its number."""
    row = await reader.fetch_one(FIND_DEPOSIT, number)
    return None if row is None else _shown(row)


async def list_booked_at(
    reader: Reader, coin: str, address: str, seconds: float, at_most: int
) -> Sequence[ChainDeposit]:
    """Give what was credited or held at an address not longer ago than so, and without alarm."""
    return [read_row(row) for row in await reader.fetch(LIST_BOOKED_AT, coin, address, seconds, at_most)]


def _shown(row: Row) -> ShownDeposit:
    amount = row["krw_amount"]
    return ShownDeposit(
        read_row(row),
        None if amount is None else Krw(amount),
        row["seen_at"],
        row["changed_at"],
        row["credited_at"],
    )
