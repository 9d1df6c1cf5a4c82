"""Coins that came in over a player's limit: held, and credited when the limit lets them in or somebody decides.

Held is not booked: the ledger knows of a deposit when it is credited. Its worth is that of the moment it came.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Reader, Row, Transaction
from cardroom.service.protection import ProtectionSettings
from wallet_worker.rules.coins import Rate
from wallet_worker.rules.deposit import Deposit
from wallet_worker.store.deposit_room import deposit_room
from wallet_worker.store.house_transfer import Answer, HouseDesk, open_desk
from wallet_worker.store.post_deposit import post_deposit
from wallet_worker.store.seal_batch import Link

RELEASED_BY_LIMIT: Final = "limit"
"""Who has released a deposit that the player's limit lets in by now; an administrator's name otherwise."""

_FACTS: Final = """
id, user_id, coin, address, krw_amount, coin_amount::text, coin_scale, rate, tx_hash, output_number, held_at,
released_at, released_by
"""

FIND_HELD: Final = f"""
SELECT {_FACTS} FROM held_deposit WHERE coin = $1 AND tx_hash = $2 AND output_number = $3
"""

LIST_WAITING: Final = f"""
SELECT {_FACTS} FROM held_deposit WHERE released_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2
"""

LIST_OF_PLAYER: Final = f"""
SELECT {_FACTS} FROM held_deposit WHERE released_at IS NULL AND user_id = $1 ORDER BY id DESC LIMIT $2
"""

# What the chain has taken back since, or a gateway told differently, waits for a person.
OLDEST_WAITING: Final = """
SELECT id, user_id, krw_amount FROM held_deposit
WHERE released_at IS NULL AND id > $1
      AND (SELECT alarm FROM chain_deposit WHERE held_id = held_deposit.id) IS NULL
ORDER BY id LIMIT $2
"""

_LOCK_ALARM: Final = "SELECT alarm FROM chain_deposit WHERE held_id = $1 FOR UPDATE"

_LOCK_HELD: Final = f"SELECT {_FACTS} FROM held_deposit WHERE id = $1 FOR UPDATE"

_HOLD: Final = """
INSERT INTO held_deposit (user_id, coin, address, krw_amount, coin_amount, coin_scale, rate, tx_hash, output_number)
VALUES ($1, $2, $3, $4, $5::text::numeric, $6, $7, $8, $9) RETURNING id
"""

_RELEASE: Final = """
UPDATE held_deposit SET released_at = now(), released_by = $2, payment_id = $3 WHERE id = $1
"""

# How far a deposit is that came by a gateway, in the same transaction.
_CREDIT_ON_CHAIN: Final = """
UPDATE chain_deposit SET state = 'credited', reason = NULL, payment_id = $2, changed_at = now()
WHERE held_id = $1
"""


class NoSuchHeldDeposit(Exception):
    """No deposit of this number is or was held."""


@frozen
class HeldDeposit:
    """A deposit that is held, or was until ``released_at``."""

    number: int
    deposit: Deposit
    krw_amount: Krw
    held_at: datetime
    released_at: datetime | None
    released_by: str | None


async def find_held(transaction: Transaction, deposit: Deposit) -> HeldDeposit | None:
    """Give what was held of the same output, if it was."""
    row = await transaction.fetch_one(FIND_HELD, deposit.coin, deposit.tx_hash, deposit.output_number)
    return None if row is None else _held(row)


async def hold_deposit(transaction: Transaction, deposit: Deposit, amount: Krw) -> int:
    """Write a deposit down that is not credited, and give its number among the held ones."""
    row = await transaction.fetch_one(
        _HOLD, deposit.user_id, deposit.coin, deposit.address, amount, str(deposit.coin_amount), deposit.rate.scale,
        deposit.rate.krw_per_coin, deposit.tx_hash, deposit.output_number,
    )  # fmt: skip
    assert row is not None, "an insert gives its row"
    return int(row["id"])


async def list_held(reader: Reader, before: int, limit: int) -> Sequence[HeldDeposit]:
    """Give deposits that wait, the newest first, with numbers below ``before``."""
    return [_held(row) for row in await reader.fetch(LIST_WAITING, before, limit)]


async def list_held_of(reader: Reader, user_id: UserId, limit: int) -> Sequence[HeldDeposit]:
    """Give the newest deposits of a player that wait."""
    return [_held(row) for row in await reader.fetch(LIST_OF_PLAYER, user_id, limit)]


async def release_within(transaction: Transaction, number: int, admin: str, link: Link) -> Answer:
    """Credit a held deposit, whatever the limit says; one that was released is answered as the first time.

    Raises ``NoSuchHeldDeposit``. Must be the transaction's first look at the ledger.
    """
    return (await release_once(transaction, number, admin, link))[0]


async def release_once(transaction: Transaction, number: int, admin: str, link: Link) -> tuple[Answer, bool]:
    """Do the same, and say whether it was this that has released it."""
    desk = await open_desk(transaction, link)
    held = await _lock(transaction, number)
    return await _credit(desk, held, admin), held.released_at is None


async def release_fitting(
    postgres: Postgres,
    link: Link,
    settings: ProtectionSettings,
    *,
    at_most: int,
    on_released: Callable[[Answer], Awaitable[None]] | None = None,
) -> list[Answer]:
    """Credit the held deposits, oldest first, that their players' limits let in by now.

    Reads ``at_most`` at once; the house's lock is taken only for one that fits. ``on_released`` is called
    after each: what fails later takes nothing back.
    """
    released: list[Answer] = []
    last = 0
    while rows := await postgres.fetch(OLDEST_WAITING, last, at_most):
        for row in rows:
            last = row["id"]
            if await _fits(postgres, row["user_id"], row["krw_amount"], settings):
                new = await _release_if_it_fits(postgres, last, link, settings)
                released += new
                if on_released is not None:
                    for answer in new:
                        await on_released(answer)
    return released


async def _release_if_it_fits(
    postgres: Postgres, number: int, link: Link, settings: ProtectionSettings
) -> list[Answer]:
    async with postgres.transaction() as transaction:
        desk = await open_desk(transaction, link)
        held = await _lock(transaction, number)
        user_id = held.deposit.user_id
        if held.released_at is not None or not await _fits(transaction, user_id, held.krw_amount, settings):
            return []
        alarm = await transaction.fetch_one(_LOCK_ALARM, number)
        if alarm is not None and alarm["alarm"] is not None:
            return []
        return [await _credit(desk, held, RELEASED_BY_LIMIT)]


async def _fits(reader: Reader, user_id: UserId, amount: Krw, settings: ProtectionSettings) -> bool:
    room = await deposit_room(reader, user_id, settings)
    return room is None or amount <= room


async def _lock(transaction: Transaction, number: int) -> HeldDeposit:
    row = await transaction.fetch_one(_LOCK_HELD, number)
    if row is None:
        raise NoSuchHeldDeposit
    return _held(row)


async def _credit(desk: HouseDesk, held: HeldDeposit, by: str) -> Answer:
    answer = await post_deposit(desk, held.deposit)
    if held.released_at is None:
        await desk.transaction.execute(_RELEASE, held.number, by, answer["payment"])
        await desk.transaction.execute(_CREDIT_ON_CHAIN, held.number, answer["payment"])
    return answer


def _held(row: Row) -> HeldDeposit:
    deposit = Deposit(
        user_id=UserId(row["user_id"]),
        coin=row["coin"],
        coin_amount=int(row["coin_amount"]),
        tx_hash=row["tx_hash"],
        output_number=row["output_number"],
        address=row["address"],
        rate=Rate(row["rate"], row["coin_scale"]),
    )
    amount = Krw(row["krw_amount"])
    return HeldDeposit(row["id"], deposit, amount, row["held_at"], row["released_at"], row["released_by"])
