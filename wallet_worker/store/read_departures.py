"""Who has left the tables of a shard lately, and with how much (rule 35)."""

from collections.abc import Mapping
from typing import Final

from cardroom.ids import ShardId, TableId, UserId
from cardroom.money import Krw
from cardroom.service.postgres import Transaction
from cardroom.wire.ledger import DEPARTURE_MS, MAX_DEPARTURES, MAX_TABLE_DEPARTURES, Departure

# A cash-out takes the whole escrow, so a departure that still counts is the account's last posting: who has
# come back has a buy-in after it, and who has then lost everything a hand. The way goes from the shard's cash-outs
# of the hour (by transfer_cash_out) to their postings and accounts: it costs the same however old the ledger is.
READ_DEPARTURES: Final = f"""
SELECT table_id, user_id, stack, (extract(epoch FROM booked_at) * 1000)::bigint AS left_unix_ms
FROM (
    SELECT account.table_id, account.user_id, -entry.amount AS stack, transfer.booked_at, transfer.id,
           row_number() OVER (PARTITION BY account.table_id ORDER BY transfer.booked_at DESC, transfer.id DESC) AS place
    FROM transfer
    JOIN entry ON entry.transfer_id = transfer.id AND entry.booked_at = transfer.booked_at
    JOIN account ON account.id = entry.account_id AND account.version = entry.version
    WHERE transfer.shard = $1 AND transfer.kind = 'cash_out'
      AND transfer.booked_at > now() - interval '{DEPARTURE_MS} milliseconds'
      AND account.kind = 'escrow'
) AS departure
WHERE place <= {MAX_TABLE_DEPARTURES}
ORDER BY booked_at DESC, id DESC
LIMIT {MAX_DEPARTURES}
"""


async def read_departures(
    transaction: Transaction, shard: ShardId
) -> Mapping[TableId, tuple[Departure, ...]]:
    """Give the departures of the last hour by table, the newest first; no more than the wire has room for."""
    found: dict[TableId, list[Departure]] = {}
    for row in await transaction.fetch(READ_DEPARTURES, shard):
        departure = Departure(UserId(row["user_id"]), Krw(row["stack"]), row["left_unix_ms"])
        found.setdefault(TableId(row["table_id"]), []).append(departure)
    return {table_id: tuple(departures) for table_id, departures in found.items()}
