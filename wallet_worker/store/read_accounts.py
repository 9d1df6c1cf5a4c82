"""What administrators look up: a player's accounts, and a transfer with all that belongs to it."""

from typing import Any, Final

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Row, Transaction
from wallet_worker.rules.coins import write_coins
from wallet_worker.store.house_transfer import NoSuchPlayer

_FIND_PLAYER: Final = """
SELECT player.id, nickname, frozen_at, self_excluded_until, standing.is_frozen, standing.is_self_excluded
FROM player JOIN player_standing AS standing ON standing.id = player.id WHERE player.id = $1
"""

LIST_ACCOUNTS: Final = """
SELECT id, kind::text AS kind, table_id, seat, balance, version FROM account WHERE user_id = $1 ORDER BY id
"""

# The month of a transfer is not known by its number: the look-up goes into the index of each month.
FIND_TRANSFER: Final = """
SELECT transfer.id, transfer.kind::text AS kind, transfer.command_id, transfer.shard, transfer.batch,
       transfer.hand_id, transfer.reason, transfer.booked_at, encode(batch.mac, 'hex') AS mac,
       encode(batch.digest, 'hex') AS digest
FROM transfer LEFT JOIN batch ON batch.shard = transfer.shard AND batch.number = transfer.batch
WHERE transfer.id = $1
"""

LIST_ENTRIES: Final = """
SELECT entry.account_id, account.kind::text AS kind, account.user_id, account.table_id, account.shard, account.coin,
       entry.amount, entry.balance_after, entry.version
FROM entry JOIN account ON account.id = entry.account_id
WHERE entry.transfer_id = $1 AND entry.booked_at = $2 ORDER BY entry.account_id
"""

FIND_HAND: Final = """
SELECT hand_id, table_id, hand_no, started_at, rake FROM hand WHERE hand_id = $1 AND booked_at = $2
"""

FIND_PAYMENT: Final = """
SELECT payment.id, step, direction, payment.user_id, coin, coin_amount::text AS coin_amount, coin_scale, rate,
       tx_hash, output_number, address, krw_amount, status, created_at, completed_at
FROM payment_transfer JOIN outside_payment AS payment ON payment.id = payment_id WHERE transfer_id = $1
"""


class NoSuchTransfer(Exception):
    """There is no transfer of this number."""


async def read_accounts(postgres: Postgres, user_id: UserId) -> dict[str, Any]:
    """Give a player's standing and accounts; raises ``NoSuchPlayer``."""
    async with postgres.transaction() as transaction:
        player = await transaction.fetch_one(_FIND_PLAYER, user_id)
        if player is None:
            raise NoSuchPlayer
        accounts = await transaction.fetch(LIST_ACCOUNTS, user_id)
    return {
        "user_id": player["id"],
        "nickname": player["nickname"],
        "frozen_at": player["frozen_at"],
        "is_frozen": player["is_frozen"],
        "is_self_excluded": player["is_self_excluded"],
        "accounts": [dict(row) for row in accounts],
    }


async def read_transfer(postgres: Postgres, number: int) -> dict[str, Any]:
    """Give a transfer, its entries, and the hand or outside payment it belongs to; raises ``NoSuchTransfer``."""
    async with postgres.transaction() as transaction:
        row = await transaction.fetch_one(FIND_TRANSFER, number)
        if row is None:
            raise NoSuchTransfer
        entries = await transaction.fetch(LIST_ENTRIES, number, row["booked_at"])
        hand = await _find_hand(transaction, row)
        payment = await transaction.fetch_one(FIND_PAYMENT, number)
    facts = dict(row) | {"command_id": str(row["command_id"]), "hand_id": _text(row["hand_id"])}
    return facts | {
        "entries": [dict(entry) for entry in entries],
        "hand": hand,
        "payment": None if payment is None else _payment(payment),
    }


async def _find_hand(transaction: Transaction, transfer: Row) -> dict[str, Any] | None:
    if transfer["hand_id"] is None:
        return None
    hand = await transaction.fetch_one(FIND_HAND, transfer["hand_id"], transfer["booked_at"])
    return None if hand is None else dict(hand) | {"hand_id": str(hand["hand_id"])}


def _payment(row: Row) -> dict[str, Any]:
    coins = row["coin_amount"]
    facts = {name: value for name, value in row.items() if name != "coin_scale"}
    return facts | {"coin_amount": None if coins is None else write_coins(int(coins), row["coin_scale"])}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
