"""Freeze and unfreeze something for all. Whoever moves money of the house sees it from then on.

It takes the house's lock first: what moves by HTTP is before the freeze or after it. A stream's batch that has begun
may still take a buy-in; the next one does not.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, unique
from typing import Any, Final

from attrs import frozen

from cardroom.service.postgres import Reader, Transaction
from wallet_worker.store.house_transfer import open_desk
from wallet_worker.store.seal_batch import Link

_FREEZE_HOUSE: Final = """
UPDATE house_freeze
SET frozen_at = now(), frozen_by = $2, reason = $3, told = $4, number = number + 1
WHERE scope = $1 AND frozen_at IS NULL
"""

_UNFREEZE_HOUSE: Final = """
UPDATE house_freeze SET frozen_at = NULL, frozen_by = NULL, reason = NULL, told = '', number = number + 1
WHERE scope = $1 AND frozen_at IS NOT NULL
"""

_READ_FREEZES: Final = "SELECT scope, frozen_at, frozen_by, reason, told, number FROM house_freeze"


@unique
class Scope(Enum):
    """What is frozen for all players. The values are those of the database; each is frozen and lifted alone."""

    PLAY = "play"
    """No hand is dealt, no money comes to a table; hands in play are played out, and everybody may leave."""
    WITHDRAWALS = "withdrawals"
    """No withdrawal is held."""
    EVERYTHING = "everything"
    """Both, and adjustments, promotions and rakeback."""


@frozen
class HouseFreeze:
    """What is ordered: ``told`` is what players are told of it, or empty."""

    scope: Scope
    by: str
    reason: str
    told: str = ""


@frozen
class Freeze:
    """Frozen since then, by an administrator for a reason; ``told`` is what players are told."""

    frozen_at: datetime
    frozen_by: str
    reason: str
    told: str = ""


@frozen
class Freezes:
    """What is frozen for all players; ``number`` grows with each change."""

    of: Mapping[Scope, Freeze]
    number: int

    @property
    def of_play(self) -> Freeze | None:
        """Give why no hand is dealt, if none is."""
        return self.of.get(Scope.PLAY) or self.of.get(Scope.EVERYTHING)


async def freeze_house(transaction: Transaction, ordered: HouseFreeze, link: Link) -> dict[str, Any]:
    """Freeze something for all; where it is frozen already, who did it first is kept."""
    await open_desk(transaction, link)
    await transaction.execute(_FREEZE_HOUSE, ordered.scope.value, ordered.by, ordered.reason, ordered.told)
    return {f"{ordered.scope.value}_frozen": True}


async def unfreeze_house(transaction: Transaction, scope: Scope, link: Link) -> dict[str, Any]:
    """End one freeze; another one, and those of single players, stay."""
    await open_desk(transaction, link)
    await transaction.execute(_UNFREEZE_HOUSE, scope.value)
    return {f"{scope.value}_frozen": False}


async def read_freezes(reader: Reader) -> Freezes:
    """Give what is frozen for all."""
    rows = await reader.fetch(_READ_FREEZES)
    found = {
        Scope(row["scope"]): Freeze(row["frozen_at"], row["frozen_by"], row["reason"], row["told"])
        for row in rows
        if row["frozen_at"] is not None
    }
    return Freezes(found, sum(row["number"] for row in rows))
