"""Lock a dead letter with its shard, note what became of it, and release its table."""

import json
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from cardroom.ids import BootNonce, Epoch, ShardId, TableId, UserId
from cardroom.service.admin_actions import Order, hash_facts, record_action
from cardroom.service.postgres import Postgres, Transaction
from wallet_worker.store.lock_shard import LockedShard

_FIND_SHARD: Final = "SELECT shard FROM dead_letter WHERE id = $1"

# Whatever the term: the reader of the stream waits meanwhile, before its next batch.
_LOCK_SHARD: Final = """
SELECT epoch, last_batch, chain_mac, owner_boot, (extract(epoch FROM now()) * 1000)::bigint AS unix_ms
FROM shard WHERE id = $1 FOR UPDATE
"""

_LOCK_LETTER: Final = """
SELECT stream_id, table_id, payload, resolution, outcome, resolved_by, resolved_reason
FROM dead_letter WHERE id = $1 FOR UPDATE
"""

_FIND_KEY: Final = "SELECT id, resolution FROM dead_letter WHERE resolved_key = $1"

_RESOLVE: Final = """
UPDATE dead_letter SET resolved_at = now(), resolution = $2, resolved_by = $3, resolved_reason = $4,
    resolved_key = $5, outcome = $6::jsonb
WHERE id = $1 AND resolved_at IS NULL
"""

_FAIL: Final = """
UPDATE dead_letter SET failed_at = now(), failure = $2 WHERE id = $1 AND resolved_at IS NULL
"""

_RELEASE_TABLE: Final = """
UPDATE game_table SET released_at = now()
WHERE id = $1 AND shard = $2 AND halted_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM dead_letter WHERE table_id = $1 AND resolved_at IS NULL)
"""

_FIND_RELEASE: Final = """
SELECT (extract(epoch FROM released_at) * 1000000)::bigint AS release FROM game_table
WHERE id = $1 AND released_at IS NOT NULL
"""

_WHO_SITS: Final = """
SELECT user_id FROM account WHERE kind = 'escrow' AND balance > 0 AND table_id = $1 ORDER BY user_id
"""

_MAX_FAILURE_LETTERS: Final = 1000


@frozen
class Resolution:
    """How somebody resolves a letter (``retried`` or ``voided``), and why; ``key`` is a caller's own, if any."""

    letter_id: int
    how: str
    by: str
    reason: str
    key: str | None = None


@frozen
class LockedLetter:
    """A letter and its shard, both locked until the transaction ends."""

    letter_id: int
    shard: ShardId
    locked: LockedShard
    owner_boot: BootNonce | None
    stream_id: bytes
    payload: bytes
    table_id: TableId | None
    resolution: str | None
    outcome: Mapping[str, Any] | None
    """What the first resolution answered."""


class NoSuchLetter(Exception):
    """There is no dead letter of that number."""


class LetterKeyReused(Exception):
    """The key stands for another letter, or for the other way to resolve this one."""


async def lock_letter(transaction: Transaction, wanted: Resolution) -> LockedLetter:
    """Lock shard, then letter: the order of a batch that buries one. Raises ``NoSuchLetter``, ``LetterKeyReused``."""
    found = await transaction.fetch_one(_FIND_SHARD, wanted.letter_id)
    if found is None:
        raise NoSuchLetter
    shard = await transaction.fetch_one(_LOCK_SHARD, found["shard"])
    letter = await transaction.fetch_one(_LOCK_LETTER, wanted.letter_id)
    assert shard is not None, "a letter's shard stands"
    assert letter is not None, "letters are never deleted"
    if wanted.key is not None:
        used = await transaction.fetch_one(_FIND_KEY, wanted.key)
        if used is not None and (used["id"], used["resolution"]) != (wanted.letter_id, wanted.how):
            raise LetterKeyReused
    return LockedLetter(
        letter_id=wanted.letter_id,
        shard=ShardId(found["shard"]),
        locked=LockedShard(Epoch(shard["epoch"]), shard["last_batch"], shard["chain_mac"], shard["unix_ms"]),
        owner_boot=BootNonce(shard["owner_boot"]) if shard["owner_boot"] else None,
        stream_id=letter["stream_id"].encode(),
        payload=letter["payload"],
        table_id=TableId(letter["table_id"]) if letter["table_id"] is not None else None,
        resolution=letter["resolution"],
        outcome=json.loads(letter["outcome"]) if letter["outcome"] else None,
    )


async def resolve_letter(
    transaction: Transaction, letter: LockedLetter, wanted: Resolution, outcome: Mapping[str, Any]
) -> None:
    """Note the resolution, here and among the orders, and release the table where no other of its letters waits.

    Needs both locks.
    """
    noted = await transaction.execute(
        _RESOLVE, wanted.letter_id, wanted.how, wanted.by, wanted.reason, wanted.key, json.dumps(outcome)
    )
    assert noted == 1, "the letter is locked and was not resolved"
    await record_action(transaction, _order_of(wanted), outcome)
    if letter.table_id is not None:
        await transaction.execute(_RELEASE_TABLE, letter.table_id, letter.shard)


def _order_of(wanted: Resolution) -> Order:
    subject = f"letter:{wanted.letter_id}"
    facts = {"how": wanted.how}
    return Order(
        admin=wanted.by,
        action=f"letter_{wanted.how}",
        subject=subject,
        reason=wanted.reason,
        key=wanted.key or subject,
        body_hash=hash_facts(subject, facts),
    )


async def find_release(transaction: Transaction, table_id: TableId | None) -> int | None:
    """Give the number of a table's release, while its owner has not opened it anew; else None."""
    row = None if table_id is None else await transaction.fetch_one(_FIND_RELEASE, table_id)
    return None if row is None else int(row["release"])


async def who_sits(transaction: Transaction, table_id: TableId) -> list[UserId]:
    """Give whose money lies at a table. Needs the shard's lock."""
    return [UserId(row["user_id"]) for row in await transaction.fetch(_WHO_SITS, table_id)]


async def note_failure(postgres: Postgres, letter_id: int, failure: str) -> None:
    """Note why a letter could not be retried; it stays as it is."""
    text = failure.replace("\0", "")[:_MAX_FAILURE_LETTERS]
    async with postgres.transaction() as transaction:
        await transaction.execute(_FAIL, letter_id, text)
