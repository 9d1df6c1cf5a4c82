"""Who may come in: who that is, and the check of a ticket."""

import time
from collections.abc import Callable, Sequence

from attrs import field, frozen
from itsdangerous import BadSignature

from cardroom.ids import Epoch, ShardId, TableId, UserId
from cardroom.service.redis import Redis, RedisAway, set_if_absent
from cardroom.service.settings import Secret
from cardroom.wire import keys
from cardroom.wire.lobby import TableTicket, open_ticket
from cardroom.wire.player import Hello
from cardroom.wire.refusals import Refusal
from node.shards.lease import NodeIdentity


@frozen
class Admitted:
    """A player who may come in, to one table; a private one asks for the ``invitation``.

    Who was there before has seen its events up to ``last_seq``, numbered as in ``run``, and may come back
    until ``expires_unix_ms``: a token that is used gives no later one.
    """

    user_id: UserId
    nickname: str
    table_id: TableId
    run: str = ""
    last_seq: int | None = None
    expires_unix_ms: int | None = None
    invitation: str = field(default="", repr=False)


class NotAdmitted(Exception):
    """The ticket or token is not good here and now, or there is no room; ``code`` says why."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code


def wall_clock_ms() -> int:
    """Give the time of day in milliseconds since 1970, as tickets count it."""
    return time.time_ns() // 1_000_000


class Admission:
    """Checks tickets: signature, time, this start of the node, the epoch, and that each is used once.

    ``keys`` are all that a ticket may be signed with: while the key is changed, that is two.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Sequence[Secret],
        identity: NodeIdentity,
        epoch_of: Callable[[ShardId], Epoch],
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self._redis = redis
        self._keys = tuple(key.value for key in keys)
        self._identity = identity
        self._epoch_of = epoch_of
        self._now_ms = now_ms

    async def admit(self, hello: Hello) -> Admitted:
        """Give whom the ticket is for if it is good, and mark it as used; raises ``NotAdmitted``."""
        try:
            ticket = open_ticket(hello.ticket, *self._keys)
        except BadSignature:
            raise NotAdmitted(Refusal.TICKET_INVALID) from None
        if ticket.expires_unix_ms < self._now_ms():
            raise NotAdmitted(Refusal.TICKET_EXPIRED)
        if (ticket.node, ticket.boot) != (self._identity.node, self._identity.boot):
            raise NotAdmitted(Refusal.WRONG_NODE)
        if ticket.epoch != self._epoch_of(ticket.shard) or not ticket.epoch:
            raise NotAdmitted(Refusal.WRONG_NODE)
        await self._use(ticket)
        return Admitted(ticket.user_id, ticket.nickname, ticket.table_id, invitation=hello.invitation)

    async def _use(self, ticket: TableTicket) -> None:
        try:
            key = keys.used_ticket(ticket.ticket_id)
            # On this node's clock, which may be slow, a ticket may be good for longer than tickets are.
            left_seconds = (ticket.expires_unix_ms - self._now_ms()) // 1000 + keys.TICKET_SECONDS
            is_first = await set_if_absent(
                self._redis, key, b"1", seconds=max(left_seconds, keys.TICKET_SECONDS)
            )
        except RedisAway:
            raise NotAdmitted(Refusal.UNAVAILABLE) from None
        if not is_first:
            raise NotAdmitted(Refusal.TICKET_USED)
