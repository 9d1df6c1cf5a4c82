"""Rows that break an invariant of the ledger: each query gives none when it holds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from cardroom.service.postgres import Transaction
from wallet_worker.store.checkpoints import Checkpoint

_LIMIT: Final = 5
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

# What came after a checkpoint ($1; NULL: from the beginning), and what stood then. Nothing of it was booked before $2,
# so that older months are not looked into.
_AFTER: Final = """
WITH stood AS (
    SELECT account_id, version, balance, owner FROM checkpoint_account WHERE checkpoint_id = $1::bigint
), stood_at AS (
    SELECT table_id, hand_no, hand_id FROM checkpoint_table WHERE checkpoint_id = $1
), sealed AS (
    SELECT shard.id AS shard, coalesce(head.batch, 0) AS batch
    FROM shard LEFT JOIN checkpoint_head AS head ON head.shard = shard.id AND head.checkpoint_id = $1
), moved AS NOT MATERIALIZED (
    SELECT transfer.* FROM transfer LEFT JOIN sealed ON sealed.shard = transfer.shard
    WHERE transfer.booked_at >= $2::timestamptz AND transfer.batch > coalesce(sealed.batch, 0)
), posted AS NOT MATERIALIZED (
    SELECT entry.* FROM entry LEFT JOIN stood ON stood.account_id = entry.account_id
    WHERE entry.booked_at >= $2 AND entry.version > coalesce(stood.version, 0)
), played AS NOT MATERIALIZED (
    SELECT hand.* FROM hand LEFT JOIN stood_at ON stood_at.table_id = hand.table_id
    WHERE hand.booked_at >= $2 AND hand.hand_no > coalesce(stood_at.hand_no, 0)
)
"""

FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "transfers sum to zero": """
            SELECT 'transfer ' || transfer_id || ' sums to ' || sum(amount) AS fault
            FROM posted GROUP BY transfer_id HAVING sum(amount) <> 0""",
        "transfers have entries": """
            SELECT 'transfer ' || id || ' has no entries' AS fault FROM moved
            WHERE kind <> 'hand' AND NOT EXISTS (
                SELECT FROM entry WHERE entry.transfer_id = moved.id AND entry.booked_at = moved.booked_at
                  AND entry.booked_at >= $2)""",
        "transfers belong to a sealed batch": """
            SELECT 'transfer ' || id || ' is of batch ' || batch || ' of shard ' || shard || ', which was never sealed' AS fault
            FROM moved WHERE NOT EXISTS (
                SELECT FROM batch WHERE batch.shard = moved.shard AND batch.number = moved.batch)""",
        "every batch stands in its chain": """
            SELECT 'batch ' || last || ' of shard ' || batched.shard || ' stands behind the end of its chain' AS fault
            FROM (
                WITH RECURSIVE of_batches (shard) AS (
                    SELECT min(shard) FROM batch
                    UNION ALL
                    SELECT (SELECT min(batch.shard) FROM batch WHERE batch.shard > of_batches.shard)
                    FROM of_batches WHERE of_batches.shard IS NOT NULL
                )
                SELECT shard, (SELECT max(number) FROM batch WHERE batch.shard = of_batches.shard) AS last
                FROM of_batches WHERE shard IS NOT NULL
            ) AS batched LEFT JOIN shard ON shard.id = batched.shard
            WHERE last > coalesce(shard.last_batch, 0)""",
        "entries belong to a transfer": """
            SELECT 'entry ' || version || ' of account ' || account_id || ' belongs to no transfer after the checkpoint' AS fault
            FROM posted WHERE NOT EXISTS (
                SELECT FROM moved WHERE moved.id = posted.transfer_id AND moved.booked_at = posted.booked_at)""",
        "payments and adjustments are what was sealed": """
            SELECT 'transfer ' || ordered.id || ' does not say what its ' ||
                   CASE kind WHEN 'adjustment' THEN 'adjustment' ELSE 'payment' END || ' says' AS fault
            FROM (
                WITH ordered AS MATERIALIZED (
                    SELECT id, kind, reason FROM moved
                    WHERE kind IN ('crypto_deposit', 'crypto_withdrawal', 'withdrawal_hold', 'withdrawal_release', 'adjustment')
                )
                SELECT ordered.*, told.user_id, told.amount FROM ordered LEFT JOIN (
                    SELECT transfer_id, max(user_id) AS user_id, max(amount) AS amount
                    FROM posted JOIN account ON account.id = posted.account_id
                    WHERE transfer_id IN (SELECT id FROM ordered) GROUP BY transfer_id
                ) AS told ON told.transfer_id = ordered.id
            ) AS ordered
            LEFT JOIN payment_transfer AS step ON step.transfer_id = ordered.id
            LEFT JOIN outside_payment AS payment ON payment.id = step.payment_id
            LEFT JOIN adjustment ON adjustment.transfer_id = ordered.id
            WHERE CASE kind
                WHEN 'adjustment' THEN state = 'approved' AND adjustment.amount = ordered.amount AND ordered.reason = format(
                    'adjustment %s by %s and %s: %s', adjustment.id, proposed_by, decided_by, adjustment.reason)
                ELSE payment.user_id = ordered.user_id
                    AND (krw_amount = ordered.amount OR (kind = 'crypto_withdrawal' AND krw_amount > ordered.amount))
                    AND CASE kind
                        WHEN 'crypto_deposit' THEN step = 'credited' AND ordered.reason = concat_ws(
                            ' ', coin, coin_amount, coin_scale, rate, tx_hash, output_number, address)
                        WHEN 'withdrawal_hold' THEN step = 'held' AND ordered.reason = concat_ws(' ', coin, address)
                        WHEN 'withdrawal_release' THEN step = 'released' AND status = 'released'
                        ELSE step = 'paid' AND ordered.reason = concat_ws(' ', coin, coin_amount, coin_scale, rate, tx_hash)
                    END
                END IS NOT TRUE""",
        "payments have moved their money": """
            SELECT 'payment ' || payment.id || ' is ' || status || ', and nothing moved' AS fault
            FROM outside_payment AS payment
            LEFT JOIN payment_transfer AS step ON step.payment_id = payment.id AND step.step = payment.status
            WHERE step.transfer_id IS NULL
            UNION ALL
            SELECT 'user ' || held.user_id || ' has ' || coalesce(balance, 0) || ' pending, and ' || amount || ' is held' AS fault
            FROM (
                SELECT user_id, sum(krw_amount) AS amount FROM outside_payment WHERE status = 'held' GROUP BY user_id
            ) AS held
            LEFT JOIN account ON account.user_id = held.user_id AND kind = 'pending_withdrawal'
            WHERE coalesce(balance, 0) < amount""",
        "results belong to a hand": """
            SELECT 'the result of user ' || user_id || ' belongs to no hand' AS fault
            FROM hand_result WHERE booked_at >= $2 AND NOT EXISTS (
                SELECT FROM hand WHERE hand.hand_id = hand_result.hand_id AND hand.booked_at = hand_result.booked_at
                  AND hand.booked_at >= $2)""",
        "accounts stay for ever, and whose they are": """
            SELECT 'account ' || account_id || CASE WHEN account.id IS NULL THEN ' is gone' ELSE ' was another''s' END AS fault
            FROM stood LEFT JOIN account ON account.id = stood.account_id
            WHERE account.id IS NULL OR stood.owner <> concat_ws(
                ',', kind, coalesce(user_id, 0), coalesce(table_id, 0), coalesce(shard, -2), coin)""",
        "balances are the sum of their entries": """
            SELECT 'account ' || account.id || ' holds ' || account.balance || ', its entries '
                   || coalesce(stood.balance, 0) + coalesce(total, 0) AS fault
            FROM account LEFT JOIN stood ON stood.account_id = account.id LEFT JOIN (
                SELECT account_id, sum(amount) AS total FROM posted GROUP BY account_id
            ) AS summed ON summed.account_id = account.id
            WHERE account.balance <> coalesce(stood.balance, 0) + coalesce(total, 0)""",
        "versions count the entries": """
            SELECT 'account ' || account.id || ' is at version ' || account.version || ' of '
                   || coalesce(stood.version, 0) + coalesce(steps, 0) AS fault
            FROM account LEFT JOIN stood ON stood.account_id = account.id LEFT JOIN (
                SELECT account_id, count(*) AS steps, max(version) AS last FROM posted GROUP BY account_id
            ) AS counted ON counted.account_id = account.id
            WHERE account.version <> coalesce(stood.version, 0) + coalesce(steps, 0)
               OR account.version <> coalesce(last, stood.version, 0)""",
        "entries carry the running balance": """
            SELECT 'entry ' || version || ' of account ' || account_id || ' has a wrong balance' AS fault
            FROM (
                SELECT posted.account_id, posted.version, balance_after, coalesce(stood.balance, 0)
                       + sum(amount) OVER (PARTITION BY posted.account_id ORDER BY posted.version) AS running
                FROM posted LEFT JOIN stood ON stood.account_id = posted.account_id
            ) AS chained
            WHERE balance_after <> running""",
        "players are never below zero": """
            SELECT 'account ' || account_id || ' was at ' || balance_after AS fault
            FROM posted JOIN account ON account.id = posted.account_id
            WHERE balance_after < 0 AND kind IN ('wallet', 'pending_withdrawal', 'escrow')""",
        "a seat holds one player's money": """
            SELECT 'table ' || table_id || ' seat ' || seat || ' holds the money of ' || count(*) AS fault
            FROM account WHERE kind = 'escrow' AND balance > 0
            GROUP BY table_id, seat HAVING count(*) > 1""",
        "every hand moved its money once": """
            SELECT 'hand ' || played.hand_id || ' has ' || count(transfer.id) || ' transfers' AS fault
            FROM played LEFT JOIN transfer ON transfer.hand_id = played.hand_id AND transfer.booked_at >= $2
            GROUP BY played.hand_id HAVING count(transfer.id) <> 1""",
        "hands moved what their results say": """
            SELECT 'hand ' || coalesce(said.hand_id, told.hand_id) || ' moved other money than it says' AS fault
            FROM (
                SELECT played.hand_id, table_id, user_id, net AS amount
                FROM hand_result JOIN played ON played.hand_id = hand_result.hand_id AND played.booked_at = hand_result.booked_at
                WHERE net <> 0 AND hand_result.booked_at >= $2
                UNION ALL
                SELECT hand_id, 0, 0, rake FROM played WHERE rake <> 0
            ) AS said
            FULL JOIN (
                SELECT moved.hand_id, coalesce(account.table_id, 0) AS table_id, coalesce(account.user_id, 0) AS user_id, entry.amount
                FROM moved JOIN entry ON entry.transfer_id = moved.id AND entry.booked_at = moved.booked_at
                LEFT JOIN account ON account.id = entry.account_id
                WHERE moved.kind = 'hand' AND entry.booked_at >= $2
            ) AS told
            ON said.hand_id = told.hand_id AND said.user_id = told.user_id
            WHERE said.amount IS DISTINCT FROM told.amount OR said.table_id IS DISTINCT FROM told.table_id""",
        "records are what was settled": """
            SELECT 'hand ' || hand_id || ' has another record' AS fault
            FROM played WHERE record IS NOT NULL AND sha256(record) <> record_sha256""",
        "contributed rake sums to the rake": """
            SELECT 'hand ' || played.hand_id || ' has rake ' || rake || ', contributed ' || sum(contributed_rake) AS fault
            FROM played JOIN hand_result ON hand_result.hand_id = played.hand_id AND hand_result.booked_at = played.booked_at
            WHERE hand_result.booked_at >= $2
            GROUP BY played.hand_id, rake HAVING sum(contributed_rake) <> rake""",
        "hands of a table follow each other": """
            SELECT 'hand ' || ordered.hand_no || ' of table ' || ordered.table_id || ' does not follow the one before' AS fault
            FROM (
                SELECT table_id, hand_no, previous,
                       lag(hand_id) OVER of_table AS before_id, lag(hand_no) OVER of_table AS before_no
                FROM played WINDOW of_table AS (PARTITION BY table_id ORDER BY hand_no)
            ) AS ordered
            LEFT JOIN stood_at ON stood_at.table_id = ordered.table_id
            WHERE ordered.hand_no <> coalesce(before_no, stood_at.hand_no, 0) + 1
               OR previous IS DISTINCT FROM CASE WHEN before_no IS NULL THEN stood_at.hand_id ELSE before_id END""",
        "tables know their last hand": """
            SELECT 'table ' || game_table.id || ' stands at hand ' || last_hand_no AS fault
            FROM game_table LEFT JOIN stood_at ON stood_at.table_id = game_table.id LEFT JOIN (
                SELECT DISTINCT ON (table_id) table_id, hand_no, hand_id FROM played ORDER BY table_id, hand_no DESC
            ) AS last ON last.table_id = game_table.id
            WHERE last_hand_no <> coalesce(last.hand_no, stood_at.hand_no, 0)
               OR last_hand_id IS DISTINCT FROM CASE WHEN last.hand_no IS NULL THEN stood_at.hand_id ELSE last.hand_id END""",
    }
)
"""Each invariant by its name. What they look at is what ``_AFTER`` names."""


async def find_faults(transaction: Transaction, sql: str, base: Checkpoint | None) -> list[str]:
    """Give the first rows after a checkpoint that break one invariant, in words; None: since the beginning."""
    since = _BEGINNING if base is None else base.since
    rows = await transaction.fetch(f"{_AFTER} {sql} LIMIT {_LIMIT}", None if base is None else base.id, since)
    return [str(row["fault"]) for row in rows]
