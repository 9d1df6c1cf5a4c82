"""What a player has won from each opponent in the last days: money that one may have let the other win."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader

MOST_HANDS: Final = 5_000
"""How many of a player's hands are looked at: those in which the most was won or lost."""

# A transfer in which the player's seat gained or lost, and others' seats too, is a hand: a buy-in has one player. What
# losers lose goes to winners in proportion to what each wins; the rake, which losers pay on top, went to nobody. Each
# look-up is a LATERAL with a LIMIT, so that no plan reads whole months to join them. Rounded down, hand by hand.
RECENT_WINS: Final = """
WITH played AS MATERIALIZED (
    SELECT posted.transfer_id, posted.booked_at, posted.amount
    FROM account AS seat CROSS JOIN LATERAL (
        SELECT transfer_id, booked_at, amount FROM entry
        WHERE account_id = seat.id AND booked_at > now() - make_interval(days => $2)
    ) AS posted
    WHERE seat.user_id = $1 AND seat.kind = 'escrow'
    ORDER BY abs(posted.amount) DESC LIMIT $3
), result AS MATERIALIZED (
    SELECT played.transfer_id, played.amount AS own, seat.user_id, leg.amount,
           sum(-leg.amount) FILTER (WHERE leg.amount < 0) OVER (PARTITION BY played.transfer_id) AS lost
    FROM played CROSS JOIN LATERAL (
        SELECT account_id, amount FROM entry
        WHERE transfer_id = played.transfer_id AND booked_at = played.booked_at LIMIT 32
    ) AS leg
    CROSS JOIN LATERAL (
        SELECT user_id FROM account WHERE id = leg.account_id AND kind = 'escrow' LIMIT 1
    ) AS seat
)
SELECT user_id, amount::bigint AS amount FROM (
    SELECT user_id, sum(CASE WHEN own > 0 THEN 1 ELSE -1 END * div(abs(own)::numeric * abs(amount), lost)) AS amount
    FROM result WHERE user_id <> $1 AND (own > 0) <> (amount > 0) GROUP BY user_id
) AS won
WHERE amount > 0 ORDER BY amount DESC, user_id LIMIT $4
"""


@frozen
class WonFrom:
    """What a player has won from an opponent, less what the opponent has won back."""

    opponent: UserId
    amount: Krw


async def recent_wins(reader: Reader, user_id: UserId, days: int, limit: int) -> Sequence[WonFrom]:
    """Give the opponents that a player has won the most from in the last ``days`` times 24 hours, the most first.

    Only settled hands count, of each the players' nets: rake is won from nobody.
    """
    rows = await reader.fetch(RECENT_WINS, user_id, days, MOST_HANDS, limit)
    return [WonFrom(UserId(row["user_id"]), Krw(row["amount"])) for row in rows]
