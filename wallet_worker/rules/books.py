"""The part of the ledger that one batch works on: a copy in memory of rows that are locked meanwhile.

The rules decide on it in the order of the stream; what they decided is written afterwards, for many commands
at once.
"""

from collections.abc import Iterable
from typing import Final

from attrs import define, frozen

from cardroom.ids import CommandId, HandId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from wallet_worker.rules.accounts import OF_PLAYERS, AccountKey, AccountKind
from wallet_worker.rules.denials import BooksDisagree, LastHand
from wallet_worker.rules.protection import BuyInRoom
from wallet_worker.rules.transfers import PlayerResult, Transfer, TransferKind

_TO_AND_FROM_TABLES: Final = frozenset({TransferKind.BUY_IN, TransferKind.CASH_OUT})


@define
class Account:
    """An account: its row (None until it is written first), balance, and the seat where it is escrow."""

    id: int | None
    balance: Krw
    seat: SeatIndex | None = None


@define
class Table:
    """A table of the shard."""

    seat_count: int
    is_halted: bool
    is_closed: bool
    last: LastHand


@frozen
class Player:
    """Whether a player may bring money to a table, or take it out; for reasons of the player's, or of all."""

    is_frozen: bool
    is_self_excluded: bool
    is_play_frozen: bool = False
    are_withdrawals_frozen: bool = False
    has_terms: bool = False
    """Whether there are limits of the player's own to be looked up."""
    is_blocked: bool = False
    """Whether an administrator keeps the player out of the house."""


@frozen
class BookedHand:
    """A hand that is settled: its number, and the hash of what it did to whom."""

    table_id: TableId
    hand_no: int
    money_hash: bytes


@frozen
class FinishedHand:
    """A hand to be settled; ``record`` is its stored form, opaque here; None for one that nobody played."""

    table_id: TableId
    hand_id: HandId
    hand_no: int
    previous: HandId | None
    started_unix_ms: int
    results: tuple[PlayerResult, ...]
    rake: Krw
    record: bytes | None
    money_hash: bytes


@frozen
class Booking:
    """One command's transfer, still to be written; ``hand`` where it settles one."""

    command_id: CommandId
    transfer: Transfer
    hand: FinishedHand | None = None


@frozen
class Seating:
    """A player's escrow moves to a seat, before money does."""

    user_id: UserId
    table_id: TableId
    seat: SeatIndex


class Books:
    """Balances, tables, players and settled hands that one batch needs. Belongs to one transaction.

    ``rooms`` holds who may not bring to tables as much as wanted.
    """

    def __init__(self) -> None:
        self.accounts: dict[AccountKey, Account] = {}
        self.tables: dict[TableId, Table] = {}
        self.players: dict[UserId, Player] = {}
        self.hands: dict[HandId, BookedHand] = {}
        self.rooms: dict[UserId, BuyInRoom] = {}

    def balance(self, key: AccountKey) -> Krw:
        """Give a balance; an account that does not exist holds nothing."""
        account = self.accounts.get(key)
        return account.balance if account else Krw(0)

    def escrow_at(self, table_id: TableId) -> Iterable[tuple[AccountKey, Account]]:
        """Give the escrow accounts of a table that hold money."""
        return [
            (key, account)
            for key, account in self.accounts.items()
            if key.table_id == table_id and account.balance > 0
        ]

    def post(self, transfer: Transfer) -> None:
        """Carry out a transfer; raises ``BooksDisagree``, changing nothing, where money is short."""
        after = {}
        for posting in transfer.postings:
            key = posting.account
            after[key] = Krw(self.balance(key) + posting.amount)
            if after[key] < 0 and key.kind in OF_PLAYERS:
                raise BooksDisagree(f"{key.kind.value} of user {key.user_id} would go below zero")
        for key, balance in after.items():
            self.accounts.setdefault(key, Account(None, Krw(0))).balance = balance
        if self.rooms and transfer.kind in _TO_AND_FROM_TABLES:
            self._use_rooms(transfer)

    def _use_rooms(self, transfer: Transfer) -> None:
        for account, amount in transfer.postings:
            if account.kind is AccountKind.WALLET and account.user_id in self.rooms:
                self.rooms[account.user_id].change(amount)
