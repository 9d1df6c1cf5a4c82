"""What a shard needs of Redis. One adapter speaks to Valkey, one in memory serves simulations: same contract.

Everything that changes a shard's keys names this start of the node and is carried out by one script, so that
the lease is checked in the same step. All methods but ``flush`` may be repeated at will. Each raises
``RedisAway`` when no answer came: then it is not known whether it was carried out.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from cardroom.ids import Epoch, NodeId, TableId
from cardroom.wire.presence import Lease


@frozen
class Changes:
    """What one step of a table changes in its journal."""

    fields: Mapping[bytes, bytes]
    removed: Sequence[bytes] = ()


class JournalPort(Protocol):
    """What a table needs of the journal."""

    def keep(self, table_id: TableId, changes: Changes, on_kept: Callable[[], None]) -> None:
        """Queue what a step has changed; ``on_kept`` is called when it is kept, and in order, or never."""


class ShardLost(Exception):
    """This node start is not, or no longer, the owner of the shard."""


@frozen
class TableChange:
    """What one flush changes in the journal of one table.

    ``expected`` is the number of the last change that the node knows to be kept; the journal must stand
    there. None writes the journal whole: whatever lies there is removed first.
    """

    table_id: TableId
    number: int
    """The number of the last change that is in here; it only grows."""
    expected: int | None
    fields: Mapping[bytes, bytes]
    removed: Sequence[bytes] = ()


@frozen
class Flush:
    """What goes to Redis in one step: journal entries, ledger commands, and the renewal of the lease."""

    epoch: Epoch
    """0 while the shard is being opened."""
    tables: Sequence[TableChange] = ()
    commands: Sequence[bytes] = ()


@frozen
class Kept:
    """All of it is kept, and the lease is renewed; ``entries`` are where the commands stand in the stream."""

    entries: tuple[bytes, ...] = ()


@frozen
class Fenced:
    """Nothing is kept: the lease names another start of a node."""


@frozen
class Unheld:
    """Nothing is kept: there is no lease. Redis has lost it, or it has run out."""


@frozen
class Behind:
    """Nothing is kept: the journals of these tables do not stand where they were expected."""

    tables: tuple[TableId, ...]


@frozen
class ServerChanged:
    """Nothing is kept: the server is another one than at the last flush, or was started again.

    It may have lost the last moments: write every journal whole. The next flush goes to the new one.
    """


FlushOutcome = Kept | Fenced | Unheld | Behind | ServerChanged


StoredJournals = Mapping[TableId, Mapping[bytes, bytes]]
"""The journals of a shard's tables as they lie in Redis."""


class ShardStore(Protocol):
    """One shard in Redis, as one start of a node works with it. Only one task at a time flushes."""

    def close(self) -> None:
        """Let go of what is held to reach Redis; may be repeated, and the store be used again."""

    async def look(self) -> Lease | None:
        """Read the lease, where its owner could renew it: ``RedisAway`` at a server that takes no writes.

        An offered one has an empty boot nonce and names the node that may take it.
        """

    async def take(self, *, absent: bool) -> bool:
        """Take a lease that names this node, whatever its start; an absent one too where ``absent`` says so.

        Gives False when it is another's. A lease that is taken stands at epoch 0.
        """

    async def take_over(self, seen: Lease | None) -> bool:
        """Take the lease of a node that is gone: only if it is still as ``seen``, or absent."""

    async def offer(self, to: NodeId) -> bool:
        """Give one's own lease to another node, which takes it with ``take``; False if it is not ours."""

    async def take_back(self, to: NodeId, epoch: Epoch) -> bool:
        """Take an offer back under the epoch that it had; False if the other node has taken it."""

    async def release(self) -> None:
        """Remove the lease, if it is ours."""

    async def flush(self, flush: Flush) -> FlushOutcome:
        """Keep all of it or nothing, and renew the lease in the same step.

        After ``RedisAway`` its tables must be written whole; commands may come twice.
        """

    async def read_journals(self, tables: Collection[TableId]) -> StoredJournals:
        """Read the journals of these tables, those that there are.

        Only what was written under the present start of the server is given: one that was started again, or
        has taken another's place, may have lost the last moments, so that actions which players saw would be
        missing.
        """

    async def remove_journal(self, table_id: TableId) -> None:
        """Remove the journal of a table that is played no more, if the lease is ours."""

    async def next_replies(self, seconds: float) -> Sequence[bytes]:
        """Take the next replies to this start of the node, waiting so long for one; none if none came.

        Only one task at a time may wait.
        """

    async def stands_in_stream(self, entry: bytes) -> bool:
        """Say whether a command still stands where ``flush`` has put it."""
