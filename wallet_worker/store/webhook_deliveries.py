"""Messages of gateways that were taken, so that the very same is not taken twice."""

from typing import Final

from cardroom.service.postgres import Postgres, Reader, Transaction

_TAKE: Final = """
INSERT INTO webhook_delivery (digest, gateway) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING
"""

IS_TAKEN: Final = "SELECT FROM webhook_delivery WHERE digest = $1"


class Replayed(Exception):
    """The very same message was taken before."""


async def take_delivery(transaction: Transaction, digest: bytes, gateway: str) -> None:
    """Write a message down with what it does; raises ``Replayed``. Two at once wait for each other."""
    if not await transaction.execute(_TAKE, digest, gateway):
        raise Replayed


async def is_taken(reader: Reader, digest: bytes) -> bool:
    """Say whether the very same message was taken before."""
    return await reader.fetch_one(IS_TAKEN, digest) is not None


async def note_taken(postgres: Postgres, digest: bytes, gateway: str) -> None:
    """Write down that a message was taken, after what it did, which may be done again."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_TAKE, digest, gateway)
