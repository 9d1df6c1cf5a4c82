"""Who has money at tables, and terms to be held to or a block."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Reader

# Changes that have begun count, so that the figure is another when a looser limit begins.
READ_SEATED: Final = """
WITH seated AS (
    SELECT user_id, sum(balance)::bigint AS money, count(*) AS seats
    FROM account WHERE kind = 'escrow' AND balance > 0 GROUP BY user_id
)
SELECT seated.user_id, seated.money, seated.seats,
       coalesce(player.self_excluded_until > statement_timestamp(), false) AS is_excluded,
       blocked.user_id IS NOT NULL AS is_blocked,
       (SELECT coalesce(max(id), 0) + count(*) FILTER (WHERE begins_at <= statement_timestamp())
        FROM player_term WHERE user_id = seated.user_id) AS version,
       floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint AS now_ms
FROM seated JOIN player ON player.id = seated.user_id
LEFT JOIN blocked_player AS blocked ON blocked.user_id = seated.user_id AND $1::boolean
WHERE player.has_terms OR blocked.user_id IS NOT NULL
ORDER BY seated.user_id
"""


@frozen
class Seated:
    """A player with money at tables; ``version`` is another when the terms are."""

    user_id: UserId
    money: Krw
    seats: int
    is_excluded: bool
    is_blocked: bool
    version: int
    now_ms: int


async def read_seated(reader: Reader, *, blocked_users: bool = True) -> Sequence[Seated]:
    """Give all players who have money at tables, and any terms or a block, by their ids.

    ``blocked_users`` false: blocks do not count.
    """
    rows = await reader.fetch(READ_SEATED, blocked_users)
    return [
        Seated(
            UserId(row["user_id"]),
            Krw(row["money"]),
            row["seats"],
            row["is_excluded"],
            row["is_blocked"],
            row["version"],
            row["now_ms"],
        )
        for row in rows
    ]
