"""Deposits on their way, as gateways tell of them. What changes one locks its row first."""

import json
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Reader, Row, Transaction
from wallet_worker.rules.chain_deposit import ChainDeposit, ChainState, Told, retry_delay, state_of_new

FACTS: Final = """
id, gateway, coin, tx_hash, output_number, address, external_id, user_id, coin_amount::text AS coin_amount, coin_scale,
confirmations, needed, state, reason, alarm, is_cleared, tries, payment_id, held_id, originator::text AS originator,
extract(epoch FROM told_at)::bigint AS told_unix
"""

# Outputs of one transaction are heard one after the other: so they are numbered one after the other, too, where the
# gateway does not count them. In order, so that nobody waits for another in a circle; before any row.
_LOCK_TRANSACTIONS: Final = """
SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('|', told.coin, told.tx_hash), 4734))
FROM (SELECT DISTINCT coin, tx_hash FROM unnest($1::text[], $2::text[]) AS one (coin, tx_hash)
      ORDER BY coin, tx_hash) AS told
"""

_LOCK_OUTPUTS: Final = f"""
SELECT {FACTS} FROM chain_deposit
WHERE (coin, tx_hash) IN (SELECT one.coin, one.tx_hash FROM unnest($1::text[], $2::text[]) AS one (coin, tx_hash))
ORDER BY id FOR UPDATE
"""

_LOCK: Final = f"SELECT {FACTS} FROM chain_deposit WHERE id = $1 FOR UPDATE"

_ADD: Final = f"""
INSERT INTO chain_deposit (gateway, coin, tx_hash, output_number, address, external_id, user_id, coin_amount,
                           coin_scale, confirmations, needed, state, originator, told_at, confirmed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::numeric, $9, $10, $11, $12, $13::text::jsonb, to_timestamp($14::bigint),
        CASE WHEN $12 = 'confirmed' THEN now() END)
RETURNING {FACTS}
"""

_CHANGE: Final = """
UPDATE chain_deposit
SET user_id = $2, confirmations = $3, needed = $4, state = $5, reason = $6, alarm = $7, is_cleared = $8, tries = $9,
    told_at = to_timestamp($10::bigint), payment_id = $11, held_id = $12, originator = $13::text::jsonb,
    changed_at = now(), next_try_at = CASE WHEN $15 THEN least(next_try_at, now() + make_interval(secs => $14))
                                           ELSE now() + make_interval(secs => $14) END,
    confirmed_at = CASE WHEN $5 IN ('confirming', 'gone', 'unmatched') THEN NULL
                        WHEN $5 = 'confirmed' THEN coalesce(confirmed_at, now()) ELSE confirmed_at END
WHERE id = $1
"""

# Who takes a deposit puts its next look off, so that no other worker looks meanwhile; were two to, no harm is done.
_CLAIM: Final = f"""
UPDATE chain_deposit SET next_try_at = now() + make_interval(secs => $2)
WHERE id IN (
    SELECT id FROM chain_deposit WHERE next_try_at <= now() AND state IN ('confirming', 'confirmed')
    ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING {FACTS}
"""

# Never brought forward: what was told meanwhile may have let it be looked at again at once. What somebody writes just
# now is passed over, here and below: whoever waits for one of several while he holds another may wait in a circle.
_RENEW: Final = """
UPDATE chain_deposit SET next_try_at = now() + make_interval(secs => $2)
WHERE id IN (
    SELECT id FROM chain_deposit
    WHERE id = ANY($1::bigint[]) AND next_try_at BETWEEN now() AND now() + make_interval(secs => $2)
          AND state IN ('confirming', 'confirmed')
    FOR UPDATE SKIP LOCKED)
"""

_PUT_OFF: Final = """
UPDATE chain_deposit SET next_try_at = greatest(next_try_at, now() + make_interval(secs => $3))
WHERE id IN (
    SELECT id FROM chain_deposit WHERE coin = $1 AND address = $2 AND state = 'confirming' FOR UPDATE SKIP LOCKED)
"""

WAITING: Final = """
SELECT state, split_part(coalesce(reason, ''), ':', 1) AS reason, count(*) AS number,
       extract(epoch FROM now() - min(seen_at))::bigint AS oldest_seconds
FROM chain_deposit WHERE state IN ('confirming', 'confirmed', 'held', 'review', 'unmatched')
GROUP BY 1, 2
"""


class NoSuchDeposit(Exception):
    """There is no deposit of this number."""


@frozen
class Change:
    """A deposit before and after what was done to it; the same where nothing was. None: it was not there."""

    before: ChainDeposit | None
    after: ChainDeposit


@frozen
class Waiting:
    """How many deposits wait so far and for that reason (empty for none), and how old the oldest one is."""

    state: ChainState
    reason: str
    number: int
    oldest_seconds: int


async def lock_outputs(
    transaction: Transaction, told: Sequence[Told]
) -> dict[tuple[str, str], list[ChainDeposit]]:
    """Give what is known of the transactions that are told, by coin and hash.

    Nobody else adds to them or changes what is known until this transaction ends.
    """
    coins, hashes = [one.coin for one in told], [one.tx_hash for one in told]
    await transaction.execute(_LOCK_TRANSACTIONS, coins, hashes)
    known: dict[tuple[str, str], list[ChainDeposit]] = {(one.coin, one.tx_hash): [] for one in told}
    for row in await transaction.fetch(_LOCK_OUTPUTS, coins, hashes):
        known[row["coin"], row["tx_hash"]].append(read_row(row))
    return known


async def lock_deposit(transaction: Transaction, number: int) -> ChainDeposit:
    """Give a deposit that nobody else changes until this transaction ends; raises ``NoSuchDeposit``."""
    row = await transaction.fetch_one(_LOCK, number)
    if row is None:
        raise NoSuchDeposit
    return read_row(row)


async def add_deposit(
    transaction: Transaction, told: Told, gateway: str, owner: UserId | None, output_number: int
) -> ChainDeposit:
    """Write down what is told for the first time; ``owner`` is whose address it came to."""
    state = state_of_new(owner, told.confirmations, told.needed)
    row = await transaction.fetch_one(
        _ADD, gateway, told.coin, told.tx_hash, output_number, told.address, told.external_id, owner,
        str(told.coin_amount), told.coin_scale, told.confirmations, told.needed, state.value,
        json.dumps(dict(told.originator)), told.told_unix,
    )  # fmt: skip
    assert row is not None, "an insert gives its row"
    return read_row(row)


async def write_deposit(
    transaction: Transaction, deposit: ChainDeposit, retry_seconds: float, *, puts_off: bool = True
) -> None:
    """Write how far a locked deposit is, and that it is looked at again: the more often it was, the later.

    Without ``puts_off`` never later than it would have been: who only tells of it again does not keep it waiting.
    """
    written = await transaction.execute(
        _CHANGE, deposit.number, deposit.user_id, deposit.confirmations, deposit.needed, deposit.state.value,
        deposit.reason, deposit.alarm, deposit.is_cleared, deposit.tries, deposit.told_unix, deposit.payment_id,
        deposit.held_id, json.dumps(dict(deposit.originator)), retry_delay(deposit.tries, retry_seconds),
        not puts_off,
    )  # fmt: skip
    assert written == 1, "the deposit is locked"


async def change_within(
    transaction: Transaction,
    number: int,
    rule: Callable[[ChainDeposit], ChainDeposit],
    retry_seconds: float,
) -> Change:
    """Do to a deposit what a rule says of it as it then is; whatever the rule raises changes nothing."""
    before = await lock_deposit(transaction, number)
    after = rule(before)
    if after != before:
        await write_deposit(transaction, after, retry_seconds)
    return Change(before, after)


async def change_deposit(
    postgres: Postgres, number: int, rule: Callable[[ChainDeposit], ChainDeposit], retry_seconds: float
) -> Change:
    """Do the same in a transaction of its own."""
    async with postgres.transaction() as transaction:
        return await change_within(transaction, number, rule, retry_seconds)


async def claim_due(postgres: Postgres, at_most: int, seconds: float) -> Sequence[ChainDeposit]:
    """Take deposits that are due; who has not ended with one after ``seconds`` leaves it to others."""
    async with postgres.transaction() as transaction:
        rows = await transaction.fetch(_CLAIM, at_most, seconds)
    return [read_row(row) for row in rows]


async def renew_claims(postgres: Postgres, numbers: Sequence[int], seconds: float) -> None:
    """Keep deposits that were taken for as many seconds more; one that is due by now is left as it is."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_RENEW, list(numbers), seconds)


async def put_off_at(postgres: Postgres, coin: str, address: str, seconds: float) -> None:
    """Let nobody ask for news of what is confirming at an address for so long: it was just asked for all of it.

    A message that confirms one lets that be looked at at once all the same.
    """
    async with postgres.transaction() as transaction:
        await transaction.execute(_PUT_OFF, coin, address, seconds)


async def count_waiting(reader: Reader) -> Sequence[Waiting]:
    """Count what is neither credited nor refused."""
    return [
        Waiting(ChainState(row["state"]), row["reason"], row["number"], row["oldest_seconds"])
        for row in await reader.fetch(WAITING)
    ]


def read_row(row: Row) -> ChainDeposit:
    """Read a row that has ``FACTS``."""
    return ChainDeposit(
        number=row["id"],
        gateway=row["gateway"],
        coin=row["coin"],
        tx_hash=row["tx_hash"],
        output_number=row["output_number"],
        address=row["address"],
        coin_amount=int(row["coin_amount"]),
        coin_scale=row["coin_scale"],
        external_id=row["external_id"],
        user_id=None if row["user_id"] is None else UserId(row["user_id"]),
        confirmations=row["confirmations"],
        needed=row["needed"],
        state=ChainState(row["state"]),
        told_unix=row["told_unix"],
        reason=row["reason"],
        alarm=row["alarm"],
        is_cleared=row["is_cleared"],
        tries=row["tries"],
        payment_id=row["payment_id"],
        held_id=row["held_id"],
        originator=json.loads(row["originator"]) if row["originator"] else {},
    )
