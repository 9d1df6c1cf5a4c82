"""The ledger over Redis: commands into the shard's stream, replies from the list of this node start.

Commands go with the journal's flushes: what a hand has done to the money stands in the stream in the same
step as the hand's end in the journal. A command stays in memory until its reply is here; what was sent but
lost (the entry is gone and no reply came) is sent again.
"""

import secrets
import time
from collections.abc import Callable
from typing import Final, assert_never

import trio
from attrs import define, frozen

from cardroom.ids import BootNonce, CommandId, ShardId, TableId, new_command_id
from cardroom.service.logs import Log
from cardroom.service.redis import RedisAway
from cardroom.wire.ledger import (
    CashOut,
    CommandBody,
    EndTable,
    HoldBuyIn,
    LedgerCommand,
    LedgerReply,
    MakeTable,
    OpenShard,
    OutOfOrder,
    ReopenTable,
    ReplyBody,
    SettleHand,
    StaleEpoch,
    SwitchTable,
    TableReleased,
    command_codec,
    reply_codec,
)
from node.journal.port import ShardLost, ShardStore
from node.journal.writer import JournalWriter
from node.ledger.port import ReplyHandler
from node.settings import LedgerSettings

_RETRY_SECONDS: Final = 0.2


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
    """The ledger of one shard. ``run`` must be running for anything to move, and the journal's writer too."""

    def __init__(
        self,
        address: LedgerAddress,
        store: ShardStore,
        writer: JournalWriter,
        settings: LedgerSettings,
        log: Log,
    ) -> None:
        self.on_released: Callable[[TableReleased], None] = _ignore
        """Told of each table whose dead letters are resolved; it must not block."""
        self._address = address
        self._store = store
        self._writer = writer
        self._settings = settings
        self._log = log
        self._commands = command_codec()
        self._replies = reply_codec()
        self._pending: dict[CommandId, _Pending] = {}
        self._all_answered = trio.Event()

    def submit(
        self, body: CommandBody, on_reply: ReplyHandler, command_id: CommandId | None = None
    ) -> CommandId:
        """Give a command to the journal's writer; see ``LedgerPort``."""
        if command_id is None:
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

    def count_waiting(self, kind: type[CommandBody]) -> int:
        """Count the commands of a kind that have no outcome yet."""
        return sum(isinstance(one.body, kind) for one in self._pending.values())

    async def wait_until_answered(self) -> None:
        """Wait until every command has an outcome; at once when none is waiting."""
        while self._pending:
            await self._all_answered.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take replies until cancelled; raises ``ShardLost`` when the shard is another's."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read_replies)
            nursery.start_soon(self._resend_by_age)
            task_status.started()

    def _send(self, pending: _Pending) -> None:
        """Queue a command. One that has its answer, or is forgotten, when its turn comes is not sent."""

        def write() -> bytes | None:
            return self._commands.encode(self._command(pending)) if pending.id in self._pending else None

        def sent(entry: bytes) -> None:
            pending.entry, pending.sent_at = entry, trio.current_time()

        self._writer.send(write, sent, opens=isinstance(pending.body, OpenShard))

    def _command(self, pending: _Pending) -> LedgerCommand:
        return LedgerCommand(
            pending.id, self._address.shard, self._writer.epoch, self._address.boot, pending.body
        )

    async def _read_replies(self) -> None:
        while True:
            try:
                replies = await self._store.next_replies(self._settings.poll_seconds)
            except RedisAway as away:
                self._log.warning("ledger.redis_away", reason=str(away))
                await trio.sleep(_RETRY_SECONDS)
                continue
            for reply in replies:
                self._take(self._replies.decode(reply))

    def _take(self, reply: LedgerReply) -> None:
        """Hand an outcome to who waits for it. An outcome may come twice: the second finds nobody."""
        match reply.body:
            case OutOfOrder() as late:
                # The hand before it is on its way again: this one is sent again by age, after it.
                self._log.warning("ledger.out_of_order", last_hand_no=late.last_hand_no)
                return
            case StaleEpoch(current) if current == self._writer.epoch and not self._opens(reply.id):
                # A copy of it was held up on its way, and came under the epoch before ours: it is sent again.
                self._log.warning("ledger.held_up", epoch=current)
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

    def _opens(self, command_id: CommandId) -> bool:
        pending = self._pending.get(command_id)
        return pending is not None and isinstance(pending.body, OpenShard)

    def _answer(self, pending: _Pending, body: ReplyBody) -> None:
        if isinstance(body, StaleEpoch) and not isinstance(pending.body, OpenShard):
            raise ShardLost(f"shard {self._address.shard}: another owner's epoch is {body.current}")
        pending.on_reply(body)

    async def _resend_by_age(self) -> None:
        """Send again, in order, what has waited long and stands in the stream no more."""
        while True:
            await trio.sleep(self._settings.resend_seconds)
            try:
                for pending in self._overdue():
                    assert pending.entry is not None, "only what was sent is overdue"
                    is_there = await self._store.stands_in_stream(pending.entry)
                    if not is_there and pending.id in self._pending:
                        pending.entry = None
                        self._send(pending)
            except RedisAway as away:
                self._log.warning("ledger.redis_away", reason=str(away))

    def _overdue(self) -> list[_Pending]:
        before = trio.current_time() - self._settings.resend_seconds
        return [one for one in self._pending.values() if one.entry is not None and one.sent_at < before]


def _ignore(_: TableReleased) -> None:
    """Until somebody serves the tables, there is nothing to open anew."""


def _table_of(body: CommandBody) -> TableId | None:
    match body:
        case OpenShard() | MakeTable():
            return None
        case HoldBuyIn() | SettleHand() | CashOut() | ReopenTable() | SwitchTable() | EndTable():
            return body.table_id
        case _ as unreachable:
            assert_never(unreachable)
