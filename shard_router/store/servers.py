"""Whether PostgreSQL and Redis answer: asked again and again, for health pages and the log."""

from collections.abc import Awaitable, Callable

import trio

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors


class ServerWatch:
    """The last known state of both servers; not well until they have answered once."""

    def __init__(self, postgres: Postgres, redis: Redis, seconds: float, log: Log) -> None:
        self._postgres = postgres
        self._line = make_line(redis)
        self._seconds = seconds
        self._log = log
        self._is_up = {"postgres": False, "redis": False}
        self.all_answered = trio.Event()

    def health(self) -> dict[str, bool]:
        """Say of each server whether it answered last time."""
        return dict(self._is_up)

    async def watch(self) -> None:
        """Ask both servers, for as long as the process lives."""
        while True:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._probe, "postgres", self._ask_postgres)
                nursery.start_soon(self._probe, "redis", self._ask_redis)
            if all(self._is_up.values()):
                self.all_answered.set()
            await trio.sleep(self._seconds)

    async def _probe(self, server: str, ask: Callable[[], Awaitable[None]]) -> None:
        was_up = self._is_up[server]
        try:
            await ask()
        except (PostgresAway, PostgresRefused, RedisAway) as error:
            self._is_up[server] = False
            if was_up:
                self._log.error("server.away", server=server, reason=str(error))
        else:
            self._is_up[server] = True
            if not was_up:
                self._log.info("server.answers", server=server)

    async def _ask_postgres(self) -> None:
        await self._postgres.fetch_one("SELECT 1")

    async def _ask_redis(self) -> None:
        with redis_errors():
            await self._line.ask((b"PING",))
