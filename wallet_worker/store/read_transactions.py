"""A player's postings by time, newest first, page by page.

A page begins below a place: the time, account and version of a posting. Along an account times follow versions, so a
place is never passed twice and new postings come above all places; what a page holds never moves to another.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, unique
from typing import Any, Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Row
from wallet_worker.rules.accounts import AccountKind
from wallet_worker.rules.coins import write_coins
from wallet_worker.rules.transfers import TransferKind

LONGEST_SCAN: Final = 2_000
"""How many postings one page looks at while it searches for kinds; so a page may be short, and still not the last."""

# Each account is read along its own primary key, from the place on; then the accounts are merged. The filter by kind
# comes after a fixed number of postings. The last of them is given even if its kind is not asked for: with it the
# next page goes on. Each look-up is a LATERAL with a LIMIT, so that no plan reads whole months to join them.
READ_TRANSACTIONS: Final = """
WITH scanned AS MATERIALIZED (
    SELECT posting.*, row_number() OVER (ORDER BY booked_at DESC, account_id DESC, version DESC) AS place
    FROM (
        SELECT one.* FROM unnest($1::bigint[]) AS chosen (id)
        CROSS JOIN LATERAL (
            SELECT transfer_id, account_id, amount, balance_after, version, booked_at FROM entry
            WHERE account_id = chosen.id AND booked_at >= $2 AND booked_at < $3 AND booked_at <= $4
                  AND (booked_at, account_id, version) < ($4, $5::bigint, $6::bigint)
            ORDER BY booked_at DESC, version DESC LIMIT $7
        ) AS one
        ORDER BY booked_at DESC, account_id DESC, version DESC LIMIT $7
    ) AS posting
), told AS MATERIALIZED (
    SELECT scanned.*, transfer.*, transfer.kind = ANY($8::text[]) AS is_asked_for
    FROM scanned CROSS JOIN LATERAL (
        SELECT kind::text AS kind, shard, batch, hand_id FROM transfer
        WHERE id = scanned.transfer_id AND booked_at = scanned.booked_at LIMIT 1
    ) AS transfer
    WHERE transfer.kind = ANY($8::text[]) OR scanned.place = $7
    ORDER BY scanned.place LIMIT $9
)
SELECT told.*, account.kind::text AS account_kind, account.table_id,
       payment.coin, payment.coin_amount::text AS coin_amount, payment.coin_scale, payment.rate, payment.tx_hash,
       payment.address, told.booked_at AS created_at,
       CASE WHEN payment.id IS NULL THEN told.booked_at ELSE payment.completed_at END AS completed_at,
       entry_integrity_hash(batch.mac, told.transfer_id, told.account_id, told.version) AS integrity_hash
FROM told JOIN account ON account.id = told.account_id
LEFT JOIN LATERAL (SELECT mac FROM batch WHERE shard = told.shard AND number = told.batch LIMIT 1) AS batch ON true
LEFT JOIN payment_transfer ON payment_transfer.transfer_id = told.transfer_id
LEFT JOIN outside_payment AS payment ON payment.id = payment_transfer.payment_id
ORDER BY told.place
"""

FIND_ACCOUNTS: Final = "SELECT id FROM account WHERE user_id = $1 AND kind = $2::account_kind ORDER BY id"


@unique
class AccountsOf(Enum):
    """Which of a player's accounts are read; all tables together are one list."""

    WALLET = "wallet"
    PENDING_WITHDRAWAL = "pending_withdrawal"
    TABLES = "tables"


@frozen
class Place:
    """The last posting of a page; the next page lies below it."""

    booked_at: datetime
    account_id: int
    version: int


@frozen
class Filter:
    """Whose postings, on which accounts, of which kinds, and booked from when until before when."""

    user_id: UserId
    accounts: AccountsOf
    kinds: frozenset[TransferKind]
    booked_from: datetime
    booked_before: datetime


@frozen
class Page:
    """Postings, newest first; ``next`` is where to go on, None at the end."""

    transactions: list[dict[str, Any]]
    next: Place | None


async def read_transactions(postgres: Postgres, asked: Filter, below: Place, limit: int) -> Page:
    """Give the postings below a place that a filter asks for, ``limit`` at most."""
    kind = AccountKind.ESCROW if asked.accounts is AccountsOf.TABLES else AccountKind(asked.accounts.value)
    scan = limit + 1 if len(asked.kinds) == len(TransferKind) else LONGEST_SCAN
    async with postgres.transaction() as transaction:
        accounts = [row["id"] for row in await transaction.fetch(FIND_ACCOUNTS, asked.user_id, kind.value)]
        rows = await transaction.fetch(
            READ_TRANSACTIONS, accounts, asked.booked_from, asked.booked_before, below.booked_at, below.account_id,
            below.version, scan, [kind.value for kind in asked.kinds], limit + 1,
        )  # fmt: skip
    return _page(rows, limit, scan)


def _page(rows: Sequence[Row], limit: int, scan: int) -> Page:
    found = [row for row in rows if row["is_asked_for"]]
    last = None
    if len(found) > limit:
        last = found[limit - 1]
    elif rows and rows[-1]["place"] == scan:
        last = rows[-1]
    place = None if last is None else Place(last["booked_at"], last["account_id"], last["version"])
    return Page([_facts(row) for row in found[:limit]], place)


def _facts(row: Row) -> dict[str, Any]:
    coins = row["coin_amount"]
    return {
        "id": f"{row['account_id']}-{row['version']}",
        "transfer": row["transfer_id"],
        "kind": row["kind"],
        "account": "tables" if row["account_kind"] == AccountKind.ESCROW.value else row["account_kind"],
        "table_id": row["table_id"],
        "hand_id": None if row["hand_id"] is None else str(row["hand_id"]),
        "amount": row["amount"],
        "krw_balance_after": row["balance_after"],
        "created_at": row["created_at"],
        "completed_at": row["completed_at"],
        "coin": row["coin"],
        "coin_amount": None if coins is None else write_coins(int(coins), row["coin_scale"]),
        "rate": row["rate"],
        "tx_hash": row["tx_hash"],
        "address": row["address"],
        "integrity_hash": row["integrity_hash"],
    }
