"""Follows one shard's chain through the database and through its copies."""

from collections.abc import Sequence

from attrs import define, field, frozen

from cardroom.service.postgres import Transaction
from wallet_worker.audit.copies import Copy, CopyAway
from wallet_worker.audit.copy_check import CopyCheck
from wallet_worker.audit.difference import first_difference
from wallet_worker.audit.line import AuditLine, write_line
from wallet_worker.store.read_batches import read_batches
from wallet_worker.store.read_chain import ChainHead
from wallet_worker.store.read_digests import BatchDigest, read_digests
from wallet_worker.store.seal_batch import Link

GROUP_BATCHES = 100
"""So many batches are looked at together; what they did stays in the database."""


@frozen
class Start:
    """Behind which batch a walk begins, and that batch's seal; batch 0 has none."""

    batch: int = 0
    mac: bytes | None = None


@define
class Findings:
    """What a walk found: at most one fault of the chain, and one of each copy."""

    chain: list[str] = field(factory=list)
    copies: dict[str, list[str]] = field(factory=dict)
    notes: dict[str, list[str]] = field(factory=dict)

    def add_fault(self, copy: str, fault: str) -> None:
        """Note what is wrong with a copy."""
        self.copies.setdefault(copy, []).append(fault)

    def add_note(self, copy: str, note: str) -> None:
        """Note what a copy lacks."""
        self.notes.setdefault(copy, []).append(note)


class ChainWalk:
    """One shard's walk. Reads through the transaction that it is given; all in one snapshot."""

    def __init__(
        self, transaction: Transaction, head: ChainHead, start: Start, link: Link, oldest_missing_us: int
    ) -> None:
        self._transaction = transaction
        self._head = head
        self._shard = head.shard
        self._start = start
        self._link = link
        self._oldest_missing_us = oldest_missing_us
        self._number = start.batch
        self._mac = start.mac
        self.findings = Findings()

    async def walk(self, copies: Sequence[Copy]) -> Findings:
        """Walk to the end; copies must have been measured before the snapshot was taken."""
        checks = {copy: self._check_of(copy) for copy in copies if await self._can_begin(copy)}
        after = self._start.batch
        while True:
            batches = await read_digests(self._transaction, self._shard, after, GROUP_BATCHES)
            self._follow(batches)
            after += GROUP_BATCHES
            for copy in tuple(checks):
                if not await self._compare(copy, checks[copy], after, batches):
                    del checks[copy]
            if not batches:
                break
        self._end_chain()
        for copy, check in checks.items():
            await self._end(copy, check)
        return self.findings

    def _check_of(self, copy: Copy) -> CopyCheck:
        return CopyCheck(copy.name, self._shard, self._start.batch, copy.is_whole, self._oldest_missing_us)

    async def _can_begin(self, copy: Copy) -> bool:
        try:
            await copy.begin(self._start.batch)
        except CopyAway as away:
            self._note_away(copy, away)
            return False
        return True

    async def _compare(self, copy: Copy, check: CopyCheck, upto: int, batches: Sequence[BatchDigest]) -> bool:
        try:
            check.compare(await copy.up_to(upto), batches)
        except CopyAway as away:
            self._note_away(copy, away)
            return False
        return True

    def _note_away(self, copy: Copy, away: CopyAway) -> None:
        text = f"{copy.name} of shard {self._shard} cannot be read: {away}"
        if copy.is_whole:
            self.findings.add_fault(copy.name, text)
        else:
            self.findings.add_note(copy.name, text)

    def _follow(self, batches: Sequence[BatchDigest]) -> None:
        for one in batches:
            if self.findings.chain:
                return
            fault = self._fault_of(one)
            if fault is not None:
                self.findings.chain.append(f"batch {one.number} of shard {self._shard} {fault}")
            self._number, self._mac = one.number, one.mac

    def _fault_of(self, one: BatchDigest) -> str | None:
        if one.number != self._number + 1:
            return f"stands where batch {self._number + 1} should"
        if one.mac is None or one.digest is None:
            return "was never sealed"
        if one.content_digest != one.digest:
            return "is not what was sealed"
        if self._link(self._mac, self._shard, one.number, one.digest) != one.mac:
            return "has a seal that does not fit"
        return None

    def _end_chain(self) -> None:
        if not self.findings.chain and (self._number, self._mac) != (self._head.last_batch, self._head.mac):
            fault = f"shard {self._shard} should end with batch {self._head.last_batch}"
            self.findings.chain.append(fault)

    async def _end(self, copy: Copy, check: CopyCheck) -> None:
        try:
            check.end(await copy.rest(), self._number)
            if check.fault is None:
                await self._check_torn_end(check)
            if check.fault is not None:
                self.findings.add_fault(copy.name, check.fault + await self._difference(copy, check))
        except CopyAway as away:
            self._note_away(copy, away)
        for note in check.notes:
            self.findings.add_note(copy.name, note)

    async def _check_torn_end(self, check: CopyCheck) -> None:
        """A line that a crash tore at the end must be the beginning of the batch that comes next."""
        if not check.torn:
            return
        found = await read_batches(self._transaction, self._shard, check.last, 1)
        whole = b""
        for one in found:
            if one.content is not None and one.digest and one.mac and one.committed_unix_us is not None:
                line = AuditLine(
                    self._shard, one.number, one.committed_unix_us, one.digest, one.mac, one.content.encode()
                )
                whole = write_line(line)
        for torn in check.torn:
            if not whole.startswith(torn.data) or (not whole and torn.data):
                check.fault = f"{torn.file}: what stands at the end is no batch, nor the next one's beginning"

    async def _difference(self, copy: Copy, check: CopyCheck) -> str:
        if check.differing is None:
            return ""
        found = await read_batches(self._transaction, self._shard, check.differing - 1, 1)
        here = next((one.content or "" for one in found), "")
        there = await copy.content(check.differing)
        if there is None or there == here:
            return ""
        return f": {first_difference(here, there, copy.name)}"
