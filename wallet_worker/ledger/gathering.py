"""Settlements wait for each other a moment, so that one transaction serves many; others do not.

The pace of a stream is at most one batch in ``gather_seconds``, as long as nobody waits for an answer: what
comes after a while of silence is served at once, what comes soon after a batch waits for what follows it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import trio

from cardroom.ids import TableId, UserId
from cardroom.wire.ledger import HoldBuyIn, LedgerCommand, SettleHand
from wallet_worker.ledger.entries import Entry, Letter
from wallet_worker.ledger.stream import CommandStream
from wallet_worker.settings import LedgerSettings

_SHORTEST_WAIT_MS: Final = 1

_Seated = tuple[TableId, UserId]


def may_wait(entries: Sequence[Entry], played: AbstractSet[_Seated], hands_of_a_table: int) -> bool:
    """Say whether nobody waits for these commands.

    A table plays on while settlements are open, up to a number of them; from there on it stands still. Who
    has just ``played`` tops up for the hand after the next one at the latest. All else (a player who sits
    down or is paid out, a node that opens its shard) is waited for from the beginning.
    """
    hands: Counter[TableId] = Counter()
    for command in _commands(entries):
        match command.body if command is not None else None:
            case SettleHand(table_id=table_id):
                hands[table_id] += 1
            case HoldBuyIn(user_id, table_id) if (table_id, user_id) in played:
                pass
            case _:
                return False
    return max(hands.values(), default=0) < hands_of_a_table


def players_of(entries: Iterable[Entry]) -> set[_Seated]:
    """Give who played the hands among these entries, and where."""
    bodies = [command.body for command in _commands(entries) if command is not None]
    hands = [body for body in bodies if isinstance(body, SettleHand)]
    return {(hand.table_id, result.user_id) for hand in hands for result in hand.results}


def _commands(entries: Iterable[Entry]) -> list[LedgerCommand | None]:
    return [entry.command if isinstance(entry, Letter) else None for entry in entries]


class Gatherer:
    """Reads a stream's head, batch after batch."""

    def __init__(self, stream: CommandStream, settings: LedgerSettings) -> None:
        self._stream = stream
        self._settings = settings
        self._played: set[_Seated] = set()
        self._last_batch_at = float("-inf")

    async def read(self, stopping: trio.Event) -> Sequence[Entry]:
        """Give the oldest entries, none after a wait of ``block_ms``; raises ``RedisAway``.

        Nothing is taken out of the stream: who is cut off here, or is replaced, has cost nobody an entry.
        """
        entries = list(await self._stream.read(self._settings.batch_size, self._settings.block_ms))
        if entries:
            entries = await self._gather(entries, stopping)
            self._played = players_of(entries)
            self._last_batch_at = trio.current_time()
        return entries

    def hurry(self) -> None:
        """Let the next batch wait for nothing: its head is tried again, and holds up all that is behind it.

        Who fails writes no heartbeat either: tries with waits in between would take longer than a term.
        """
        self._last_batch_at = float("-inf")

    async def _gather(self, entries: list[Entry], stopping: trio.Event) -> list[Entry]:
        size, block_ms = self._settings.batch_size, self._settings.block_ms
        deadline = self._last_batch_at + self._settings.gather_seconds
        while len(entries) < size and not stopping.is_set() and self._may_wait(entries):
            left_ms = (deadline - trio.current_time()) * 1000
            if left_ms < _SHORTEST_WAIT_MS:
                break
            behind, wait_ms = entries[-1].stream_id, int(min(left_ms, block_ms))
            entries += await self._stream.read(size - len(entries), wait_ms, behind)
        return entries

    def _may_wait(self, entries: Sequence[Entry]) -> bool:
        played = self._played | players_of(entries)
        return may_wait(entries, played, self._settings.gather_hands_of_a_table)
