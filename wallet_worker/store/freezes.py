"""Freeze and unfreeze: a player, or everything. Whoever moves money of the house sees it from then on.

Both take the house's lock first: what moves by HTTP is before the freeze or after it. A stream's batch that has begun
may still take a buy-in; the next one does not.
"""

from datetime import datetime
from typing import Any, Final

from attrs import frozen

from cardroom.ids import UserId
from cardroom.service.postgres import Postgres, Reader, Transaction
from wallet_worker.store.house_transfer import NoSuchPlayer, open_desk
from wallet_worker.store.seal_batch import Link

_FREEZE_PLAYER: Final = """
UPDATE player SET frozen_at = CASE WHEN $2 THEN coalesce(frozen_at, now()) END WHERE id = $1
"""

_FREEZE_HOUSE: Final = """
UPDATE house_freeze
SET frozen_at = coalesce(frozen_at, now()), frozen_by = coalesce(frozen_by, $1), reason = coalesce(reason, $2)
"""

_UNFREEZE_HOUSE: Final = "UPDATE house_freeze SET frozen_at = NULL, frozen_by = NULL, reason = NULL"

_READ_FREEZE: Final = "SELECT frozen_at, frozen_by, reason FROM house_freeze"


@frozen
class Freeze:
    """Everything is frozen since then, by an administrator for a reason."""

    frozen_at: datetime
    frozen_by: str
    reason: str


async def freeze_player(
    transaction: Transaction, user_id: UserId, link: Link, *, is_frozen: bool
) -> dict[str, Any]:
    """Freeze a player or end it; what is so already stays so. Raises ``NoSuchPlayer``."""
    await open_desk(transaction, link)
    if await transaction.execute(_FREEZE_PLAYER, user_id, is_frozen) == 0:
        raise NoSuchPlayer
    return {"user_id": user_id, "frozen": is_frozen}


async def freeze_everything(transaction: Transaction, admin: str, reason: str, link: Link) -> dict[str, Any]:
    """Freeze everything; where it is frozen already, who did it first is kept."""
    await open_desk(transaction, link)
    await transaction.execute(_FREEZE_HOUSE, admin, reason)
    return {"everything_frozen": True}


async def unfreeze_everything(transaction: Transaction, link: Link) -> dict[str, Any]:
    """End the freeze of everything; players who are frozen themselves stay so."""
    await open_desk(transaction, link)
    await transaction.execute(_UNFREEZE_HOUSE)
    return {"everything_frozen": False}


async def read_freeze(reader: Reader) -> Freeze | None:
    """Give the freeze of everything, if there is one."""
    row = await reader.fetch_one(_READ_FREEZE)
    assert row is not None, "the migration makes the only row"
    return None if row["frozen_at"] is None else Freeze(row["frozen_at"], row["frozen_by"], row["reason"])


async def ask_freeze(postgres: Postgres) -> Freeze | None:
    """Give the freeze of everything, in a transaction of its own."""
    return await read_freeze(postgres)
