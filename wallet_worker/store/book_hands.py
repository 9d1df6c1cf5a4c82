"""Store settled hands, and make each table's last one known."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from cardroom.ids import HandId, TableId
from cardroom.service.postgres import Transaction
from wallet_worker.rules.books import FinishedHand

_ADD_HANDS: Final = """
INSERT INTO hand (hand_id, table_id, hand_no, previous, started_at, rake, money_hash, record, record_sha256,
                  booked_at)
SELECT hand_id, table_id, hand_no, previous, to_timestamp(started_unix_ms / 1000.0), rake, money_hash, record,
       record_sha256, $10
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bytea[],
            $8::bytea[], $9::bytea[])
    AS new (hand_id, table_id, hand_no, previous, started_unix_ms, rake, money_hash, record, record_sha256)
"""

_ADD_RESULTS: Final = """
INSERT INTO hand_result (hand_id, user_id, seat, net, contributed_rake, booked_at)
SELECT ($1::uuid[])[line], user_id, seat, net, contributed_rake, $7
FROM unnest($2::integer[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[])
    AS new (line, user_id, seat, net, contributed_rake)
"""

_MOVE_TABLES: Final = """
UPDATE game_table SET last_hand_id = new.last_id, last_hand_no = new.last_no
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::bigint[])
    AS new (table_id, last_id, last_no, first_previous, first_no)
WHERE game_table.id = new.table_id
  AND game_table.last_hand_no = new.first_no - 1
  AND game_table.last_hand_id IS NOT DISTINCT FROM new.first_previous
"""


async def book_hands(transaction: Transaction, hands: Sequence[FinishedHand], booked_at: datetime) -> None:
    """Store hands that follow each other at their tables; asserts that they follow what stands there."""
    if not hands:
        return
    await transaction.execute(_ADD_HANDS, *_hand_columns(hands), booked_at)
    results = [(line, result) for line, hand in enumerate(hands, start=1) for result in hand.results]
    await transaction.execute(
        _ADD_RESULTS,
        [hand.hand_id for hand in hands],
        [line for line, _ in results],
        [result.user_id for _, result in results],
        [result.seat for _, result in results],
        [result.net for _, result in results],
        [result.contributed_rake for _, result in results],
        booked_at,
    )
    moves = _moves(hands)
    moved = await transaction.execute(_MOVE_TABLES, *map(list, zip(*moves, strict=True)))
    assert moved == len(moves), f"{len(moves) - moved} tables stand at another hand"


def _hand_columns(hands: Sequence[FinishedHand]) -> tuple[list[object], ...]:
    return (
        [hand.hand_id for hand in hands],
        [hand.table_id for hand in hands],
        [hand.hand_no for hand in hands],
        [hand.previous for hand in hands],
        [hand.started_unix_ms for hand in hands],
        [hand.rake for hand in hands],
        [hand.money_hash for hand in hands],
        [hand.record for hand in hands],
        [sha256(hand.record or b"").digest() for hand in hands],
    )


_Move = tuple[TableId, HandId, int, HandId | None, int]


def _moves(hands: Sequence[FinishedHand]) -> list[_Move]:
    """Give for each table its last hand of these, and where the first of them expects the table to stand."""
    first: dict[TableId, FinishedHand] = {}
    last: dict[TableId, FinishedHand] = {}
    for hand in hands:
        first.setdefault(hand.table_id, hand)
        last[hand.table_id] = hand
    return [
        (table_id, last[table_id].hand_id, last[table_id].hand_no, begin.previous, begin.hand_no)
        for table_id, begin in first.items()
    ]
