"""Give money of the house to a player: a promotion, by the caller's key."""

import json
import secrets
from hashlib import sha256
from typing import Any, Final

from attrs import frozen

from cardroom.ids import Epoch, ShardId, UserId, new_command_id
from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Transaction
from wallet_worker.rules.accounts import PROMOTIONS, wallet_of
from wallet_worker.rules.books import Account, Books
from wallet_worker.rules.transfers import promotion_transfer
from wallet_worker.store.lock_shard import LockedShard
from wallet_worker.store.post_transfers import (
    BatchPlace,
    NewTransfer,
    open_account,
    post_transfers,
    read_clock,
)
from wallet_worker.store.seal_batch import Link, seal_batch

HOUSE: Final = ShardId(-1)
"""The shard row that orders money which moves by HTTP, and heads its chain."""

_SCOPE: Final = "promotion"

_LOCK_HOUSE: Final = """
SELECT last_batch, chain_mac, (extract(epoch FROM now()) * 1000)::bigint AS unix_ms
FROM shard WHERE id = $1 FOR UPDATE
"""

_FIND_REQUEST: Final = "SELECT body_hash, answer FROM keyed_request WHERE scope = $1 AND key = $2"

_FIND_PLAYER: Final = "SELECT id FROM player WHERE id = $1"

_ADD_REQUEST: Final = """
INSERT INTO keyed_request (scope, key, body_hash, transfer_id, answer)
SELECT $1, $2, $3, id, $5::jsonb FROM transfer WHERE command_id = $4
"""


@frozen
class Promotion:
    """A gift of ``amount`` won, for a reason; ``key`` is the caller's and never used for another gift."""

    user_id: UserId
    amount: Krw
    reason: str
    key: str


class KeyReused(Exception):
    """The key stands for another request."""


class NoSuchPlayer(Exception):
    """There is no such player."""


async def promote(postgres: Postgres, promotion: Promotion, link: Link) -> dict[str, Any]:
    """Give, once per key: a repeat gets the first answer. Raises ``KeyReused`` or ``NoSuchPlayer``."""
    body = f"{promotion.user_id}|{promotion.amount}|{promotion.reason}"
    body_hash = sha256(body.encode()).digest()
    async with postgres.transaction() as transaction:
        house = await _lock_house(transaction)
        known = await transaction.fetch_one(_FIND_REQUEST, _SCOPE, promotion.key)
        if known is not None:
            if known["body_hash"] != body_hash:
                raise KeyReused
            answer: dict[str, Any] = json.loads(known["answer"])
            return answer
        if await transaction.fetch_one(_FIND_PLAYER, promotion.user_id) is None:
            raise NoSuchPlayer
        return await _give(transaction, promotion, house, body_hash, link)


async def _lock_house(transaction: Transaction) -> LockedShard:
    row = await transaction.fetch_one(_LOCK_HOUSE, HOUSE)
    assert row is not None, "the migration makes the house's row"
    return LockedShard(Epoch(0), row["last_batch"], row["chain_mac"], row["unix_ms"])


async def _give(
    transaction: Transaction, promotion: Promotion, house: LockedShard, body_hash: bytes, link: Link
) -> dict[str, Any]:
    command_id = new_command_id(house.unix_ms, secrets.token_bytes(10))
    books = Books()
    for key in (PROMOTIONS, wallet_of(promotion.user_id)):
        books.accounts[key] = Account(await open_account(transaction, key), Krw(0))
    transfer = promotion_transfer(promotion.user_id, promotion.amount)
    new = NewTransfer(command_id, transfer, reason=promotion.reason)
    place = BatchPlace(HOUSE, house.last_batch + 1, await read_clock(transaction))
    lines = await post_transfers(transaction, place, books, [new])
    await seal_batch(transaction, HOUSE, house, link, lines)
    answer = {"transfer": str(command_id), "user_id": promotion.user_id, "amount": promotion.amount}
    written = await transaction.execute(
        _ADD_REQUEST, _SCOPE, promotion.key, body_hash, command_id, json.dumps(answer)
    )
    assert written == 1, "the transfer stands"
    return answer
