"""Between who commits batches and who records them: the newest ones in memory, and how far the chains go."""

from collections import deque
from collections.abc import Iterable, Sequence

import trio

from cardroom.ids import ShardId
from wallet_worker.audit.line import AuditLine
from wallet_worker.store.seal_batch import SealedBatch


class Handover:
    """Keeps the newest batches of each shard, so that the database need not be asked for them again.

    Nothing here waits or fails, so the ledger's path may call it; what is not kept any more is read from the
    database.
    """

    def __init__(self, shards: Iterable[ShardId], kept_batches: int) -> None:
        self._kept: dict[ShardId, deque[AuditLine]] = {shard: deque(maxlen=kept_batches) for shard in shards}
        self._bells = {shard: trio.Event() for shard in self._kept}
        self._heads: dict[ShardId, int] = {}

    @property
    def shards(self) -> Sequence[ShardId]:
        """The shards that are followed; batches of others are not kept."""
        return tuple(self._kept)

    def offer(self, sealed: SealedBatch) -> None:
        """Take a batch that was committed just now."""
        kept = self._kept.get(sealed.shard)
        if kept is None:
            return
        kept.append(
            AuditLine(
                shard=sealed.shard,
                number=sealed.number,
                committed_unix_us=sealed.committed_unix_us,
                digest=sealed.digest,
                mac=sealed.mac,
                content=sealed.content.encode(),
            )
        )
        self.note_head(sealed.shard, max(sealed.number, self._heads.get(sealed.shard, 0)))

    def note_head(self, shard: ShardId, number: int) -> None:
        """The shard's chain ends with this batch, says the database; wakes who waits for it."""
        if self._heads.get(shard) != number:
            self._heads[shard] = number
            self.ring(shard)

    def ring(self, shard: ShardId) -> None:
        """Wake who waits for the shard."""
        bell, self._bells[shard] = self._bells[shard], trio.Event()
        bell.set()

    def head(self, shard: ShardId) -> int | None:
        """Give the newest batch that is known to be committed; None before anybody has looked."""
        return self._heads.get(shard)

    def bell(self, shard: ShardId) -> trio.Event:
        """Give what rings at the next change. Take it first, then look, then wait: so no change is missed."""
        return self._bells[shard]

    def take(self, shard: ShardId, after: int, limit: int) -> Sequence[AuditLine]:
        """Give batches that follow ``after`` without a gap; none if the next one is not kept."""
        found: list[AuditLine] = []
        for line in self._kept[shard]:
            if line.number == after + 1 + len(found) and len(found) < limit:
                found.append(line)
        return found
