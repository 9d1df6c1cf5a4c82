"""Rows that break an invariant of the ledger: each query gives none when it holds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cardroom.service.postgres import Transaction

_LIMIT: Final = 5

FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "transfers sum to zero": """
            SELECT 'transfer ' || transfer_id || ' sums to ' || sum(amount) AS fault
            FROM entry GROUP BY transfer_id HAVING sum(amount) <> 0""",
        "transfers have entries": """
            SELECT 'transfer ' || id || ' has no entries' AS fault FROM transfer
            WHERE kind <> 'hand' AND NOT EXISTS (SELECT FROM entry WHERE entry.transfer_id = transfer.id)""",
        "entries belong to a transfer": """
            SELECT 'entry ' || version || ' of account ' || account_id || ' belongs to no transfer' AS fault
            FROM entry WHERE NOT EXISTS (
                SELECT FROM transfer WHERE transfer.id = entry.transfer_id AND transfer.booked_at = entry.booked_at)""",
        "results belong to a hand": """
            SELECT 'the result of user ' || user_id || ' belongs to no hand' AS fault
            FROM hand_result WHERE NOT EXISTS (
                SELECT FROM hand WHERE hand.hand_id = hand_result.hand_id AND hand.booked_at = hand_result.booked_at)""",
        "balances are the sum of their entries": """
            SELECT 'account ' || account.id || ' holds ' || balance || ', its entries ' || coalesce(total, 0) AS fault
            FROM account LEFT JOIN (
                SELECT account_id, sum(amount) AS total FROM entry GROUP BY account_id
            ) AS summed ON summed.account_id = account.id
            WHERE balance <> coalesce(total, 0)""",
        "versions count the entries": """
            SELECT 'account ' || account.id || ' is at version ' || version || ' of ' || coalesce(steps, 0) AS fault
            FROM account LEFT JOIN (
                SELECT account_id, count(*) AS steps, max(version) AS last FROM entry GROUP BY account_id
            ) AS counted ON counted.account_id = account.id
            WHERE version <> coalesce(steps, 0) OR version <> coalesce(last, 0)""",
        "entries carry the running balance": """
            SELECT 'entry ' || version || ' of account ' || account_id || ' has a wrong balance' AS fault
            FROM (
                SELECT account_id, version, balance_after,
                       sum(amount) OVER (PARTITION BY account_id ORDER BY version) AS running
                FROM entry
            ) AS chained
            WHERE balance_after <> running""",
        "players are never below zero": """
            SELECT 'account ' || account_id || ' was at ' || balance_after AS fault
            FROM entry JOIN account ON account.id = entry.account_id
            WHERE balance_after < 0 AND kind IN ('wallet', 'pending_withdrawal', 'escrow')""",
        "a seat holds one player's money": """
            SELECT 'table ' || table_id || ' seat ' || seat || ' holds the money of ' || count(*) AS fault
            FROM account WHERE kind = 'escrow' AND balance > 0
            GROUP BY table_id, seat HAVING count(*) > 1""",
        "every hand moved its money once": """
            SELECT 'hand ' || hand.hand_id || ' has ' || count(transfer.id) || ' transfers' AS fault
            FROM hand LEFT JOIN transfer ON transfer.hand_id = hand.hand_id
            GROUP BY hand.hand_id HAVING count(transfer.id) <> 1""",
        "hands moved what their results say": """
            SELECT 'hand ' || coalesce(said.hand_id, moved.hand_id) || ' moved other money than it says' AS fault
            FROM (
                SELECT hand_id, table_id, user_id, net AS amount FROM hand_result JOIN hand USING (hand_id)
                WHERE net <> 0
                UNION ALL
                SELECT hand_id, NULL, NULL, rake FROM hand WHERE rake <> 0
            ) AS said
            FULL JOIN (
                SELECT transfer.hand_id, account.table_id, account.user_id, entry.amount
                FROM transfer JOIN entry ON entry.transfer_id = transfer.id
                JOIN account ON account.id = entry.account_id
                WHERE transfer.kind = 'hand'
            ) AS moved
            ON said.hand_id = moved.hand_id AND said.amount = moved.amount
               AND said.user_id IS NOT DISTINCT FROM moved.user_id
               AND said.table_id IS NOT DISTINCT FROM moved.table_id
            WHERE said.hand_id IS NULL OR moved.hand_id IS NULL""",
        "records are what was settled": """
            SELECT 'hand ' || hand_id || ' has another record' AS fault
            FROM hand WHERE record IS NOT NULL AND sha256(record) <> record_sha256""",
        "contributed rake sums to the rake": """
            SELECT 'hand ' || hand_id || ' has rake ' || rake || ', contributed ' || sum(contributed_rake) AS fault
            FROM hand JOIN hand_result USING (hand_id)
            GROUP BY hand_id, rake HAVING sum(contributed_rake) <> rake""",
        "hands of a table follow each other": """
            SELECT 'hand ' || hand_no || ' of table ' || table_id || ' does not follow the one before' AS fault
            FROM (
                SELECT table_id, hand_no, previous,
                       lag(hand_id) OVER of_table AS before_id, lag(hand_no) OVER of_table AS before_no
                FROM hand WINDOW of_table AS (PARTITION BY table_id ORDER BY hand_no)
            ) AS ordered
            WHERE hand_no <> coalesce(before_no, 0) + 1 OR previous IS DISTINCT FROM before_id""",
        "tables know their last hand": """
            SELECT 'table ' || id || ' stands at hand ' || last_hand_no AS fault
            FROM game_table LEFT JOIN LATERAL (
                SELECT hand_id, hand_no FROM hand WHERE table_id = game_table.id ORDER BY hand_no DESC LIMIT 1
            ) AS last ON true
            WHERE last_hand_no <> coalesce(last.hand_no, 0) OR last_hand_id IS DISTINCT FROM last.hand_id""",
    }
)
"""Each invariant by its name."""


async def find_faults(transaction: Transaction, sql: str) -> list[str]:
    """Give the first rows that break one invariant, in words."""
    return [str(row["fault"]) for row in await transaction.fetch(f"{sql} LIMIT {_LIMIT}")]
