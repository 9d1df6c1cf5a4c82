"""A hand with all that is known of it, and the hands of a table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import HandId, TableId
from cardroom.service.postgres import Postgres, Row

_FIND_HAND: Final = """
SELECT hand_id, table_id, hand_no, previous, started_at, booked_at, rake, record_sha256,
       record IS NOT NULL AS has_record
FROM hand WHERE hand_id = $1
"""

_FIND_TRANSFER: Final = "SELECT id, shard, batch FROM transfer WHERE hand_id = $1 AND booked_at = $2"

_RESULTS: Final = """
SELECT user_id, seat, net, contributed_rake FROM hand_result WHERE hand_id = $1 AND booked_at = $2 ORDER BY seat
"""

_EVENTS: Final = """
SELECT seq_no, street::text AS street, seat, user_id, action, amount, cards, notation
FROM hand_event WHERE hand_id = $1 AND booked_at = $2 ORDER BY seq_no
"""

_HANDS_OF_TABLE: Final = """
SELECT hand_id, hand_no, started_at, booked_at, rake FROM hand
WHERE table_id = $1 AND started_at <= $2 AND (started_at, hand_no) < ($2, $3)
ORDER BY started_at DESC, hand_no DESC LIMIT $4
"""


@frozen
class WholeHand:
    """A settled hand, its transfer, its results by seat, and its events, if they are unpacked yet."""

    hand: Row
    transfer: Row | None
    results: Sequence[Row]
    events: Sequence[Row]


async def read_hand(postgres: Postgres, hand_id: HandId) -> WholeHand | None:
    """Give a hand; its events hold all hole cards, so only administrators may see them."""
    async with postgres.transaction() as transaction:
        hand = await transaction.fetch_one(_FIND_HAND, hand_id)
        if hand is None:
            return None
        key = (hand_id, hand["booked_at"])
        return WholeHand(
            hand,
            await transaction.fetch_one(_FIND_TRANSFER, *key),
            await transaction.fetch(_RESULTS, *key),
            await transaction.fetch(_EVENTS, *key),
        )


async def list_hands(
    postgres: Postgres, table_id: TableId, before: datetime, hand_no: int, limit: int
) -> Sequence[Row]:
    """Give hands of a table, the newest first, behind the hand of this start and number."""
    async with postgres.transaction() as transaction:
        return await transaction.fetch(_HANDS_OF_TABLE, table_id, before, hand_no, limit)
