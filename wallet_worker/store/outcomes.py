"""What became of each command, by its id."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import CommandId, ShardId
from cardroom.service.postgres import Transaction

_FIND_OUTCOMES: Final = "SELECT id, body_hash, reply FROM command WHERE id = ANY($1::uuid[])"

_STORE_OUTCOMES: Final = """
INSERT INTO command (id, shard, kind, body_hash, reply)
SELECT id, $1, kind, body_hash, reply
FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[]) AS new (id, kind, body_hash, reply)
"""


@frozen
class Outcome:
    """A stored outcome: the hash of the body it belongs to, and the reply as it is sent."""

    command_id: CommandId
    kind: str
    body_hash: bytes
    reply: bytes


async def find_outcomes(transaction: Transaction, ids: Sequence[CommandId]) -> dict[CommandId, Outcome]:
    """Give the outcomes that are stored of these commands."""
    rows = await transaction.fetch(_FIND_OUTCOMES, ids)
    return {
        CommandId(row["id"]): Outcome(CommandId(row["id"]), "", row["body_hash"], row["reply"])
        for row in rows
    }


async def store_outcomes(transaction: Transaction, shard: ShardId, outcomes: Sequence[Outcome]) -> None:
    """Store outcomes for good; refused by the database where one of the ids has an outcome already."""
    if outcomes:
        await transaction.execute(
            _STORE_OUTCOMES,
            shard,
            [outcome.command_id for outcome in outcomes],
            [outcome.kind for outcome in outcomes],
            [outcome.body_hash for outcome in outcomes],
            [outcome.reply for outcome in outcomes],
        )
