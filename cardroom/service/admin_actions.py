"""What administrators have ordered: each order once, recorded in the transaction that carries it out."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Any, Final

from attrs import field, frozen

from cardroom.service.postgres import Postgres, Row, Transaction

# Two orders under one key at the same time follow each other. It is the first lock that an order takes.
_LOCK_KEY: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('|', $1::text, $2::text, $3::text), 4733))"
)

_FIND_ACTION: Final = """
SELECT body_hash, answer FROM admin_action WHERE admin = $1 AND action = $2 AND key = $3
"""

_ADD_ACTION: Final = """
INSERT INTO admin_action (admin, action, subject, reason, key, body_hash, answer)
VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)
"""

_FIELDS: Final = """
id, admin, action, subject, reason, key, encode(body_hash, 'hex') AS body_sha256, answer, done_at
"""

# One statement for each way to ask, so that each goes by an index of its own.
LIST_ACTIONS: Final = f"""
SELECT {_FIELDS} FROM admin_action WHERE id < $1 AND done_at >= $3 AND done_at < $4 ORDER BY id DESC LIMIT $2
"""  # noqa: S608 (a list of columns)
LIST_ACTIONS_ABOUT: Final = f"""
SELECT {_FIELDS} FROM admin_action
WHERE subject = $5 AND id < $1 AND done_at >= $3 AND done_at < $4 ORDER BY id DESC LIMIT $2
"""  # noqa: S608 (a list of columns)
LIST_ACTIONS_BY: Final = f"""
SELECT {_FIELDS} FROM admin_action
WHERE admin = $5 AND id < $1 AND done_at >= $3 AND done_at < $4 ORDER BY id DESC LIMIT $2
"""  # noqa: S608 (a list of columns)
LIST_ACTIONS_OF: Final = f"""
SELECT {_FIELDS} FROM admin_action
WHERE action = $5 AND id < $1 AND done_at >= $3 AND done_at < $4 ORDER BY id DESC LIMIT $2
"""  # noqa: S608 (a list of columns)

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)


@frozen
class Order:
    """What an administrator orders; known by who orders it, the action and the key."""

    admin: str
    action: str
    subject: str
    reason: str
    key: str
    body_hash: bytes = field(repr=False)
    is_dry_run: bool = False


class KeyOfAnotherOrder(Exception):
    """The administrator's key stands for another order."""


class _Rehearsed(Exception):
    """Ends the transaction of a dry run, so that the database takes everything back."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("a dry run")
        self.answer = answer


async def carry_out(
    postgres: Postgres, order: Order, work: Callable[[Transaction], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """Do ``work`` once for an order and record it; a repeat gets the first answer.

    A dry run does the same work and takes it back: so it says what would happen, refusals included, with
    ``"dry_run": true``. Raises ``KeyOfAnotherOrder``, or whatever ``work`` raises; then nothing has changed
    and nothing is recorded.
    """
    try:
        async with postgres.transaction() as transaction:
            answer = await _find_answer(transaction, order)
            if answer is None:
                answer = await work(transaction)
                await record_action(transaction, order, answer)
            _take_back_rehearsal(order, answer)
            return answer
    except _Rehearsed as rehearsed:
        return {"dry_run": True} | rehearsed.answer


def _take_back_rehearsal(order: Order, answer: dict[str, Any]) -> None:
    if order.is_dry_run:
        raise _Rehearsed(answer)


async def _find_answer(transaction: Transaction, order: Order) -> dict[str, Any] | None:
    await transaction.execute(_LOCK_KEY, order.admin, order.action, order.key)
    row = await transaction.fetch_one(_FIND_ACTION, order.admin, order.action, order.key)
    if row is None:
        return None
    if row["body_hash"] != order.body_hash:
        raise KeyOfAnotherOrder
    answer: dict[str, Any] = json.loads(row["answer"])
    return answer


async def record_action(transaction: Transaction, order: Order, answer: Mapping[str, Any]) -> None:
    """Record an order that this transaction carries out."""
    await transaction.execute(
        _ADD_ACTION, order.admin, order.action, order.subject, order.reason, order.key, order.body_hash,
        json.dumps(answer),
    )  # fmt: skip


@frozen
class ActionFilter:
    """Which orders are asked for: of at most one of subject, administrator and action, and of a period."""

    subject: str | None = None
    admin: str | None = None
    action: str | None = None
    since: datetime = _EARLIEST
    until: datetime = _LATEST


EVERY_ACTION: Final = ActionFilter()


async def list_actions(
    postgres: Postgres, before: int, limit: int, asked: ActionFilter = EVERY_ACTION
) -> Sequence[Row]:
    """Give recorded orders, newest first, with ids below ``before``."""
    period = (asked.since, asked.until)
    for sql, value in (
        (LIST_ACTIONS_ABOUT, asked.subject),
        (LIST_ACTIONS_BY, asked.admin),
        (LIST_ACTIONS_OF, asked.action),
    ):
        if value is not None:
            return await postgres.fetch(sql, before, limit, *period, value)
    return await postgres.fetch(LIST_ACTIONS, before, limit, *period)


def hash_facts(subject: str, facts: Mapping[str, Any]) -> bytes:
    """Hash what an order says, so that another one under the same key is seen."""
    text = json.dumps(
        [subject, facts], sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=_name_choice
    )
    return sha256(text.encode()).digest()


def _name_choice(choice: Enum) -> Any:
    """Give what a choice of a few is called in a body."""
    return choice.value
