"""Freeze a player, or end it: one function of the database, for the router and the wallet worker alike."""

from typing import Any, Final

from cardroom.ids import UserId
from cardroom.service.postgres import Transaction

FREEZE_PLAYER: Final = "SELECT freeze_player($1, $2) AS is_there"


class NoPlayerToFreeze(Exception):
    """There is no such player; nothing was changed."""


async def freeze_player(transaction: Transaction, user_id: UserId, *, is_frozen: bool) -> dict[str, Any]:
    """Freeze a player or end it; what is so already stays so. Raises ``NoPlayerToFreeze``.

    It takes the house's lock: what moves money by HTTP is before it or sees it. Gives the order's answer.
    """
    row = await transaction.fetch_one(FREEZE_PLAYER, user_id, is_frozen)
    assert row is not None, "a function answers"
    if not row["is_there"]:
        raise NoPlayerToFreeze
    return {"user_id": user_id, "frozen": is_frozen}
