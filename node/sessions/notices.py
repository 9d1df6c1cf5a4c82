"""What players are told of their coins while they are at tables: it goes to all of their connections here."""

from cardroom.ids import UserId
from cardroom.service.logs import Log
from cardroom.service.player_notices import NoticeEar, NoticeListener
from cardroom.service.redis import Redis
from cardroom.wire.notices import PlayerNotice
from node.sessions.connections import Connections


class NoticeRelay:
    """Passes notices on to the connections of their players; whoever has none here hears nothing."""

    def __init__(self, connections: Connections, redis: Redis, log: Log) -> None:
        self._connections = connections
        self._ear = NoticeEar(redis, NoticeListener(connections.has, self.pass_on), log)

    @property
    def is_listening(self) -> bool:
        """Say whether notices are heard now, as far as is known."""
        return self._ear.is_listening

    async def run(self) -> None:
        """Listen until cancelled; comes back by itself when Redis was away."""
        await self._ear.run()

    def pass_on(self, user_id: UserId, notice: PlayerNotice) -> None:
        """Tell all connections of a player; never waits."""
        for connection in self._connections.of_user(user_id):
            connection.notify(notice)
