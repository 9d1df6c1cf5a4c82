"""Keeps this worker on the register of live ones, and tells its consumers which terms are theirs to take."""

from collections.abc import Mapping

import trio
from attrs import Factory, frozen

from cardroom.ids import ShardId
from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.redis import Redis, RedisAway, make_line, redis_errors
from cardroom.service.redis_line import RedisLine
from wallet_worker.ledger import metrics
from wallet_worker.ledger.term import Term
from wallet_worker.rules.sharing import share_streams
from wallet_worker.settings import LedgerSettings
from wallet_worker.store.workers import sign_in, sign_out


@frozen
class Sharing:
    """One worker among others. Until it has looked for the first time, it takes nothing."""

    worker: str
    postgres: Postgres
    redis: Redis
    terms: Mapping[ShardId, Term]
    settings: LedgerSettings
    log: Log
    line: RedisLine = Factory(lambda self: make_line(self.redis), takes_self=True)

    def __attrs_post_init__(self) -> None:
        for term in self.terms.values():
            term.obey(may_take=False, gives_back=False)

    async def run(self, stopping: trio.Event) -> None:
        """Look, again and again, until ``stopping``, also past servers that are away; then sign out."""
        while not stopping.is_set():
            try:
                await self.look()
            except (PostgresAway, PostgresRefused, RedisAway) as trouble:
                self.log.warning("ledger.not_on_register", trouble=str(trouble))
            with trio.move_on_after(self.settings.heartbeat_seconds):
                await stopping.wait()
        await self._leave()

    async def look(self) -> None:
        """Write the heartbeat and obey what follows from the picture.

        Who does not reach Redis is not live: no stream must wait for a worker that cannot read it.
        """
        with redis_errors():
            await self.line.ask((b"PING",))
        standing = await sign_in(self.postgres, self.worker, tuple(self.terms), self.settings.term_seconds)
        metrics.LIVE_WORKERS.set(len(standing.serves))
        duty = share_streams(standing, self.worker)
        for shard, term in self.terms.items():
            term.obey(may_take=shard in duty.take, gives_back=shard == duty.give)

    async def _leave(self) -> None:
        try:
            with trio.move_on_after(self.settings.stop_seconds, shield=True):
                await sign_out(self.postgres, self.worker)
        except (PostgresAway, PostgresRefused) as trouble:
            self.log.warning("ledger.not_off_register", trouble=str(trouble))
