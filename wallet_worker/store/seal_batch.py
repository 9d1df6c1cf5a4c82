"""The integrity chain: a digest over everything a batch wrote, and the link that its HMAC makes."""

from collections.abc import Callable
from typing import Final

from cardroom.ids import ShardId
from cardroom.service.postgres import Transaction
from wallet_worker.store.lock_shard import LockedShard

# Every fact that decides money, as text, in a fixed order: whose an account is, too, but not the seat, which
# changes. Free text is written in hexadecimal, so that it cannot look like other facts. Verifying computes the same.
BATCH_DIGESTS: Final = """
SELECT transfer.shard, transfer.batch, sha256(convert_to(string_agg(concat_ws('|',
    transfer.id, transfer.kind, transfer.command_id, (extract(epoch FROM transfer.booked_at) * 1000000)::bigint,
    coalesce(encode(convert_to(transfer.reason, 'UTF8'), 'hex'), '-'), posted.entries, settled.hand), E'\\n' ORDER BY transfer.id), 'UTF8')) AS digest
FROM transfer
LEFT JOIN LATERAL (
    SELECT string_agg(concat_ws(',', entry.account_id, account.kind, coalesce(account.user_id, 0),
                                coalesce(account.table_id, 0), coalesce(account.shard, -2), account.coin,
                                entry.amount, entry.balance_after, entry.version), ';'
                      ORDER BY entry.account_id) AS entries
    FROM entry LEFT JOIN account ON account.id = entry.account_id WHERE entry.transfer_id = transfer.id
) AS posted ON true
LEFT JOIN LATERAL (
    SELECT concat_ws(',', hand.hand_id, hand.table_id, hand.hand_no, hand.previous, hand.rake,
                     encode(hand.record_sha256, 'hex'),
                     (SELECT string_agg(concat_ws(':', user_id, seat, net, contributed_rake), ';' ORDER BY user_id)
                      FROM hand_result WHERE hand_result.hand_id = hand.hand_id)) AS hand
    FROM hand WHERE hand.hand_id = transfer.hand_id
) AS settled ON true
"""

_DIGEST_BATCH: Final = (
    BATCH_DIGESTS
    + "WHERE transfer.shard = $1 AND transfer.batch = $2 GROUP BY transfer.shard, transfer.batch"
)

_ADD_LINK: Final = "INSERT INTO batch (shard, number, digest, mac) VALUES ($1, $2, $3, $4)"

_MOVE_HEAD: Final = "UPDATE shard SET last_batch = $2, chain_mac = $3 WHERE id = $1 AND last_batch = $2 - 1"

Link = Callable[[bytes | None, ShardId, int, bytes], bytes]
"""Gives a batch's MAC from the one before, the shard, the batch's number and its digest."""


async def seal_batch(transaction: Transaction, shard: ShardId, locked: LockedShard, link: Link) -> None:
    """Append the batch to the shard's chain, as the last step; a batch that moved no money is no link."""
    number = locked.last_batch + 1
    row = await transaction.fetch_one(_DIGEST_BATCH, shard, number)
    if row is None:
        return
    mac = link(locked.chain_mac, shard, number, row["digest"])
    await transaction.execute(_ADD_LINK, shard, number, row["digest"], mac)
    moved = await transaction.execute(_MOVE_HEAD, shard, number, mac)
    assert moved == 1, "the shard's lock is held"
