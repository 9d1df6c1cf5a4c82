"""What each coin's payments sum to: booked, held, seen and not booked, and on the way out."""

from typing import Any, Final

from cardroom.service.postgres import Reader
from wallet_worker.rules.coins import COINS
from wallet_worker.rules.gateway_books import CoinBooks

# A payment's worth in won is what its coins were worth at its rate, rounded down: what its transfer moved. What was
# booked is not counted a second time where its deposit's own state has not caught up.
SUM_COINS: Final = """
SELECT coin, part, sum(coin_amount)::text AS coins, sum(krw_amount)::bigint AS krw FROM (
    SELECT coin, 'credited' AS part, coin_amount, krw_amount FROM outside_payment
    WHERE direction = 'deposit' AND status = 'credited'
    UNION ALL
    SELECT coin, 'paid', coin_amount, div(coin_amount * rate, power(10::numeric, coin_scale)) FROM outside_payment
    WHERE direction = 'withdrawal' AND status = 'paid'
    UNION ALL
    SELECT coin, 'held', coin_amount, krw_amount FROM held_deposit WHERE released_at IS NULL
    UNION ALL
    SELECT coin, CASE WHEN state <> 'confirming' AND confirmations >= needed THEN 'uncredited' ELSE 'arriving' END,
           coin_amount, 0
    FROM chain_deposit AS seen
    WHERE state IN ('confirming', 'confirmed', 'review', 'unmatched', 'refused') AND NOT EXISTS (
        SELECT FROM outside_payment AS payment WHERE direction = 'deposit' AND payment.coin = seen.coin
          AND payment.tx_hash = seen.tx_hash AND payment.output_number = seen.output_number)
    UNION ALL
    SELECT coin, 'on_the_way', coin_amount, 0 FROM withdrawal WHERE state IN ('sending', 'sent', 'doubtful')
) AS summed GROUP BY coin, part
"""


async def sum_coins(reader: Reader) -> list[CoinBooks]:
    """Give the books of every coin that the ledger knows, by name; all of one moment. It reads all payments."""
    found: dict[str, dict[str, int]] = {coin: {} for coin in sorted(COINS)}
    for row in await reader.fetch(SUM_COINS):
        parts: dict[str, Any] = found.setdefault(row["coin"], {})
        parts[row["part"]] = int(row["coins"])
        if row["part"] in ("credited", "paid"):
            parts[f"{row['part']}_krw"] = row["krw"]
    return [CoinBooks(coin=coin, scale=COINS.get(coin, 0), **parts) for coin, parts in found.items()]
