"""Adjustments: proposed by one administrator, approved or rejected by another, each in one transaction.

Every function is a part of a transaction that has not locked anything of the ledger yet.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from cardroom.money import Krw
from cardroom.service.postgres import Postgres, Row, Transaction
from wallet_worker.rules.account_names import read_account_name
from wallet_worker.rules.accounts import AccountKey, AccountKind
from wallet_worker.rules.adjustment import (
    Adjustment,
    AdjustmentState,
    approve_adjustment,
    check_open,
    state_at,
)
from wallet_worker.rules.sealed_facts import adjustment_facts
from wallet_worker.store.house_transfer import HouseDesk, NoSuchAccount, open_desk
from wallet_worker.store.seal_batch import Link

_ADD: Final = """
INSERT INTO adjustment (debit, credit, amount, reason, proposed_by, proposed_at, expires_at)
VALUES ($1, $2, $3, $4, $5, now(), now() + make_interval(days => $6))
RETURNING id
"""

_FACTS: Final = """
SELECT id, debit, credit, amount, reason, proposed_by, proposed_at, expires_at, state, decided_by, decided_at,
       decision_reason, transfer_id, clock_timestamp() AS now
FROM adjustment
"""

_LOCK: Final = _FACTS + "WHERE id = $1 FOR UPDATE"

LIST_ADJUSTMENTS: Final = _FACTS + "WHERE id < $1 ORDER BY id DESC LIMIT $2"

LIST_UNDECIDED: Final = (
    _FACTS + "WHERE state = 'proposed' AND expires_at > now() AND id < $1 ORDER BY id DESC LIMIT $2"
)

_DECIDE: Final = """
UPDATE adjustment SET state = $2, decided_by = $3, decided_at = $4, decision_reason = $5, transfer_id = $6
WHERE id = $1
"""

_HAS_RAKE: Final = (
    "SELECT FROM account WHERE kind = 'rake' AND user_id IS NULL AND table_id IS NULL AND shard = $1"
)


_SUM_HELD: Final = """
SELECT coalesce(sum(krw_amount), 0)::bigint AS held FROM outside_payment WHERE status = 'held' AND user_id = $1
"""


@frozen
class Proposal:
    """What an administrator proposes; the names are those of ``read_account_name``."""

    debit: str
    credit: str
    amount: Krw
    reason: str
    proposed_by: str


@frozen
class Decision:
    """An administrator decides a proposal, for a reason."""

    number: int
    decided_by: str
    reason: str


class NoSuchAdjustment(Exception):
    """There is no adjustment of this number."""


async def propose(transaction: Transaction, proposal: Proposal, days: int, link: Link) -> dict[str, Any]:
    """Write a proposal that ends undecided after ``days``; no money moves.

    Raises ``NoSuchPlayer`` or ``NoSuchAccount`` for the owner of an account.
    """
    desk = await open_desk(transaction, link)
    for name in (proposal.debit, proposal.credit):
        await _check_owner(desk, _key(name))
    row = await transaction.fetch_one(
        _ADD, proposal.debit, proposal.credit, proposal.amount, proposal.reason, proposal.proposed_by, days
    )
    assert row is not None, "an insert gives its row"
    return {"adjustment": row["id"], "state": AdjustmentState.PROPOSED.value}


async def approve(transaction: Transaction, decision: Decision, link: Link) -> dict[str, Any]:
    """Move the money of a proposal; who has approved it before gets the same answer.

    Raises ``NoSuchAdjustment``, ``AlreadyDecided``, ``OwnProposal``, ``NoSuchAccount``, or ``Denied`` (frozen, insufficient
    funds): then it is still proposed.
    """
    desk = await open_desk(transaction, link)
    row = await _lock(transaction, decision.number)
    if row["state"] == AdjustmentState.APPROVED.value and row["decided_by"] == decision.decided_by:
        return _approved(decision.number, row["transfer_id"])
    adjustment, now = _adjustment(row), row["now"]
    check_open(adjustment, now)
    books = await desk.load([adjustment.debit, adjustment.credit])
    transfer = approve_adjustment(
        books, adjustment, decision.decided_by, now,
        is_everything_frozen=await desk.is_everything_frozen(), held=await _held(desk, adjustment.debit),
    )  # fmt: skip
    facts = adjustment_facts(decision.number, adjustment.proposed_by, decision.decided_by, row["reason"])
    (posted,) = await desk.post(books, [transfer], facts)
    await _decide(transaction, decision, AdjustmentState.APPROVED, now, posted.transfer_id)
    return _approved(decision.number, posted.transfer_id)


async def reject(transaction: Transaction, decision: Decision) -> dict[str, Any]:
    """End a proposal without moving money; its maker may take it back so.

    Raises ``NoSuchAdjustment`` or ``AlreadyDecided``.
    """
    row = await _lock(transaction, decision.number)
    if row["state"] != AdjustmentState.REJECTED.value or row["decided_by"] != decision.decided_by:
        check_open(_adjustment(row), row["now"])
        await _decide(transaction, decision, AdjustmentState.REJECTED, row["now"], None)
    return {"adjustment": decision.number, "state": AdjustmentState.REJECTED.value}


async def list_adjustments(
    postgres: Postgres, before: int, limit: int, *, is_undecided: bool
) -> list[dict[str, Any]]:
    """Give adjustments with numbers below ``before``, newest first; or only those that may still be decided."""
    async with postgres.transaction() as transaction:
        sql = LIST_UNDECIDED if is_undecided else LIST_ADJUSTMENTS
        rows: Sequence[Row] = await transaction.fetch(sql, before, limit)
    return [_facts(row) for row in rows]


async def _held(desk: HouseDesk, debit: AccountKey) -> Krw:
    """Give what an account holds for withdrawals. With the house's lock no other comes meanwhile."""
    if debit.kind is not AccountKind.PENDING_WITHDRAWAL:
        return Krw(0)
    row = await desk.transaction.fetch_one(_SUM_HELD, debit.user_id)
    assert row is not None, "a sum always gives a row"
    return Krw(row["held"])


def _approved(number: int, transfer_id: int) -> dict[str, Any]:
    return {"adjustment": number, "state": AdjustmentState.APPROVED.value, "transfer": transfer_id}


async def _lock(transaction: Transaction, number: int) -> Row:
    row = await transaction.fetch_one(_LOCK, number)
    if row is None:
        raise NoSuchAdjustment
    return row


async def _decide(
    transaction: Transaction, decision: Decision, state: AdjustmentState, now: datetime, transfer: int | None
) -> None:
    values = (decision.number, state.value, decision.decided_by, now, decision.reason, transfer)
    written = await transaction.execute(_DECIDE, *values)
    assert written == 1, "the adjustment is locked"


async def _check_owner(desk: HouseDesk, key: AccountKey) -> None:
    if key.user_id is not None:
        await desk.find_player(key.user_id)
    if key.kind is AccountKind.RAKE and await desk.transaction.fetch_one(_HAS_RAKE, key.shard) is None:
        raise NoSuchAccount


def _adjustment(row: Row) -> Adjustment:
    return Adjustment(
        _key(row["debit"]), _key(row["credit"]), Krw(row["amount"]), row["proposed_by"], row["expires_at"],
        AdjustmentState(row["state"]),
    )  # fmt: skip


def _key(name: str) -> AccountKey:
    key = read_account_name(name)
    assert key is not None, f"{name} was read before it was written"
    return key


def _facts(row: Row) -> dict[str, Any]:
    facts = {name: value for name, value in row.items() if name != "now"}
    state = state_at(AdjustmentState(row["state"]), row["expires_at"], row["now"])
    return facts | {"state": state.value}
