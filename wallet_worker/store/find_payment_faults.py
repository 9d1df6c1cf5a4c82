"""Rows of payments that contradict each other: each query gives none when how far a payment is and its money agree.

They read all payments, which are kept for ever. Withdrawals and deposits from before gateways were connected have no row
of how far they are; that is no fault.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PAYMENT_FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deposits are credited as they were seen": """
            SELECT 'deposit ' || seen.id || ' is credited, and no payment says the same' AS fault
            FROM chain_deposit AS seen LEFT JOIN outside_payment AS payment ON payment.id = seen.payment_id
            WHERE seen.state = 'credited' AND (payment.direction = 'deposit' AND payment.status = 'credited'
                AND (payment.user_id, payment.coin, payment.tx_hash, payment.output_number)
                  = (seen.user_id, seen.coin, seen.tx_hash, seen.output_number)
                AND (payment.address, payment.coin_amount, payment.coin_scale)
                  = (seen.address, seen.coin_amount, seen.coin_scale)) IS NOT TRUE
            UNION ALL
            SELECT 'deposit ' || seen.id || ' is ' || seen.state || ', and payment ' || payment.id || ' has credited it'
            FROM chain_deposit AS seen
            JOIN outside_payment AS payment ON payment.direction = 'deposit' AND payment.coin = seen.coin
                AND payment.tx_hash = seen.tx_hash AND payment.output_number = seen.output_number
            LEFT JOIN held_deposit AS held ON held.id = seen.held_id
            WHERE seen.state <> 'credited'
              AND (seen.state = 'held' AND held.payment_id = payment.id) IS NOT TRUE
              AND NOT (payment.created_at < seen.seen_at AND seen.state IN ('confirming', 'confirmed'))
            UNION ALL
            SELECT 'deposit ' || seen.id || ' is held, and nothing that waits says the same'
            FROM chain_deposit AS seen LEFT JOIN held_deposit AS held ON held.id = seen.held_id
            WHERE seen.state = 'held' AND (
                (held.user_id, held.coin, held.tx_hash, held.output_number, held.address, held.coin_amount)
              = (seen.user_id, seen.coin, seen.tx_hash, seen.output_number, seen.address, seen.coin_amount)) IS NOT TRUE
            UNION ALL
            SELECT 'deposit ' || seen.id || ' is ' || seen.state || ', and held deposit ' || held.id || ' waits to be credited'
            FROM held_deposit AS held JOIN chain_deposit AS seen ON seen.coin = held.coin AND seen.tx_hash = held.tx_hash
                AND seen.output_number = held.output_number
            WHERE held.released_at IS NULL AND seen.state <> 'held'
              AND NOT (held.held_at < seen.seen_at AND seen.state IN ('confirming', 'confirmed'))""",
        "deposits are of whom their address was given to": """
            SELECT 'deposit ' || seen.id || ' of user ' || seen.user_id || ' came to the address of user ' || given.user_id AS fault
            FROM chain_deposit AS seen
            JOIN deposit_address AS given ON given.coin = seen.coin AND given.address = seen.address
            WHERE given.user_id <> seen.user_id""",
        "withdrawals are where their money is": """
            SELECT 'withdrawal ' || withdrawal.payment_id || ' is ' || state || ', and its money is ' ||
                   coalesce(payment.status, 'nowhere') AS fault
            FROM withdrawal LEFT JOIN outside_payment AS payment ON payment.id = withdrawal.payment_id
            WHERE payment.status IS DISTINCT FROM CASE
                WHEN state = 'confirmed' THEN 'paid'
                WHEN state IN ('failed', 'cancelled', 'rejected') THEN 'released'
                ELSE 'held' END
            UNION ALL
            SELECT 'withdrawal ' || withdrawal.payment_id || ' is another than payment ' || payment.id
            FROM withdrawal JOIN outside_payment AS payment ON payment.id = withdrawal.payment_id
            LEFT JOIN payout_address AS listed ON listed.id = withdrawal.payout_address_id
            WHERE (payment.direction = 'withdrawal'
                AND (payment.user_id, payment.coin, payment.krw_amount)
                  = (withdrawal.user_id, withdrawal.coin, withdrawal.krw_amount)
                AND (listed.user_id, listed.coin, listed.address)
                  = (payment.user_id, payment.coin, payment.address)) IS NOT TRUE
            UNION ALL
            SELECT 'withdrawal ' || withdrawal.payment_id || ' was sent otherwise than it was booked'
            FROM withdrawal JOIN outside_payment AS payment ON payment.id = withdrawal.payment_id
            WHERE state = 'confirmed' AND payment.status = 'paid' AND (
                (payment.coin_amount, payment.coin_scale, payment.rate, payment.tx_hash)
              = (withdrawal.coin_amount, withdrawal.coin_scale, withdrawal.rate, withdrawal.tx_hash)) IS NOT TRUE""",
        "withdrawals were approved and have waited": """
            SELECT 'withdrawal ' || payment_id || ' was sent before its time to wait was over' AS fault
            FROM withdrawal WHERE sending_at < ready_at
            UNION ALL
            SELECT 'withdrawal ' || withdrawal.payment_id || ' is ' || state || ', and not two administrators approved it'
            FROM withdrawal LEFT JOIN withdrawal_vote AS vote ON vote.payment_id = withdrawal.payment_id AND is_approval
                AND flag_count = cardinality(flags)
            WHERE approved_by = 'administrators' AND state IN ('approved', 'sending', 'sent', 'doubtful', 'confirmed')
            GROUP BY withdrawal.payment_id, state HAVING count(DISTINCT vote.admin) < 2
            UNION ALL
            SELECT 'withdrawal ' || payment_id || ' is rejected, and nobody rejected it'
            FROM withdrawal WHERE state = 'rejected' AND NOT EXISTS (
                SELECT FROM withdrawal_vote AS vote WHERE vote.payment_id = withdrawal.payment_id AND NOT is_approval)""",
        "clearing accounts hold what their payments say": """
            SELECT 'account ' || name || ' holds ' || coalesce(balance, 0) || ', its payments say ' || coalesce(said, 0) AS fault
            FROM (
                SELECT name, sum(amount) AS said FROM (
                    SELECT 'deposit_clearing:' || coin AS name, -krw_amount AS amount FROM outside_payment
                    WHERE direction = 'deposit' AND status = 'credited'
                    UNION ALL
                    SELECT 'withdrawal_clearing:' || coin, div(coin_amount * rate, power(10::numeric, coin_scale))
                    FROM outside_payment WHERE direction = 'withdrawal' AND status = 'paid'
                    UNION ALL
                    SELECT credit, amount FROM adjustment WHERE state = 'approved' AND credit LIKE '%clearing:%'
                    UNION ALL
                    SELECT debit, -amount FROM adjustment WHERE state = 'approved' AND debit LIKE '%clearing:%'
                ) AS part GROUP BY name
            ) AS payments
            FULL JOIN (
                SELECT kind || ':' || coin AS name, balance FROM account
                WHERE kind IN ('deposit_clearing', 'withdrawal_clearing')
            ) AS held USING (name)
            WHERE coalesce(balance, 0) <> coalesce(said, 0)""",
    }
)
"""Each invariant by its name; they are asked as those of ``find_faults`` are."""
