"""Move money of the house's chain: once per key, serialized by the house's shard row, sealed like any batch.

All money that moves without a stream goes this way. The order of locks is always: the house's row, then accounts by
id in a statement of their own; a stream's batch locks its own shard's row, then accounts by id. So neither waits for
the other in a circle.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any, Final

from attrs import field, frozen

from cardroom.ids import CommandId, Epoch, ShardId, UserId, new_command_id
from cardroom.money import Krw
from cardroom.service.postgres import Row, Transaction
from wallet_worker.rules.accounts import AccountKey, AccountKind
from wallet_worker.rules.books import Account, Books, Player
from wallet_worker.rules.transfers import Transfer
from wallet_worker.store.lock_shard import LockedShard
from wallet_worker.store.post_transfers import BatchPlace, NewTransfer, post_transfers, read_clock
from wallet_worker.store.seal_batch import Link, seal_batch

HOUSE: Final = ShardId(-1)
"""The shard row that orders money which moves by HTTP, and heads its chain."""

Answer = dict[str, Any]

_LOCK_HOUSE: Final = """
SELECT last_batch, chain_mac, (extract(epoch FROM now()) * 1000)::bigint AS unix_ms
FROM shard WHERE id = $1 FOR UPDATE
"""

FIND_REQUEST: Final = "SELECT body_hash, answer FROM keyed_request WHERE scope = $1 AND key = $2"

_FIND_PLAYERS: Final = """
SELECT id, is_frozen, is_self_excluded, is_play_frozen, are_withdrawals_frozen
FROM player_standing WHERE id = ANY($1::bigint[])
"""

_FIND_FREEZE: Final = "SELECT frozen_at IS NOT NULL AS is_frozen FROM house_freeze WHERE scope = 'everything'"

_OPEN_ACCOUNT: Final = """
INSERT INTO account (kind, user_id, coin) VALUES ($1::account_kind, $2, $3)
ON CONFLICT ON CONSTRAINT account_owner_key DO NOTHING
"""

FIND_PLAYERS_ACCOUNT: Final = (
    "SELECT id FROM account WHERE user_id = $1 AND kind = $2::account_kind AND table_id IS NULL"
)

FIND_HOUSE_ACCOUNT: Final = """
SELECT id FROM account
WHERE kind = $1::account_kind AND user_id IS NULL AND table_id IS NULL
      AND shard IS NOT DISTINCT FROM $2 AND coin IS NOT DISTINCT FROM $3
"""

# A statement of its own, in the order of the ids: what it gives is what is there once the locks are held.
_LOCK_ACCOUNTS: Final = "SELECT id, balance FROM account WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"

_FIND_TRANSFERS: Final = """
SELECT id, command_id FROM transfer WHERE command_id = ANY($1::uuid[]) AND booked_at = $2 ORDER BY id
"""

_ADD_REQUEST: Final = """
INSERT INTO keyed_request (scope, key, body_hash, transfer_id, answer) VALUES ($1, $2, $3, $4, $5::jsonb)
"""


class KeyReused(Exception):
    """The key stands for another request; nothing has moved. Where it names outside money, somebody must look."""


class NoSuchPlayer(Exception):
    """There is no such player."""


class NoSuchAccount(Exception):
    """The account does not exist, and is not made by this."""


@frozen
class KeyedRequest:
    """A request that moves money once: ``key`` is never used again in its ``scope``, however long ago it was.

    ``body`` is all that makes it this request and no other, as one text.
    """

    scope: str
    key: str
    body: str

    @property
    def body_hash(self) -> bytes:
        """What is stored of the body."""
        return sha256(self.body.encode()).digest()


@frozen
class Posted:
    """A transfer that is written: its number in the ledger and the id it came under."""

    transfer_id: int
    command_id: CommandId


@frozen
class HouseDesk:
    """The house's books while one transaction has its lock. Made by ``open_desk``; posts once."""

    transaction: Transaction
    house: LockedShard
    link: Link = field(repr=False)

    async def find_answer(self, request: KeyedRequest) -> Answer | None:
        """Give what a request was answered the first time, if it came before; raises ``KeyReused``."""
        known = await self.transaction.fetch_one(FIND_REQUEST, request.scope, request.key)
        if known is None:
            return None
        if known["body_hash"] != request.body_hash:
            raise KeyReused
        answer: Answer = json.loads(known["answer"])
        return answer

    async def find_player(self, user_id: UserId) -> Player:
        """Give whether a player may pay; raises ``NoSuchPlayer``."""
        rows = await self.transaction.fetch(_FIND_PLAYERS, [user_id])
        if not rows:
            raise NoSuchPlayer
        row = rows[0]
        return Player(
            row["is_frozen"], row["is_self_excluded"], row["is_play_frozen"], row["are_withdrawals_frozen"]
        )

    async def is_everything_frozen(self) -> bool:
        """Say whether an administrator has frozen everything."""
        row = await self.transaction.fetch_one(_FIND_FREEZE)
        return row is None or bool(row["is_frozen"])

    async def load(self, keys: Collection[AccountKey]) -> Books:
        """Make the accounts that lack, lock all, and give their balances; raises ``NoSuchAccount``.

        A shard's rake is not made here: the first to need it is its stream, and two who make it could wait for each
        other.
        """
        ids = {key: await _find_account(self.transaction, key) for key in keys}
        rows = await self.transaction.fetch(_LOCK_ACCOUNTS, sorted(ids.values()))
        balances = {row["id"]: Krw(row["balance"]) for row in rows}
        books = Books()
        for key, number in ids.items():
            books.accounts[key] = Account(number, balances[number])
        return books

    async def post(
        self, books: Books, transfers: Sequence[Transfer], reason: str | None = None
    ) -> list[Posted]:
        """Write transfers and seal them as one batch; gives them in their order. Needs ``load`` before."""
        for transfer in transfers:
            books.post(transfer)
        new = [NewTransfer(self._new_id(), transfer, reason=reason) for transfer in transfers]
        place = BatchPlace(HOUSE, self.house.last_batch + 1, await read_clock(self.transaction))
        lines = await post_transfers(self.transaction, place, books, new)
        await seal_batch(self.transaction, HOUSE, self.house, self.link, lines)
        commands = [one.command_id for one in new]
        rows: Sequence[Row] = await self.transaction.fetch(_FIND_TRANSFERS, commands, place.booked_at)
        ids = {row["command_id"]: row["id"] for row in rows}
        return [Posted(ids[command_id], command_id) for command_id in commands]

    async def keep_answer(self, request: KeyedRequest, transfer_id: int, answer: Answer) -> Answer:
        """Store what the request is answered, for ever, and give it."""
        values = (request.scope, request.key, request.body_hash, transfer_id, json.dumps(answer))
        await self.transaction.execute(_ADD_REQUEST, *values)
        return answer

    def _new_id(self) -> CommandId:
        return new_command_id(self.house.unix_ms, secrets.token_bytes(10))


async def open_desk(transaction: Transaction, link: Link) -> HouseDesk:
    """Lock the house's row; who comes meanwhile waits until this transaction has ended."""
    row = await transaction.fetch_one(_LOCK_HOUSE, HOUSE)
    assert row is not None, "the migration makes the house's row"
    locked = LockedShard(Epoch(0), row["last_batch"], row["chain_mac"], row["unix_ms"])
    return HouseDesk(transaction, locked, link)


async def _find_account(transaction: Transaction, key: AccountKey) -> int:
    assert key.table_id is None, "escrow is moved by its shard's stream only"
    row = await _look_up(transaction, key)
    if row is None and key.kind is not AccountKind.RAKE:
        await transaction.execute(_OPEN_ACCOUNT, key.kind.value, key.user_id, key.coin)
        row = await _look_up(transaction, key)
    if row is None:
        raise NoSuchAccount
    return int(row["id"])


async def _look_up(transaction: Transaction, key: AccountKey) -> Row | None:
    if key.user_id is not None:
        return await transaction.fetch_one(FIND_PLAYERS_ACCOUNT, key.user_id, key.kind.value)
    return await transaction.fetch_one(FIND_HOUSE_ACCOUNT, key.kind.value, key.shard, key.coin)
