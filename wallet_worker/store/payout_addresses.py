"""The addresses that players may have coins sent to. A row is never changed but by taking it off the list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Reader, Row, Transaction
from wallet_worker.rules.withdrawal_request import (
    ListedAddress,
    Owner,
    WithdrawalDenial,
    WithdrawalDenied,
    check_listing,
)

_FACTS: Final = "id, coin, address, label, is_own, beneficiary, exchange, added_at, usable_at"

LIST_ADDRESSES: Final = f"""
SELECT {_FACTS} FROM payout_address WHERE user_id = $1 AND removed_at IS NULL ORDER BY id DESC
"""

FIND_LISTED: Final = """
SELECT id, is_own, beneficiary, exchange, usable_at <= statement_timestamp() AS is_usable
FROM payout_address WHERE user_id = $1 AND coin = $2 AND address = $3 AND removed_at IS NULL
"""

# The house's addresses stay the house's when they are given to nobody any more.
FIND_OURS: Final = "SELECT coin FROM deposit_address WHERE address = ANY($1::text[]) LIMIT 1"

# Until the transaction ends: two that list at once count each other.
_LOCK_LIST: Final = "SELECT pg_advisory_xact_lock(hashtextextended('payout_address|' || $1::bigint, 4733))"

# What was taken off within a day counts, too: rows stay for ever, and nobody fills the table by listing and removing.
_COUNT_LISTED: Final = """
SELECT count(*) AS listed FROM payout_address
WHERE user_id = $1 AND (removed_at IS NULL OR removed_at > now() - interval '1 day')
"""

_ADD: Final = f"""
INSERT INTO payout_address (user_id, coin, address, label, is_own, beneficiary, exchange, usable_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))
RETURNING {_FACTS}
"""

_REMOVE: Final = """
UPDATE payout_address SET removed_at = coalesce(removed_at, now()) WHERE id = $1 AND user_id = $2
"""


class NoSuchAddress(Exception):
    """The player has never listed an address of this number."""


@frozen
class NewPayoutAddress:
    """An address to be listed, written in the one way; its owner is as the player says."""

    user_id: UserId
    coin: str
    address: str
    label: str
    owner: Owner


@frozen
class PayoutAddress:
    """An address on a player's list; coins may be sent to it from ``usable_at`` on."""

    number: int
    coin: str
    address: str
    label: str
    owner: Owner
    added_at: datetime
    usable_at: datetime


async def list_addresses(reader: Reader, user_id: UserId) -> Sequence[PayoutAddress]:
    """Give a player's list, the newest first."""
    return [_address(row) for row in await reader.fetch(LIST_ADDRESSES, user_id)]


async def find_listed(reader: Reader, user_id: UserId, coin: str, address: str) -> ListedAddress | None:
    """Give an address of a player's list, and whether coins may be sent to it by now."""
    row = await reader.fetch_one(FIND_LISTED, user_id, coin, address)
    return None if row is None else ListedAddress(row["id"], _owner(row), row["is_usable"])


async def is_ours(reader: Reader, address: str) -> bool:
    """Say whether the house takes, or has taken, deposits at an address: any player's, of any coin of its chain."""
    return await reader.fetch_one(FIND_OURS, [address, address.lower()]) is not None


async def add_address(
    postgres: Postgres, new: NewPayoutAddress, wait_seconds: float, most: int
) -> PayoutAddress:
    """List an address, usable after a wait.

    Raises ``WithdrawalDenied`` where it is listed already (its time to wait stays), the house takes deposits at it, or
    ``most`` are listed.
    """
    async with postgres.transaction() as transaction:
        await transaction.fetch_one(_LOCK_LIST, new.user_id)
        if await find_listed(transaction, new.user_id, new.coin, new.address) is not None:
            raise WithdrawalDenied(WithdrawalDenial.ADDRESS_LISTED)
        check_listing(
            await _count(transaction, new.user_id), most, is_ours=await is_ours(transaction, new.address)
        )
        owner = new.owner
        row = await transaction.fetch_one(
            _ADD, new.user_id, new.coin, new.address, new.label, owner.is_own, owner.beneficiary, owner.exchange,
            wait_seconds,
        )  # fmt: skip
        assert row is not None, "the list is locked, and the address was not on it"
        return _address(row)


async def remove_address(postgres: Postgres, user_id: UserId, number: int) -> None:
    """Take an address off the list; again, it stays off. Withdrawals under way to it go on.

    Raises ``NoSuchAddress``.
    """
    async with postgres.transaction() as transaction:
        if await transaction.execute(_REMOVE, number, user_id) == 0:
            raise NoSuchAddress


async def _count(transaction: Transaction, user_id: UserId) -> int:
    row = await transaction.fetch_one(_COUNT_LISTED, user_id)
    assert row is not None, "a count always gives a row"
    return int(row["listed"])


def _owner(row: Row) -> Owner:
    return Owner(row["is_own"], row["beneficiary"], row["exchange"])


def _address(row: Row) -> PayoutAddress:
    return PayoutAddress(
        row["id"], row["coin"], row["address"], row["label"], _owner(row), row["added_at"], row["usable_at"]
    )
