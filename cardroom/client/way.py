"""The way to a table that may be on the move: routes that are stale are followed, absent nodes waited for."""

import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

import trio

from cardroom.client.account import Account
from cardroom.client.errors import RequestRefused
from cardroom.ids import TableId
from cardroom.wire.lobby import QuickSeat, TicketAnswer
from cardroom.wire.refusals import Refusal

T = TypeVar("T")

PATIENCE_SECONDS: Final = 60.0
"""Longer than it takes until a standby plays the tables of a node that is gone."""

_MOVES: Final = 3
_LONGEST_SECONDS: Final = 10.0


async def way_to(
    account: Account, table_id: TableId, route: str = "", patience_seconds: float = PATIENCE_SECONDS
) -> TicketAnswer:
    """Get a ticket for a table, wherever it goes meanwhile.

    ``route`` is where the player last was, if that matters. A stale one is followed a few times; while the
    router says when to come back that is done, for up to ``patience_seconds``. Whatever else is refused, and
    what is refused then, is raised; as is ``ConnectionLost``.
    """
    for _ in range(_MOVES):
        try:
            return await _ask_patiently(partial(account.ticket, table_id, route), patience_seconds)
        except RequestRefused as refused:
            if refused.code is not Refusal.ROUTE_STALE:
                raise
            route = refused.route
    return await account.ticket(table_id)


async def find_seat(
    account: Account, stake: str, seats: int = 0, patience_seconds: float = PATIENCE_SECONDS
) -> QuickSeat:
    """Get a seat at any table of a game, waiting for one as ``way_to`` does."""
    return await _ask_patiently(partial(account.quick_seat, stake, seats), patience_seconds)


async def _ask_patiently(ask: Callable[[], Awaitable[T]], patience_seconds: float) -> T:
    """Ask again as long as the router says when; never in step with all others who were told the same."""
    ends = trio.current_time() + patience_seconds
    while True:
        try:
            return await ask()
        except RequestRefused as refused:
            if refused.retry_seconds is None:
                raise
            wait = min(max(refused.retry_seconds, 1), _LONGEST_SECONDS) * random.uniform(1.0, 1.5)  # noqa: S311
            if trio.current_time() + wait > ends:
                raise
        await trio.sleep(wait)
