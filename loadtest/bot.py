"""One bot: logs in, finds a table, plays, leaves, comes to another, and comes back when it is cut off."""

from random import Random
from typing import Final

import trio

from cardroom.client import (
    Account,
    ClientLimits,
    ConnectionLost,
    ProtocolBroken,
    RequestRefused,
    SequenceGap,
    Table,
    WayBack,
    connect,
)
from cardroom.ids import TableId
from cardroom.wire.lobby import TicketAnswer
from cardroom.wire.refusals import Refusal
from loadtest.entrance import Entrance
from loadtest.profile import Player, Profile
from loadtest.stop import Stop
from loadtest.tally import Tally
from loadtest.visit import Visit

_TOO_DEAR: Final = frozenset({Refusal.INSUFFICIENT_FUNDS})


class Bot:
    """One player of a load test."""

    def __init__(
        self, player: Player, profile: Profile, random: Random, tally: Tally, stop: Stop, entrance: Entrance
    ) -> None:
        self._player = player
        self._profile = profile
        self._random = random
        self._tally = tally
        self._stop = stop
        self._entrance = entrance
        self._failures = 0
        self._is_cut_off = False
        self._broken_at: float | None = None
        self._is_logged_in = False
        self._last_table: TableId | None = None
        self._way_back: WayBack | None = None
        self._too_dear: set[str] = set()
        self.visit: Visit | None = None

    async def run(self, start_seconds: float) -> None:
        """Play until the order to stop, then leave the table and return."""
        await self._stop.pause(start_seconds)
        account = self._entrance.account()
        while not self._stop.is_ordered:
            try:
                if await self._visit(account):
                    self._failures = 0
                else:
                    self._too_dear.clear()
                    await self._back_off()
            except RequestRefused as refusal:
                self._tally.refused(refusal.code)
                self._is_logged_in &= refusal.code is not Refusal.NOT_AUTHENTICATED
                await self._back_off()
            except ConnectionLost:
                self._tally.count("failed_attempts" if self._is_cut_off else "connections_lost")
                self._is_cut_off = True
                await self._back_off()
            except ProtocolBroken as error:
                self._tally.broken("gap" if isinstance(error, SequenceGap) else "broken")
                await self._back_off()

    def break_off(self) -> bool:
        """Lose the connection, if there is one, as when a network fails."""
        if self.visit is None:
            return False
        self._broken_at = trio.current_time()
        self.visit.break_off()
        return True

    async def _visit(self, account: Account) -> bool:
        """Find a table and play there; False if there is none."""
        if not self._is_logged_in:
            await self._entrance.log_in(account, self._player)
            self._is_logged_in = True
        to = await self._find_way(account)
        if to is None:
            return False
        limits = ClientLimits(answer_seconds=self._profile.pace.answer_seconds)
        floor, table_id = self._entrance.floor, _table_of(to)
        floor.comes(table_id)
        try:
            async with connect(to, self._profile.encoding, limits) as table:
                self._note_return()
                await self._play(table)
        finally:
            floor.goes(table_id)
        return True

    def _note_return(self) -> None:
        """Count that a broken connection was taken up again."""
        if self._is_cut_off:
            self._tally.count("reconnects")
            self._is_cut_off = False
        if self._broken_at is not None:
            self._tally.waited("storm", trio.current_time() - self._broken_at)
            self._broken_at = None

    async def _play(self, table: Table) -> None:
        """Visit the table; a connection that breaks meanwhile is taken up again."""
        self._last_table = table.view.table_id
        self.visit = Visit(table, self._profile.pace, self._random, self._tally, self._stop)
        try:
            await self.visit.run()
        except RequestRefused as refusal:
            if refusal.code not in _TOO_DEAR:
                raise
            self._tally.refused(refusal.code)
            self._too_dear.add(table.view.stake)
            return
        except ConnectionLost:
            self._way_back = table.way_back
            raise
        finally:
            self.visit = None
        self._too_dear.clear()

    async def _find_way(self, account: Account) -> TicketAnswer | WayBack | None:
        """Go back where the connection broke, tried once, else to a table; None if there is none."""
        if self._way_back is not None:
            way_back, self._way_back = self._way_back, None
            return way_back
        table_id = await self._find_table(account)
        return None if table_id is None else await account.ticket(table_id)

    async def _find_table(self, account: Account) -> TableId | None:
        """Find the table where a seat is still held, else choose one."""
        seats = await account.seats()
        if seats:
            return seats[0].table_id
        return await self._entrance.floor.find_table(account, self._too_dear, self._last_table, self._random)

    async def _back_off(self) -> None:
        """Wait, longer after each failure in a row, and never in step with the others."""
        pace = self._profile.pace
        longest = min(pace.longest_pause_seconds, pace.pause_seconds * 2**self._failures)
        self._failures += 1
        await self._stop.pause(longest * self._random.uniform(0.5, 1.0))


def _table_of(way: TicketAnswer | WayBack) -> TableId:
    return way.view.table_id if isinstance(way, WayBack) else way.table_id


def make_random(seed: int, number: int) -> Random:
    """Give bot ``number`` its own random bits; the same seed gives the same ones."""
    return Random(f"{seed}-{number}")  # noqa: S311 (play, not secrets)
