"""One bot: logs in, finds a table, plays, leaves, comes to another, and comes back when it is cut off."""

from collections.abc import Sequence
from random import Random
from typing import Final

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
    open_account,
)
from cardroom.ids import TableId
from cardroom.wire.lobby import LobbyTable, TicketAnswer
from cardroom.wire.refusals import Refusal
from loadtest.profile import Pace, Player, Profile
from loadtest.stop import Stop
from loadtest.tally import Tally
from loadtest.visit import Visit

_TOO_DEAR: Final = frozenset({Refusal.INSUFFICIENT_FUNDS})


class Bot:
    """One player of a load test."""

    def __init__(self, player: Player, profile: Profile, random: Random, tally: Tally, stop: Stop) -> None:
        self._player = player
        self._profile = profile
        self._random = random
        self._tally = tally
        self._stop = stop
        self._failures = 0
        self._is_cut_off = False
        self._is_logged_in = False
        self._last_table: TableId | None = None
        self._way_back: WayBack | None = None
        self._too_dear: set[str] = set()

    async def run(self, start_seconds: float) -> None:
        """Play until the order to stop, then leave the table and return."""
        await self._stop.pause(start_seconds)
        async with open_account(self._profile.router_url) as account:
            while not self._stop.is_ordered:
                try:
                    await self._visit(account)
                    self._failures = 0
                except RequestRefused as refusal:
                    self._tally.refused(refusal.code)
                    self._is_logged_in &= refusal.code is not Refusal.NOT_AUTHENTICATED
                    await self._back_off()
                except ConnectionLost:
                    if self._is_cut_off:
                        self._tally.failed_attempts += 1
                    else:
                        self._tally.connections_lost += 1
                    self._is_cut_off = True
                    await self._back_off()
                except ProtocolBroken as error:
                    self._tally.broken("gap" if isinstance(error, SequenceGap) else "broken")
                    await self._back_off()

    async def _visit(self, account: Account) -> None:
        if not self._is_logged_in:
            await self._log_in(account)
            self._is_logged_in = True
        to = await self._find_way(account)
        if to is None:
            self._too_dear.clear()
            await self._back_off()
            return
        limits = ClientLimits(answer_seconds=self._profile.pace.answer_seconds)
        async with connect(to, self._profile.encoding, limits) as table:
            if self._is_cut_off:
                self._tally.reconnects += 1
                self._is_cut_off = False
            await self._play(table)

    async def _play(self, table: Table) -> None:
        """Visit the table; a connection that breaks meanwhile is taken up again."""
        self._last_table = table.view.table_id
        visit = Visit(table, self._profile.pace, self._random, self._tally, self._stop)
        try:
            await visit.run()
        except RequestRefused as refusal:
            if refusal.code not in _TOO_DEAR:
                raise
            self._tally.refused(refusal.code)
            self._too_dear.add(table.view.stake)
            return
        except ConnectionLost:
            self._way_back = table.way_back
            raise
        self._too_dear.clear()

    async def _find_way(self, account: Account) -> TicketAnswer | WayBack | None:
        """Go back where the connection broke, tried once, else to a table; None if there is none."""
        if self._way_back is not None:
            way_back, self._way_back = self._way_back, None
            return way_back
        table_id = await self._find_table(account)
        return None if table_id is None else await account.ticket(table_id)

    async def _log_in(self, account: Account) -> None:
        """Log in; who has no account yet opens one."""
        player = self._player
        try:
            await account.log_in(player.email, player.password)
        except RequestRefused as refusal:
            if refusal.code is not Refusal.WRONG_CREDENTIALS:
                raise
            await account.register(player.nickname, player.email, player.password)
            await account.log_in(player.email, player.password)

    async def _find_table(self, account: Account) -> TableId | None:
        """Find the table where a seat is still held, else choose one."""
        seats = await account.seats()
        if seats:
            return seats[0].table_id
        return choose_table(await account.lobby(), self._too_dear, self._last_table, self._random)

    async def _back_off(self) -> None:
        """Wait, longer after each failure in a row, and never in step with the others."""
        pace = self._profile.pace
        longest = min(pace.longest_pause_seconds, pace.pause_seconds * 2**self._failures)
        self._failures += 1
        await self._stop.pause(longest * self._random.uniform(0.5, 1.0))


def choose_table(
    tables: Sequence[LobbyTable], too_dear: set[str], last: TableId | None, random: Random
) -> TableId | None:
    """Choose among open tables with a free seat: another one than the last, the emptiest, by chance."""
    fitting = [
        table
        for table in tables
        if table.is_open and table.players < table.seat_count and table.stake not in too_dear
    ]
    if not fitting:
        return None
    order = [(table.table_id == last, table.players, random.random(), table.table_id) for table in fitting]
    return min(order)[-1]


def make_random(seed: int, number: int) -> Random:
    """Give bot ``number`` its own random bits; the same seed gives the same ones."""
    return Random(f"{seed}-{number}")  # noqa: S311 (play, not secrets)


def pace_start(pace: Pace, number: int) -> float:
    """Say how long bot ``number`` waits, so that not all log in at the same instant."""
    return pace.start_spacing_seconds * (number - 1)
