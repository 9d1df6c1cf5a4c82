"""Read, and lock, what the commands of one batch are decided on."""

from collections.abc import Collection
from typing import Final

from attrs import field, frozen

from cardroom.ids import HandId, SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.service.postgres import Row, Transaction
from cardroom.service.protection import ProtectionSettings
from wallet_worker.rules.accounts import AccountKey, AccountKind
from wallet_worker.rules.books import Account, BookedHand, Books, Player, Table
from wallet_worker.rules.denials import LastHand
from wallet_worker.store.read_terms import read_rooms

_TABLES: Final = """
SELECT id, seat_count, halted_at, closed_at, last_hand_id, last_hand_no
FROM game_table WHERE shard = $1 AND id = ANY($2::bigint[])
"""

_PLAYERS: Final = """
SELECT id, is_frozen, is_self_excluded, is_play_frozen, player.has_terms,
       EXISTS (SELECT FROM blocked_player WHERE user_id = id) AS is_blocked
FROM player_standing JOIN player USING (id) WHERE id = ANY($1::bigint[])
"""

# No hand is sent again after its command has been forgotten; so no more months than those are searched.
_HANDS: Final = """
SELECT hand_id, table_id, hand_no, money_hash FROM hand
WHERE hand_id = ANY($1::uuid[]) AND booked_at > now() - interval '35 days'
"""

# A statement of its own, in the order of the ids: two batches whose players cross cannot wait for each
# other, and what it gives is what is there once the lock is held. An array, because for IN (SELECT ...) the planner
# may read all accounts.
_LOCK_ACCOUNTS: Final = """
SELECT id, kind::text AS kind, user_id, table_id, seat, shard, balance
FROM account
WHERE id = ANY (ARRAY(
    SELECT id FROM account WHERE kind = 'wallet' AND user_id = ANY($1::bigint[])
    UNION ALL
    SELECT id FROM account
    WHERE kind = 'escrow' AND user_id = ANY($1::bigint[]) AND table_id = ANY($2::bigint[])
    UNION ALL
    SELECT id FROM account WHERE kind = 'escrow' AND balance > 0 AND table_id = ANY($2::bigint[])
    UNION ALL
    SELECT id FROM account WHERE kind = 'rake' AND shard = $3
))
ORDER BY id
FOR UPDATE
"""


@frozen
class Wanted:
    """Whose rows a batch needs; of ``buyers``, who may bring money to tables, their own limits too.

    ``blocked_users``: whether blocks of players count.
    """

    users: Collection[UserId]
    tables: Collection[TableId]
    hands: Collection[HandId]
    buyers: Collection[UserId] = ()
    protection: ProtectionSettings = field(factory=ProtectionSettings)
    blocked_users: bool = True


async def load_books(transaction: Transaction, shard: ShardId, wanted: Wanted) -> Books:
    """Give the books for one batch. Needs the shard's lock: tables and escrow are changed only under it."""
    books = Books()
    for row in await transaction.fetch(_TABLES, shard, sorted(wanted.tables)):
        books.tables[TableId(row["id"])] = _table(row)
    if wanted.hands:
        for row in await transaction.fetch(_HANDS, list(wanted.hands)):
            booked = BookedHand(TableId(row["table_id"]), row["hand_no"], row["money_hash"])
            books.hands[HandId(row["hand_id"])] = booked
    users, tables = sorted(wanted.users), sorted(books.tables)
    for row in await transaction.fetch(_LOCK_ACCOUNTS, users, tables, shard):
        books.accounts[_key(row)] = Account(row["id"], Krw(row["balance"]), _seat(row["seat"]))
    # Not before the accounts are locked: what a player has been refused, or a buy-in at another table has used up,
    # while this waited for them, holds.
    for row in await transaction.fetch(_PLAYERS, sorted(wanted.users)):
        books.players[UserId(row["id"])] = Player(
            is_frozen=row["is_frozen"],
            is_self_excluded=row["is_self_excluded"],
            is_play_frozen=row["is_play_frozen"],
            has_terms=row["has_terms"],
            is_blocked=row["is_blocked"] and wanted.blocked_users,
        )
    limited = [user for user in wanted.buyers if user in books.players and books.players[user].has_terms]
    if limited:
        books.rooms = await read_rooms(transaction, limited, wanted.protection)
    return books


def _table(row: Row) -> Table:
    return Table(
        seat_count=row["seat_count"],
        is_halted=row["halted_at"] is not None,
        is_closed=row["closed_at"] is not None,
        last=LastHand(row["last_hand_id"], row["last_hand_no"]),
    )


def _key(row: Row) -> AccountKey:
    return AccountKey(AccountKind(row["kind"]), row["user_id"], row["table_id"], row["shard"])


def _seat(number: int | None) -> SeatIndex | None:
    return None if number is None else SeatIndex(number)
