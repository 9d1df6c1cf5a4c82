"""The ledger over Redis: commands into the shard's stream, replies from the list of this node start.

A command stays in memory until its reply is here. Nothing is lost when Redis is away: what could not be
appended waits, and what was appended but lost (the entry is gone and no reply came) is appended again.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, assert_never

import trio
from attrs import define, frozen

from cardroom.ids import BootNonce, CommandId, Epoch, ShardId, TableId, new_command_id
from cardroom.service.logs import Log
from cardroom.service.redis import Redis, RedisAway, redis_errors
from cardroom.wire import keys
from cardroom.wire.ledger import (
    CashOut,
    CommandBody,
    HoldBuyIn,
    LedgerCommand,
    LedgerReply,
    OpenShard,
    OutOfOrder,
    ReopenTable,
    ReplyBody,
    SettleHand,
    StaleEpoch,
    TableReleased,
    command_codec,
    reply_codec,
)
from node.ledger.port import ReplyHandler
from node.settings import LedgerSettings

_APPEND: Final = """
if redis.call('HGET', KEYS[1], 'boot') ~= ARGV[1] then return {} end
local entries = {}
for i = 3, #ARGV do
  entries[i - 2] = redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[i])
end
return entries
"""
"""Append commands only while the lease names this node start; an empty answer means it does not."""

_RETRY_SECONDS: Final = 0.2


class ShardLost(Exception):
    """This node start is not, or no longer, the owner of the shard."""


@define
class _Pending:
    """A command without an outcome, and where it stands in the stream."""

    id: CommandId
    body: CommandBody
    on_reply: ReplyHandler
    entry: bytes | None = None
    sent_at: float = 0.0


@frozen
class LedgerAddress:
    """Whose commands these are."""

    shard: ShardId
    boot: BootNonce


class StreamLedger:
    """The ledger of one shard. ``run`` must be running for anything to move."""

    def __init__(self, address: LedgerAddress, redis: Redis, settings: LedgerSettings, log: Log) -> None:
        self.epoch = Epoch(0)
        self.on_released: Callable[[TableReleased], None] = _ignore
        """Told of each table whose dead letters are resolved; it must not block."""
        self._address = address
        self._redis = redis
        self._settings = settings
        self._log = log
        self._append_script = redis.register_script(_APPEND)
        self._commands = command_codec()
        self._replies = reply_codec()
        self._pending: dict[CommandId, _Pending] = {}
        self._outgoing: deque[_Pending] = deque()
        self._has_outgoing = trio.Event()
        self._all_answered = trio.Event()

    def submit(self, body: CommandBody, on_reply: ReplyHandler) -> CommandId:
        """Queue a command for the next append; see ``LedgerPort``."""
        command_id = new_command_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))
        pending = _Pending(command_id, body, on_reply)
        self._pending[command_id] = pending
        if self._all_answered.is_set():
            self._all_answered = trio.Event()
        self._send(pending)
        return command_id

    def forget(self, table_id: TableId) -> None:
        """Send nothing more about a table that is given up, and take no outcome for it.

        What stands in the stream already is decided all the same, before whatever is submitted from now on.
        """
        self._pending = {key: one for key, one in self._pending.items() if _table_of(one.body) != table_id}
        if not self._pending:
            self._all_answered.set()

    @property
    def unanswered(self) -> int:
        """Count the commands that have no outcome yet."""
        return len(self._pending)

    async def wait_until_answered(self) -> None:
        """Wait until every command has an outcome; at once when none is waiting."""
        while self._pending:
            await self._all_answered.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Move commands and replies until cancelled; raises ``ShardLost`` when the shard is another's."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._append_commands)
            nursery.start_soon(self._read_replies)
            nursery.start_soon(self._resend_by_age)
            task_status.started()

    def _send(self, pending: _Pending) -> None:
        self._outgoing.append(pending)
        self._has_outgoing.set()

    async def _append_commands(self) -> None:
        while True:
            await self._has_outgoing.wait()
            batch = [self._outgoing[place] for place in range(min(len(self._outgoing), self._settings.batch))]
            if not batch:
                self._has_outgoing = trio.Event()
                continue
            try:
                await self._append([pending for pending in batch if pending.id in self._pending])
            except RedisAway as away:
                self._log.warning("ledger.redis_away", reason=str(away))
                await trio.sleep(_RETRY_SECONDS)
                continue
            for _ in batch:
                self._outgoing.popleft()

    async def _append(self, batch: Sequence[_Pending]) -> None:
        """Append a batch. After ``RedisAway`` it may be there or not: appending again is harmless."""
        if not batch:
            return
        shard, boot = self._address.shard, self._address.boot
        payloads = [self._commands.encode(self._command(pending)) for pending in batch]
        with redis_errors():
            entries: object = await self._append_script(
                keys=[keys.lease(shard), keys.commands(shard)], args=[boot, keys.COMMAND_FIELD, *payloads]
            )
        assert isinstance(entries, Sequence), "the script answers with a list"
        if not entries:
            raise ShardLost(f"shard {shard}: the lease names another node start")
        now = trio.current_time()
        for pending, entry in zip(batch, entries, strict=True):
            assert isinstance(entry, bytes), "entry ids are bytes"
            pending.entry, pending.sent_at = entry, now

    def _command(self, pending: _Pending) -> LedgerCommand:
        return LedgerCommand(pending.id, self._address.shard, self.epoch, self._address.boot, pending.body)

    async def _read_replies(self) -> None:
        replies = keys.replies(self._address.shard, self._address.boot)
        while True:
            try:
                with redis_errors():
                    found = await self._redis.blpop([replies], timeout=self._settings.poll_seconds)
            except RedisAway as away:
                self._log.warning("ledger.redis_away", reason=str(away))
                await trio.sleep(_RETRY_SECONDS)
                continue
            if found:
                self._take(self._replies.decode(found[1]))

    def _take(self, reply: LedgerReply) -> None:
        """Hand an outcome to who waits for it. An outcome may come twice: the second finds nobody."""
        match reply.body:
            case OutOfOrder() as late:
                # The hand before it is on its way again: this one is sent again by age, after it.
                self._log.warning("ledger.out_of_order", last_hand_no=late.last_hand_no)
                return
            case TableReleased() as released:
                self.on_released(released)
                return
            case _:
                pending = self._pending.pop(reply.id, None)
        if pending is not None:
            self._answer(pending, reply.body)
        if not self._pending:
            self._all_answered.set()

    def _answer(self, pending: _Pending, body: ReplyBody) -> None:
        if isinstance(body, StaleEpoch) and self.epoch:
            raise ShardLost(f"shard {self._address.shard}: epoch {self.epoch} is stale, now {body.current}")
        pending.on_reply(body)

    async def _resend_by_age(self) -> None:
        """Send again, in order, what has waited long and stands in the stream no more."""
        while True:
            await trio.sleep(self._settings.resend_seconds)
            try:
                for pending in self._overdue():
                    if not await self._stands_in_stream(pending) and pending.id in self._pending:
                        pending.entry = None
                        self._send(pending)
            except RedisAway as away:
                self._log.warning("ledger.redis_away", reason=str(away))

    def _overdue(self) -> list[_Pending]:
        before = trio.current_time() - self._settings.resend_seconds
        return [one for one in self._pending.values() if one.entry is not None and one.sent_at < before]

    async def _stands_in_stream(self, pending: _Pending) -> bool:
        assert pending.entry is not None, "only what was appended can stand in the stream"
        with redis_errors():
            found = await self._redis.xrange(
                keys.commands(self._address.shard), start=pending.entry, end=pending.entry
            )
        return bool(found)


def _ignore(_: TableReleased) -> None:
    """Until somebody serves the tables, there is nothing to open anew."""


def _table_of(body: CommandBody) -> TableId | None:
    match body:
        case OpenShard():
            return None
        case HoldBuyIn() | SettleHand() | CashOut() | ReopenTable():
            return body.table_id
        case _ as unreachable:
            assert_never(unreachable)
