"""Withdrawals that something is to be done about now; whoever takes one keeps others off it for a while."""

from collections.abc import Collection
from enum import Enum, unique
from typing import Final

from cardroom.service.postgres import Postgres, Reader

_TAKE: Final = """
UPDATE withdrawal SET next_try_at = clock_timestamp() + make_interval(secs => $1), tries = tries + 1
WHERE payment_id = ANY (ARRAY(
    SELECT payment_id FROM withdrawal WHERE next_try_at <= clock_timestamp() AND gateway = ANY($2::text[]) AND {which}
    ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED
))
RETURNING payment_id
"""

TAKE_WAITING: Final = _TAKE.format(which="state = 'waiting' AND ready_at <= clock_timestamp()")
TAKE_APPROVED: Final = _TAKE.format(which="state = 'approved' AND ready_at <= clock_timestamp()")
TAKE_FOLLOWED: Final = _TAKE.format(
    which="""(
        state IN ('sent', 'doubtful')
        OR (state = 'sending' AND sending_at <= clock_timestamp() - make_interval(secs => $4))
    )"""
)

FIND_UNSERVED: Final = """
SELECT payment_id FROM withdrawal
WHERE (state = 'sent' AND gateway <> ALL($1::text[]) OR state = 'sending' AND gateway <> ALL($2::text[]))
      AND sending_at <= clock_timestamp() - make_interval(secs => $3)
ORDER BY payment_id
"""


@unique
class Due(Enum):
    """What is to be done."""

    APPROVAL = TAKE_WAITING
    SENDING = TAKE_APPROVED


async def take_due(
    postgres: Postgres, due: Due, gateways: Collection[str], *, seconds: float, at_most: int
) -> list[int]:
    """Give withdrawals of these gateways that wait for it, which nobody else is given for so many ``seconds``.

    It only spares work: what may be done with one is decided under its lock.
    """
    async with postgres.transaction() as transaction:
        rows = await transaction.fetch(due.value, seconds, sorted(gateways), at_most)
    return sorted(row["payment_id"] for row in rows)


async def take_followed(
    postgres: Postgres, gateways: Collection[str], *, silent_seconds: float, seconds: float, at_most: int
) -> list[int]:
    """Give those whose payout is to be looked up: taken by the gateway, doubtful, or with a sender who is silent."""
    async with postgres.transaction() as transaction:
        rows = await transaction.fetch(TAKE_FOLLOWED, seconds, sorted(gateways), at_most, silent_seconds)
    return sorted(row["payment_id"] for row in rows)


async def find_unserved(
    reader: Reader, known: Collection[str], automatic: Collection[str], *, silent_seconds: float
) -> list[int]:
    """Give those that were given so long ago to a gateway that is not known, or, once sent, to one that is not automatic.

    What people have taken to send by hand is theirs.
    """
    rows = await reader.fetch(FIND_UNSERVED, sorted(automatic), sorted(known), silent_seconds)
    return [row["payment_id"] for row in rows]
