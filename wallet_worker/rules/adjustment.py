"""Corrections: one administrator proposes, another approves."""

from datetime import datetime
from enum import Enum, unique

from attrs import frozen

from cardroom.money import Krw
from wallet_worker.rules.accounts import OF_PLAYERS, AccountKey
from wallet_worker.rules.books import Books
from wallet_worker.rules.denials import Denial, Denied
from wallet_worker.rules.transfers import Transfer, adjustment_transfer


@unique
class AdjustmentState(Enum):
    """What became of a proposal. The database keeps all but the last, which the clock makes."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@frozen
class Adjustment:
    """A proposal: ``debit`` gives ``amount`` won to ``credit``."""

    debit: AccountKey
    credit: AccountKey
    amount: Krw
    proposed_by: str
    expires_at: datetime
    state: AdjustmentState


class AlreadyDecided(Exception):
    """The proposal is approved, rejected or expired."""

    def __init__(self, state: AdjustmentState) -> None:
        super().__init__(f"the adjustment is {state.value}")
        self.state = state


class OwnProposal(Exception):
    """Nobody approves what they have proposed."""


def state_at(state: AdjustmentState, expires_at: datetime, now: datetime) -> AdjustmentState:
    """Give a proposal's state at a time: one that nobody has decided ends."""
    is_over = state is AdjustmentState.PROPOSED and now >= expires_at
    return AdjustmentState.EXPIRED if is_over else state


def check_open(adjustment: Adjustment, now: datetime) -> None:
    """Raise ``AlreadyDecided`` where a proposal is none any more."""
    state = state_at(adjustment.state, adjustment.expires_at, now)
    if state is not AdjustmentState.PROPOSED:
        raise AlreadyDecided(state)


def approve_adjustment(
    books: Books,
    adjustment: Adjustment,
    approver: str,
    now: datetime,
    *,
    is_everything_frozen: bool,
    held: Krw,
) -> Transfer:
    """Give the transfer of a proposal that another administrator approves.

    Raises ``AlreadyDecided`` or ``OwnProposal``. Denied: everything is frozen, or insufficient funds (a
    player's account would go below zero, or below what is ``held`` there for withdrawals: their coins may be
    on the way); the proposal stands then and may be approved later.
    """
    check_open(adjustment, now)
    if approver == adjustment.proposed_by:
        raise OwnProposal
    if is_everything_frozen:
        raise Denied(Denial.FROZEN)
    is_players = adjustment.debit.kind in OF_PLAYERS
    if is_players and books.balance(adjustment.debit) - held < adjustment.amount:
        raise Denied(Denial.INSUFFICIENT_FUNDS)
    return adjustment_transfer(adjustment.debit, adjustment.credit, adjustment.amount)
