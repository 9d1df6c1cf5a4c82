"""What has to be done from time to time: forget outcomes that nobody asks for any more, make months ahead."""

from typing import Final

from cardroom.service.postgres import Postgres

_FORGET: Final = "SELECT forget_commands($1) AS gone"

_FORGET_DELIVERIES: Final = """
DELETE FROM webhook_delivery WHERE digest IN (
    SELECT digest FROM webhook_delivery WHERE taken_at < now() - make_interval(secs => $1)
    ORDER BY taken_at LIMIT $2)
"""

_OPEN_MONTHS: Final = "SELECT open_months($1)"


async def forget_commands(postgres: Postgres, at_most: int) -> int:
    """Delete some of the outcomes that are older than 35 days; gives how many were. May be repeated."""
    async with postgres.transaction() as transaction:
        row = await transaction.fetch_one(_FORGET, at_most)
    assert row is not None, "a function gives its result"
    return int(row["gone"])


async def forget_deliveries(postgres: Postgres, older_than_seconds: float, at_most: int) -> int:
    """Delete some of the gateways' messages that were taken so long ago; gives how many. May be repeated.

    Their time stamps must be too old to be taken again by then.
    """
    async with postgres.transaction() as transaction:
        return await transaction.execute(_FORGET_DELIVERIES, older_than_seconds, at_most)


async def open_months(postgres: Postgres, ahead: int) -> None:
    """Make the partitions of this month and the next ones, where they lack; may be repeated."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_OPEN_MONTHS, ahead)
