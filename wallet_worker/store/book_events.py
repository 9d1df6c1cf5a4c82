"""Unpack the records of settled hands into rows: what is next of a shard, and the rows of a group."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.handrecord.events import HandEvent
from cardroom.ids import HandId, ShardId
from cardroom.service.postgres import Transaction

_ADD_PROGRESS: Final = "INSERT INTO hand_event_progress (shard) VALUES ($1) ON CONFLICT (shard) DO NOTHING"

_LOCK_PROGRESS: Final = """
SELECT batch, transfer_id, booked_at FROM hand_event_progress WHERE shard = $1 FOR UPDATE SKIP LOCKED
"""

# By batch, the order in which a shard's hands were booked. Months that ended before the last one that was unpacked
# are not searched; the month in between is room for a clock of the database that was set back. The transfers are
# picked first: joined at once with the hands, all hands of all months would be read for a few of them.
_NEXT_RECORDS: Final = """
WITH following AS MATERIALIZED (
    SELECT id, batch, hand_id, booked_at FROM transfer
    WHERE shard = $1 AND (batch, id) > ($2, $3) AND hand_id IS NOT NULL
      AND booked_at >= $4::timestamptz - interval '1 month'
    ORDER BY batch, id LIMIT $5
)
SELECT following.id AS transfer_id, batch, following.hand_id, following.booked_at, record
FROM following
LEFT JOIN hand ON hand.hand_id = following.hand_id AND hand.booked_at = following.booked_at
ORDER BY batch, following.id
"""

_ADD_EVENTS: Final = """
INSERT INTO hand_event (hand_id, booked_at, seq_no, street, action, seat, user_id, amount, cards, notation)
SELECT hand_id, booked_at, seq_no, street::hand_street, action, seat, user_id, amount, nullif(cards, ''), notation
FROM unnest($1::uuid[], $2::timestamptz[], $3::smallint[], $4::text[], $5::text[], $6::smallint[], $7::bigint[],
            $8::bigint[], $9::text[], $10::text[])
    AS new (hand_id, booked_at, seq_no, street, action, seat, user_id, amount, cards, notation)
"""

_MOVE_PROGRESS: Final = """
UPDATE hand_event_progress SET batch = $2, transfer_id = $3, booked_at = $4 WHERE shard = $1
"""


@frozen
class SettledHand:
    """A hand whose record is to be unpacked, and where it stands in its shard's order."""

    hand_id: HandId
    booked_at: datetime
    batch: int
    transfer_id: int
    record: bytes | None


@frozen
class UnpackedHand:
    """A hand and what happened in it; nothing, if its record could not be read."""

    hand: SettledHand
    events: tuple[HandEvent, ...]


async def next_hands(transaction: Transaction, shard: ShardId, limit: int) -> list[SettledHand]:
    """Give the hands behind those that are unpacked, and lock the shard's progress.

    None at all while another worker has the lock.
    """
    await transaction.execute(_ADD_PROGRESS, shard)
    place = await transaction.fetch_one(_LOCK_PROGRESS, shard)
    if place is None:
        return []
    rows = await transaction.fetch(
        _NEXT_RECORDS, shard, place["batch"], place["transfer_id"], place["booked_at"], limit
    )
    return [
        SettledHand(HandId(row["hand_id"]), row["booked_at"], row["batch"], row["transfer_id"], row["record"])
        for row in rows
    ]


async def book_events(transaction: Transaction, shard: ShardId, hands: Sequence[UnpackedHand]) -> int:
    """Store the events of hands that ``next_hands`` gave, and move the progress behind them; gives the rows."""
    events = [(one.hand, number, event) for one in hands for number, event in enumerate(one.events, start=1)]
    written = await transaction.execute(
        _ADD_EVENTS,
        [hand.hand_id for hand, _, _ in events],
        [hand.booked_at for hand, _, _ in events],
        [number for _, number, _ in events],
        [event.street.value for _, _, event in events],
        [event.action for _, _, event in events],
        [event.seat for _, _, event in events],
        [event.user_id for _, _, event in events],
        [event.amount for _, _, event in events],
        [event.cards for _, _, event in events],
        [event.notation for _, _, event in events],
    )
    last = hands[-1].hand
    moved = await transaction.execute(_MOVE_PROGRESS, shard, last.batch, last.transfer_id, last.booked_at)
    assert moved == 1, "the progress is locked"
    return written
