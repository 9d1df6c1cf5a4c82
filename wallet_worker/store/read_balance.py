"""What a player has."""

from typing import Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.service.postgres import Postgres

_SUM_ACCOUNTS: Final = """
SELECT coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0)::bigint AS wallet,
       coalesce(sum(balance) FILTER (WHERE kind = 'pending_withdrawal'), 0)::bigint AS pending,
       coalesce(sum(balance) FILTER (WHERE kind = 'escrow'), 0)::bigint AS on_tables
FROM account WHERE user_id = $1
"""


@frozen
class Balance:
    """A player's money in won: free, being withdrawn, and at tables."""

    wallet: Krw
    pending: Krw
    on_tables: Krw


async def read_balance(postgres: Postgres, user_id: UserId) -> Balance:
    """Give a player's balance; who has no account yet has nothing."""
    row = await postgres.fetch_one(_SUM_ACCOUNTS, user_id)
    assert row is not None, "sums always give a row"
    return Balance(Krw(row["wallet"]), Krw(row["pending"]), Krw(row["on_tables"]))
