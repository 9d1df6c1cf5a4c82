"""What the pages answer, as classes: they describe dictionaries that the store makes; tests compare both."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import frozen

from cardroom.ids import SeatIndex, ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.json_schema import Time
from wallet_worker.rules.adjustment import AdjustmentState
from wallet_worker.rules.transfers import TransferKind
from wallet_worker.store.read_transactions import AccountsOf


@frozen
class PlayersBalance:
    """What a player has: free, on the way out, and at tables."""

    krw_balance: Krw
    pending_withdrawal_krw: Krw
    on_tables_krw: Krw


@frozen
class UsersBalance:
    """What a player has, for administrators."""

    user_id: UserId
    wallet: Krw
    pending: Krw
    on_tables: Krw


@frozen
class PlayersTransaction:
    """A posting on one of a player's accounts."""

    id: str
    """``ACCOUNT-VERSION``."""
    transfer: int
    kind: TransferKind
    account: AccountsOf
    table_id: TableId | None
    hand_id: UUID | None
    amount: Krw
    """Below zero where the account gave."""
    krw_balance_after: Krw
    """The account's balance after the posting."""
    created_at: Time
    """When it was booked."""
    completed_at: Time | None
    """None for the hold of a withdrawal that is neither sent nor released."""
    coin: str | None
    coin_amount: str | None
    """In whole coins, exact to the last digit."""
    rate: Krw | None
    """Whole won for one coin."""
    tx_hash: str | None
    address: str | None
    integrity_hash: str | None
    """Ties the posting to the chain of batches."""


@frozen
class PlayersTransactions:
    """A page of postings, newest first."""

    transactions: tuple[PlayersTransaction, ...]
    next_before: str | None
    """Where the next page begins; None at the end."""


@frozen
class FreezeForAll:
    """Who froze something for all, when and why, and what players are told, if anything."""

    frozen_at: Time
    frozen_by: str
    reason: str
    told: str


@frozen
class LedgerSummary:
    """The owner's equation: deposits - withdrawals = wallets + pending + on tables + house."""

    krw_total: Krw
    """Deposits + given - withdrawals."""
    hands_settled: int
    deposits: Krw
    withdrawals: Krw
    given: Krw
    """What the house gave to players out of its own pocket."""
    wallets: Krw
    pending: Krw
    on_tables: Krw
    house: Krw
    house_parts: Mapping[str, Krw]
    """By kind of account; what the house gave away stands below zero."""
    balanced: bool
    play_frozen: FreezeForAll | None
    withdrawals_frozen: FreezeForAll | None
    everything_frozen: FreezeForAll | None


@frozen
class Equation:
    """Both sides of the owner's equation; ``difference`` is 0 where they are equal."""

    deposits: Krw
    withdrawals: Krw
    wallets: Krw
    pending: Krw
    on_tables: Krw
    house: Krw
    difference: Krw


@frozen
class AccountSum:
    """All accounts of a kind and coin together."""

    kind: str
    coin: str | None
    accounts: int
    balance: Krw


@frozen
class TableSum:
    """The escrow of a table."""

    table_id: TableId
    seats: int
    balance: Krw


@frozen
class Undecided:
    """Proposals that nobody has decided."""

    proposals: int
    oldest: Time | None


@frozen
class HeldWithdrawals:
    """Withdrawals that are held, and whether they are what pending accounts hold."""

    withdrawals: int
    held: Krw
    oldest: Time | None
    equals_pending: bool


@frozen
class HeldDeposits:
    """Deposits over players' own limits, at the worth that they came with. No account holds them yet."""

    deposits: int
    held: Krw
    oldest: Time | None


@frozen
class LastBatch:
    """The last batch of a shard; -1 is the house."""

    shard: ShardId
    last_batch: int
    committed_at: Time | None
    mac: str | None


@frozen
class Reconciliation:
    """Where all money is, to the won, and what waits for somebody."""

    equation: Equation
    balanced: bool
    accounts: tuple[AccountSum, ...]
    tables: tuple[TableSum, ...]
    undecided_adjustments: Undecided
    held_withdrawals: HeldWithdrawals
    held_deposits: HeldDeposits
    unresolved_dead_letters: int
    last_batches: tuple[LastBatch, ...]
    play_frozen: FreezeForAll | None
    withdrawals_frozen: FreezeForAll | None
    everything_frozen: FreezeForAll | None
    movements: Mapping[str, Any] | None = None
    """Only where ``from`` is asked for: ``from``, ``to`` and, by kind of transfer, ``kinds``."""


@frozen
class PlayersAccount:
    """An account of a player; ``version`` counts its postings."""

    id: int
    kind: str
    table_id: TableId | None
    seat: SeatIndex | None
    balance: Krw
    version: int


@frozen
class PlayersAccounts:
    """A player's standing and accounts."""

    user_id: UserId
    nickname: str
    frozen_at: Time | None
    is_frozen: bool
    """For himself, or because everything is."""
    is_self_excluded: bool
    accounts: tuple[PlayersAccount, ...]


@frozen
class TransferEntry:
    """One leg of a transfer."""

    account_id: int
    kind: str
    user_id: UserId | None
    table_id: TableId | None
    shard: ShardId | None
    coin: str | None
    amount: Krw
    balance_after: Krw
    version: int


@frozen
class TransferHand:
    """The hand that a transfer settled."""

    hand_id: UUID
    table_id: TableId
    hand_no: int
    started_at: Time
    rake: Krw


@frozen
class TransferPayment:
    """The outside payment that a transfer belongs to."""

    id: int
    step: str
    direction: str
    user_id: UserId
    coin: str
    coin_amount: str | None
    rate: Krw | None
    tx_hash: str | None
    output_number: int | None
    address: str | None
    krw_amount: Krw
    status: str
    created_at: Time
    completed_at: Time | None


@frozen
class WholeTransfer:
    """A transfer with its entries, the batch that sealed it, and what it belongs to."""

    id: int
    kind: TransferKind
    command_id: UUID
    shard: ShardId
    batch: int
    hand_id: UUID | None
    reason: str | None
    booked_at: Time
    mac: str | None
    digest: str | None
    entries: tuple[TransferEntry, ...]
    hand: TransferHand | None
    payment: TransferPayment | None


@frozen
class AdminAction:
    """An order of an administrator, and what it was answered with."""

    id: int
    admin: str
    action: str
    subject: str
    reason: str
    key: str
    body_sha256: str
    answer: Mapping[str, Any]
    done_at: Time


@frozen
class AdminActions:
    """A page of orders, newest first."""

    actions: tuple[AdminAction, ...]
    next_before: int | None


@frozen
class PromotionGiven:
    """What the house gave; ``dry_run`` is there, and true, where nothing was done."""

    transfer: UUID
    user_id: UserId
    amount: Krw
    dry_run: bool = False


@frozen
class AdjustmentDecided:
    """A proposal and how it stands; ``transfer`` is what moved the money, once it is approved."""

    adjustment: int
    state: AdjustmentState
    transfer: int = 0
    dry_run: bool = False


@frozen
class ProposedAdjustment:
    """A proposal: who made it, who decided it, and when."""

    id: int
    debit: str
    credit: str
    amount: Krw
    reason: str
    state: AdjustmentState
    proposed_by: str
    proposed_at: Time
    expires_at: Time
    decided_by: str | None
    decided_at: Time | None
    decision_reason: str | None
    transfer_id: int | None


@frozen
class Adjustments:
    """A page of proposals, newest first."""

    adjustments: tuple[ProposedAdjustment, ...]
    next_before: int | None


@frozen
class PlayerFrozen:
    """Whether a player is frozen now."""

    user_id: UserId
    frozen: bool
    dry_run: bool = False


@frozen
class HouseFrozen:
    """Whether what was asked for is frozen now; of the others nothing is said."""

    play_frozen: bool = False
    withdrawals_frozen: bool = False
    everything_frozen: bool = False
    dry_run: bool = False
