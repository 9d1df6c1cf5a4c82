"""Tells followers how the lobby changes: one comparison for all, one text for all with the same filters."""

import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, unique
from hashlib import blake2b
from typing import Final

import trio
from attrs import define, field, frozen

from cardroom.ids import TableId
from cardroom.service.http import RefusedRequest
from cardroom.service.redis import RedisAway
from cardroom.wire.lobby import LobbyTable
from cardroom.wire.lobby_live import LobbyBeat, LobbyDelta, compare_lines, write_live, write_snapshot
from cardroom.wire.lobby_query import LobbyQuery
from cardroom.wire.refusals import Refusal
from shard_router.api.http import ComeBack
from shard_router.api.lobby_lines import Lines, LobbyLines
from shard_router.settings import LiveSettings
from shard_router.store.nodes import DirectoryCache, Nodes

_DIGEST_BYTES: Final = 4
_NUMBER_DIGITS: Final = 18
_BUSY_SECONDS: Final = 5


@unique
class FollowEnd(Enum):
    """Why a follower is told no more. Each may come back, to this router or another."""

    STOPPING = "stopping"
    """The router stops."""
    SLOW = "slow"
    """Too many messages waited for this follower, who reads too slowly."""
    AWAY = "away"
    """Nothing was heard of the nodes for too long."""
    TALKING = "talking"
    """Followers have nothing to say, and this one went on."""

    @property
    def close_code(self) -> int:
        """WebSocket's code for it."""
        return _CLOSE_CODES[self]


_CLOSE_CODES: Final = {
    FollowEnd.STOPPING: 1012,
    FollowEnd.SLOW: 1013,
    FollowEnd.AWAY: 1013,
    FollowEnd.TALKING: 1008,
}


@frozen
class Told:
    """A message to followers: its id, its kind, and its text."""

    id: str
    kind: str
    text: str

    def as_event(self) -> bytes:
        """Write it as a server-sent event."""
        return f"id: {self.id}\nevent: {self.kind}\ndata: {self.text}\n\n".encode()


class Follower:
    """Somebody who follows the lobby: what is to be told, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Told] = deque()
        self._there = trio.Event()
        self.end: FollowEnd | None = None

    def offer(self, told: Told) -> None:
        """Let a message wait for its turn; whoever has too many is not told any."""
        if len(self._waiting) >= self._limit:
            self.close(FollowEnd.SLOW)
        if self.end is None:
            self._waiting.append(told)
            self._there.set()

    def close(self, end: FollowEnd) -> None:
        """Tell nothing more. The first reason stands."""
        self.end = self.end or end
        self._waiting.clear()
        self._there.set()

    async def next(self) -> Told | None:
        """Wait for the next message; None when there are no more, for the reason that ``end`` says."""
        while not self._waiting and self.end is None:
            self._there = trio.Event()
            await self._there.wait()
        return self._waiting.popleft() if self._waiting else None


Move = tuple[LobbyTable | None, LobbyTable | None]
"""A line before and after a change; None where there is none."""


@define(eq=False)
class _Group:
    """All who follow with the same filters."""

    query: LobbyQuery
    digest: str
    followers: set[Follower] = field(factory=set)


class LobbyFeed:
    """The lobby's changes in order, each with a number, and who follows them.

    While nobody follows nothing is compared; what changed meanwhile is one change when somebody comes.
    """

    def __init__(
        self, nodes: Nodes, cache: DirectoryCache, lines: LobbyLines, settings: LiveSettings
    ) -> None:
        self._nodes = nodes
        self._cache = cache
        self._lines = lines
        self._settings = settings
        self._name = secrets.token_hex(4)
        self._number = 0
        self._now: Lines = {}
        self._is_stale = False
        self._history: deque[dict[TableId, Move]] = deque(maxlen=settings.kept_changes)
        self._groups: dict[LobbyQuery, _Group] = {}
        self._by_address: Counter[str] = Counter()
        self._wanted = trio.Event()
        self._comparing = trio.Lock()
        self._is_stopped = False

    def __len__(self) -> int:
        return sum(self._by_address.values())

    async def run(self) -> None:
        """Tell followers of changes until cancelled."""
        while True:
            await self._wanted.wait()
            changed, began = self._nodes.picture.changed, trio.current_time()
            try:
                await self.catch_up()
            except RedisAway:
                self._close_all(FollowEnd.AWAY)
            with trio.move_on_after(self._settings.look_seconds):
                await changed.wait()
            await trio.sleep_until(began + self._settings.tell_seconds)

    def stop(self) -> None:
        """Send everybody away, for good: the router stops."""
        self._is_stopped = True
        self._close_all(FollowEnd.STOPPING)

    def check(self, address: str) -> None:
        """Refused: more followers than there may be, from one place or in all."""
        if self._is_stopped:
            raise ComeBack(Refusal.UNAVAILABLE, 1)
        most = self._settings.followers_per_address
        if most and self._by_address[address] >= most:
            raise RefusedRequest(429, Refusal.RATE_LIMITED, "too many followers from one address")
        if len(self) >= self._settings.followers:
            raise ComeBack(Refusal.BUSY, _BUSY_SECONDS)

    @asynccontextmanager
    async def follow(self, query: LobbyQuery, last: str, address: str) -> AsyncIterator[Follower]:
        """Follow the lobby: all of it first, or what changed since ``last``, if that is known.

        Refused as ``check`` says, and with ``RedisAway`` when nobody knows the lobby.
        """
        self.check(address)
        self._by_address[address] += 1
        follower = Follower(self._settings.waiting_messages)
        group: _Group | None = None
        try:
            await self.catch_up()
            group = self._groups.get(query)
            if group is None:
                group = self._groups[query] = _Group(query, _digest(query))
            follower.offer(self._first(group, last))
            group.followers.add(follower)
            self._wanted.set()
            if self._is_stopped:
                follower.close(FollowEnd.STOPPING)
            yield follower
        finally:
            self._leave(group, follower, address)

    async def look(self) -> None:
        """Make sure that there is something to tell. Raises ``RedisAway``."""
        await self._cache.look()

    def beat(self, query: LobbyQuery) -> Told:
        """Give what is told when there is nothing to tell."""
        told_id = self._id(_digest(query))
        return Told(told_id, "lobby_beat", write_live(LobbyBeat(told_id, self._is_stale)))

    def _leave(self, group: _Group | None, follower: Follower, address: str) -> None:
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
        if group is not None:
            group.followers.discard(follower)
            if not group.followers and self._groups.get(group.query) is group:
                del self._groups[group.query]
        if not self._groups and self._wanted.is_set():  # or somebody waits for this very one to be set
            self._wanted = trio.Event()

    async def catch_up(self) -> None:
        """Compare what is known now with what was told, and tell the difference. Raises ``RedisAway``."""
        async with self._comparing:
            self._is_stale = (await self._cache.look()).is_stale
            lines = self._lines.of(self._nodes.known())
            if lines is self._now:
                return
            moves, self._now = _compare(self._now, lines), lines
            if moves:
                self._number += 1
                self._history.append(moves)
                self._tell(moves)

    def _tell(self, moves: dict[TableId, Move]) -> None:
        for group in self._groups.values():
            told = self._write(group, moves)
            if told is not None:
                for follower in group.followers:
                    follower.offer(told)

    def _first(self, group: _Group, last: str) -> Told:
        """Give what a new follower is told first."""
        number = self._read_id(group, last)
        if number is None:
            matches, told_id = group.query.matcher(), self._id(group.digest)
            lines = [line.text for line in self._now.values() if matches(line.table)]
            return Told(told_id, "lobby_snapshot", write_snapshot(told_id, lines))
        missed: dict[TableId, Move] = {}
        for moves in list(self._history)[len(self._history) - (self._number - number) :]:
            for table_id, (before, now) in moves.items():
                missed[table_id] = (missed.get(table_id, (before, now))[0], now)
        return self._write(group, missed) or self.beat(group.query)

    def _write(self, group: _Group, moves: dict[TableId, Move]) -> Told | None:
        """Write what moves mean to those who see only some lines; None if they see none of it."""
        matches = group.query.matcher()
        new, changed, removed = [], [], []
        for table_id, (before, now) in moves.items():
            was_seen = before is not None and matches(before)
            if now is None or not matches(now):
                if was_seen:
                    removed.append(table_id)
            elif before is None or not was_seen or (change := compare_lines(before, now)) is None:
                new.append(now)
            elif before != now:
                changed.append(change)
        if not (new or changed or removed):
            return None
        told_id = self._id(group.digest)
        delta = LobbyDelta(told_id, tuple(new), tuple(changed), tuple(removed))
        return Told(told_id, "lobby_delta", write_live(delta))

    def _id(self, digest: str) -> str:
        return f"{self._name}.{digest}.{self._number}"

    def _read_id(self, group: _Group, text: str) -> int | None:
        """Read the id of a state that can still be gone on from; None if it is none."""
        name, _, rest = text.partition(".")
        digest, _, number = rest.partition(".")
        if (name, digest) != (self._name, group.digest) or not (number.isascii() and number.isdigit()):
            return None
        oldest = self._number - len(self._history)
        return (
            int(number) if len(number) <= _NUMBER_DIGITS and oldest <= int(number) <= self._number else None
        )

    def _close_all(self, end: FollowEnd) -> None:
        for group in self._groups.values():
            for follower in group.followers:
                follower.close(end)


def _digest(query: LobbyQuery) -> str:
    text = repr(sorted(query.parameters().items()))
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _compare(before: Lines, now: Lines) -> dict[TableId, Move]:
    moves: dict[TableId, Move] = {
        table_id: (None if (was := before.get(table_id)) is None else was.table, line.table)
        for table_id, line in now.items()
        if before.get(table_id) is not line
    }
    return moves | {table_id: (line.table, None) for table_id, line in before.items() if table_id not in now}
