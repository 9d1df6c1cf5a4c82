"""Tells nodes, health and metrics what is frozen for all, a short time after it is."""

import trio
from attrs import define, field

from cardroom.service.logs import Log
from cardroom.service.postgres import Postgres, PostgresAway, PostgresRefused
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.house import HouseWord, write_house
from wallet_worker.cashier import metrics
from wallet_worker.store.freezes import Freezes, Scope, read_freezes


@define
class FreezeWatch:
    """Asks the database again and again. What moves money does not ask here: it reads the rows itself.

    Every worker tells the nodes each time, whether something has changed or not: Redis may have lost it. Who
    tells late does no harm, because each change has a number.
    """

    postgres: Postgres
    redis: Redis
    seconds: float
    log: Log
    frozen: Freezes = field(factory=lambda: Freezes({}, 0))

    async def run(self) -> None:
        """Look until cancelled; while the database is away the last word stands, and nobody is told."""
        while True:
            try:
                await self.look()
                await self.tell_nodes()
            except (PostgresAway, PostgresRefused, RedisAway) as trouble:
                self.log.warning("freeze.not_known", trouble=str(trouble))
            await trio.sleep(self.seconds)

    async def look(self) -> None:
        """Ask once."""
        self.frozen = await read_freezes(self.postgres)
        for scope in Scope:
            metrics.FROZEN.labels(scope=scope.value).set(scope in self.frozen.of)
        metrics.EVERYTHING_FROZEN.set(Scope.EVERYTHING in self.frozen.of)

    async def tell_nodes(self) -> None:
        """Write down for the nodes whether hands may be dealt; raises ``RedisAway``."""
        of_play = self.frozen.of_play
        told = "" if of_play is None else of_play.told
        word = HouseWord(of_play is not None, told, self.frozen.number)
        with redis_errors():
            await self.redis.hset(keys.house(), write_house(word))

    def notes(self) -> dict[str, bool]:
        """Give the notes for the health page."""
        return {f"{scope.value}_frozen": scope in self.frozen.of for scope in Scope}
