"""Follows what is settled and unpacks each hand's record into rows, off the way of the money.

Of each shard in the order of its batches, a group of hands in a transaction that also moves the shard's
progress: so a crash repeats nothing and leaves nothing out. Several workers may do it at once; of a shard
only one does.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

import trio
from attrs import frozen
from prometheus_client import Counter

from cardroom.handrecord.events import HandEvent, list_events
from cardroom.handrecord.reading import UnreadableError
from cardroom.ids import ShardId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from wallet_worker.settings import HandEventSettings
from wallet_worker.store.book_events import SettledHand, UnpackedHand, book_events, next_hands

_BELIEVED_SECONDS: Final = 60.0

UNPACKED_HANDS = Counter(
    "holdem_hand_events_hands_total", "Hands whose record was unpacked or skipped", ["shard"]
)
UNPACKED_EVENTS = Counter("holdem_hand_events_total", "Events unpacked from records of hands", ["shard"])
UNREADABLE = Counter("holdem_hand_events_unreadable_total", "Records that cannot be read", ["shard"])


def _not_known(_: ShardId) -> None:
    """Nobody knows how far the chain goes: then the database is asked each time."""


@frozen
class _Look:
    """When nothing was found of a shard, and where its chain ended then."""

    head: int
    at: float


class Unpacker:
    """Unpacks the records of some shards' hands."""

    def __init__(
        self,
        postgres: Postgres,
        shards: Sequence[ShardId],
        settings: HandEventSettings,
        log: Log,
        head: Callable[[ShardId], int | None] = _not_known,
    ) -> None:
        """Take ``head``, which says where a shard's chain ends, if that is known without asking."""
        self._head = head
        self._looks: dict[ShardId, _Look] = {}
        self._postgres = postgres
        self._shards = shards
        self._settings = settings
        self._log = log

    async def run(self) -> None:
        """Unpack until cancelled; a database that is away, or refuses, is asked again after the pause."""
        while True:
            for shard in self._shards:
                try:
                    await self._look(shard)
                except (PostgresAway, PostgresRefused) as trouble:
                    self._log.warning("hand_events.not_unpacked", shard=shard, trouble=str(trouble))
            await trio.sleep(self._settings.pause_seconds)

    async def _look(self, shard: ShardId) -> None:
        """Catch up, unless nothing was settled since the last time; that is not believed for ever.

        Another worker that has the lock may end before it has done its part.
        """
        head, now = self._head(shard), trio.current_time()
        last = self._looks.get(shard)
        if last is not None and last.head == head and now < last.at + _BELIEVED_SECONDS:
            return
        if await self.catch_up(shard) == 0 and head is not None:
            self._looks[shard] = _Look(head, now)

    async def catch_up(self, shard: ShardId) -> int:
        """Unpack group after group, up to ``groups``, so that every shard has its turn; gives the hands."""
        total = 0
        for _ in range(self._settings.groups):
            hands = await self.unpack_group(shard)
            total += hands
            if hands < self._settings.group_hands:
                break
        return total

    async def unpack_group(self, shard: ShardId) -> int:
        """Unpack the next hands of a shard in one transaction; gives how many. May be repeated."""
        async with self._postgres.transaction() as transaction:
            hands = await next_hands(transaction, shard, self._settings.group_hands)
            if not hands:
                return 0
            unpacked = []
            for hand in hands:
                unpacked.append(UnpackedHand(hand, self._read(shard, hand)))
                await trio.lowlevel.checkpoint()  # reading takes half a millisecond: money goes first
            rows = await book_events(transaction, shard, unpacked)
        UNPACKED_HANDS.labels(shard=shard).inc(len(hands))
        UNPACKED_EVENTS.labels(shard=shard).inc(rows)
        return len(hands)

    def _read(self, shard: ShardId, hand: SettledHand) -> tuple[HandEvent, ...]:
        """Read a record; one that cannot be read is said and passed over.

        There is none where it was put away, and of a hand that nobody played.
        """
        if hand.record is None:
            return ()
        try:
            return list_events(hand.record)
        except UnreadableError as trouble:
            UNREADABLE.labels(shard=shard).inc()
            facts = {"shard": shard, "hand_id": str(hand.hand_id), "reason": _without_quotes(trouble)}
            self._log.error("hand_events.unreadable", **facts)
            return ()


def _without_quotes(trouble: UnreadableError) -> str:
    """Say what is wrong with a record, but not what stands there: it could be somebody's cards."""
    return re.split("['\"]", str(trouble), maxsplit=1)[0].strip()
