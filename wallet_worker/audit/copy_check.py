"""Compares a copy of one shard's chain with the database; stops at the first batch that differs (pure)."""

from collections.abc import Iterable, Sequence

from attrs import define, field

from cardroom.ids import ShardId
from wallet_worker.audit.recorded import Found, Record, Strange, Torn
from wallet_worker.store.read_digests import BatchDigest


@define
class CopyCheck:
    """One copy, compared as far as it was given. ``differing`` is the batch whose transfers should be looked
    at.

    A copy that is not whole may begin anywhere, and lack batches: that is noted, and no fault.
    """

    name: str
    shard: ShardId
    after: int
    is_whole: bool
    oldest_missing_us: int
    """A batch that was committed later than this need not stand in the copy yet."""
    fault: str | None = None
    differing: int | None = None
    notes: list[str] = field(factory=list)
    _last: int | None = None
    _missing: BatchDigest | None = None
    _torn: list[Torn] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        if self.is_whole:
            self._last = self.after

    @property
    def torn(self) -> Sequence[Torn]:
        """What stands at the end and has to be the beginning of the batch after ``last``."""
        return self._torn

    @property
    def last(self) -> int:
        """The last batch that was compared."""
        return self.after if self._last is None else self._last

    def compare(self, found: Iterable[Found], batches: Sequence[BatchDigest]) -> None:
        """Compare what follows in the copy with the database's batches of the same range."""
        by_number = {one.number: one for one in batches}
        for one in found:
            if self.fault is None:
                self._take(one, by_number)
        if self._missing is None or self._missing.number <= self.last:
            self._missing = next((one for one in batches if one.number > self.last), None)

    def end(self, rest: Iterable[Found], head: int) -> None:
        """Take what the copy has beyond the database's last batch, and say what it lacks."""
        for one in rest:
            if self.fault is None:
                self._take(one, {})
        if self.fault is not None or self._missing is None:
            return
        lacking = f"{self.name} of shard {self.shard} lacks batches {self._missing.number} to {head}"
        committed = self._missing.committed_unix_us
        if self.is_whole and committed is not None and committed < self.oldest_missing_us:
            self.fault = lacking
        else:
            self.notes.append(lacking)

    def _take(self, one: Found, by_number: dict[int, BatchDigest]) -> None:
        match one:
            case Strange(fault):
                self.fault = f"shard {self.shard}: {fault}"
            case Torn():
                self._torn.append(one)
            case Record():
                self._take_record(one, by_number.get(one.number))

    def _take_record(self, record: Record, batch: BatchDigest | None) -> None:
        if not self._follows(record):
            return
        self._last = record.number
        if batch is None or batch.digest is None:
            self._fail(record, "stands there, and not in the database")
            return
        reason = _reason(record, batch)
        if reason is not None:
            self.differing = record.number
            self._fail(record, reason)

    def _follows(self, record: Record) -> bool:
        """Say whether a batch may stand here; notes batches that were left out."""
        if self._last is None or record.number == self._last + 1:
            return True
        if record.number <= self._last or self.is_whole:
            self._fail(record, f"stands where batch {self._last + 1} should")
            return False
        gap = f"{self._last + 1} to {record.number - 1}"
        self.notes.append(f"{self.name} of shard {self.shard} lacks batches {gap}")
        return True

    def _fail(self, record: Record, reason: str) -> None:
        self.fault = f"batch {record.number} of shard {self.shard} {reason}"


def _reason(record: Record, batch: BatchDigest) -> str | None:
    """Say in what a copy's batch differs from the database's; None where it doesn't."""
    if record.content_digest != record.digest:
        return "does not say what it was sealed with"
    if (record.digest, record.mac) != (batch.digest, batch.mac):
        return "has another seal than in the database"
    if record.committed_unix_us != batch.committed_unix_us:
        return "has another time than in the database"
    if record.content_digest != batch.content_digest:
        return "is whole, and the database's rows say something else"
    return None
