"""Which server is the primary: asked of all sentinels again and again, what most of them say counts.

So one that is down, frozen, or cut off from the others (and still names the old primary) delays nobody.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import coredis
import trio
from attrs import frozen
from coredis.exceptions import ConnectionError as ConnectionFailed
from coredis.exceptions import RedisError

Address = tuple[str, int]
OpenSentinel = Callable[[], AbstractAsyncContextManager["coredis.Redis[bytes]"]]

_TROUBLES = (RedisError, OSError, TimeoutError, trio.BrokenResourceError, trio.ClosedResourceError)


@frozen
class _Answer:
    asked_at: float
    address: Address | None


class Sentinels:
    """The sentinels of one service. ``run`` must be running for anybody to be asked."""

    def __init__(
        self, clients: Sequence[OpenSentinel], service: str, look_seconds: float, find_seconds: float
    ) -> None:
        self.on_primary: Callable[[str, int], None] = _ignore
        """Told of the primary whenever most of all sentinels name the same; it must not block."""
        self._clients = clients
        self._service = service
        self._look_seconds = look_seconds
        self._find_seconds = find_seconds
        self._answers: dict[int, _Answer] = {}
        self._wanted = trio.Event()
        self._heard = trio.Event()

    async def run(self) -> None:
        """Ask until cancelled: each sentinel by a task of its own, so that none waits for another."""
        async with trio.open_nursery() as nursery:
            for number, client in enumerate(self._clients):
                nursery.start_soon(self._follow, number, client)

    async def find(self) -> Address:
        """Ask all now: give what most of them say, or most of those that answer in time.

        Raises coredis's ``ConnectionError`` when nobody names a primary.
        """
        since = trio.current_time()
        wanted, self._wanted = self._wanted, trio.Event()
        wanted.set()
        with trio.move_on_after(self._find_seconds):
            while self._majority(since) is None and self._count(since) < len(self._clients):
                await self._heard.wait()
        votes = self._votes(since)
        if not votes:
            raise ConnectionFailed(f"no sentinel names a primary of {self._service!r}")
        return votes.most_common(1)[0][0]

    async def _follow(self, number: int, open_client: OpenSentinel) -> None:
        async with open_client() as client:
            while True:
                wanted, asked_at = self._wanted, trio.current_time()
                self._answers[number] = _Answer(asked_at, await self._ask(client))
                heard, self._heard = self._heard, trio.Event()
                heard.set()
                named = self._majority(asked_at - self._look_seconds - self._find_seconds)
                if named is not None:
                    self.on_primary(*named)
                with trio.move_on_after(self._look_seconds):
                    await wanted.wait()

    async def _ask(self, client: "coredis.Redis[bytes]") -> Address | None:
        try:
            found = await client.sentinel_get_master_addr_by_name(self._service)
        except _TROUBLES:
            return None
        if not found:
            return None
        host: object = found[0]
        return (host.decode() if isinstance(host, bytes) else str(host)), int(found[1])

    def _majority(self, since: float) -> Address | None:
        votes = self._votes(since).most_common(1)
        return votes[0][0] if votes and 2 * votes[0][1] > len(self._clients) else None

    def _votes(self, since: float) -> Counter[Address]:
        answers = self._answers.values()
        return Counter(one.address for one in answers if one.address is not None and one.asked_at >= since)

    def _count(self, since: float) -> int:
        return sum(one.asked_at >= since for one in self._answers.values())


def _ignore(_host: str, _port: int) -> None:
    """Whoever uses the addresses says so."""
