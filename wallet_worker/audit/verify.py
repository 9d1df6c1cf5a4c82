"""Check every invariant of the ledger in one snapshot of the database, and compare it with its copies."""

from collections.abc import Mapping, Sequence
from typing import Final

import trio
from attrs import field, frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Postgres, Transaction
from wallet_worker.audit.chain_walk import ChainWalk, Findings, Start
from wallet_worker.audit.copies import Copy, CopyAway
from wallet_worker.audit.equation import equation
from wallet_worker.audit.report import Check, Report
from wallet_worker.store.checkpoints import (
    Checkpoint,
    find_checkpoint,
    find_oldest_covering,
    make_checkpoint,
    read_checkpoint_heads,
)
from wallet_worker.store.coin_sums import sum_coins
from wallet_worker.store.find_faults import FAULTS, find_faults
from wallet_worker.store.find_payment_faults import PAYMENT_FAULTS
from wallet_worker.store.read_chain import ChainHead, read_heads
from wallet_worker.store.read_summary import Summary, read_summary
from wallet_worker.store.seal_batch import Link

__all__ = ["Check", "Copies", "Report", "Scope", "verify"]

CHAIN: Final = "the chain of batches is whole"
CHECKPOINT: Final = "the checkpoint is what was sealed"

_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_READ_ONLY: Final = "SET TRANSACTION READ ONLY"
_MEMORY: Final = "SET LOCAL work_mem = '128MB'"
_NO_COMPILER: Final = "SET LOCAL jit = off"
# Estimates are far off where a checkpoint cuts a month in two; row by row a million would take minutes.
_SET_BASED: Final = "SET LOCAL enable_nestloop = off"
_EXPORT: Final = "SELECT pg_export_snapshot() AS name"
_NOW: Final = "SELECT (extract(epoch FROM now()) * 1000000)::bigint AS now_us"


@frozen
class Scope:
    """What is looked at: what came after the newest checkpoint, or everything; and whether to make one."""

    is_full: bool = False
    makes_checkpoint: bool = False


@frozen
class Copies:
    """The copies of each shard's chain; a whole one may lack a batch for so long after its commit."""

    of_shards: Mapping[ShardId, Sequence[Copy]] = field(factory=dict)
    lag_seconds: float = 0.0


@frozen
class _Base:
    """Where verification begins; ``faults`` are checkpoints that were changed."""

    checkpoint: Checkpoint | None
    starts: Mapping[ShardId, Start]
    faults: tuple[str, ...]
    scope: str


async def verify(
    postgres: Postgres, link: Link, scope: Scope | None = None, copies: Copies | None = None
) -> Report:
    """Check everything, changing nothing but for a checkpoint; may run while money moves.

    A checkpoint is made of the very snapshot that was looked at, and only if it is sound.
    """
    scope, copies = scope or Scope(), copies or Copies()
    away = await _measure(copies)
    made: int | None = None
    async with postgres.transaction() as transaction:
        await _begin(transaction, scope)
        base = await _find_base(transaction, link, scope)
        summary = await read_summary(transaction)
        coins = await sum_coins(transaction)
        checks = [_equation_holds(summary), Check(CHECKPOINT, base.faults)]
        invariants, findings = await _look(postgres, transaction, base, link, copies)
        checks += invariants + _checks_of(findings, copies, away)
        if scope.makes_checkpoint and not any(check.faults for check in checks):
            made = (await make_checkpoint(transaction, link)).id
    return Report(tuple(checks), summary, base.scope, made, tuple(coins))


async def _measure(copies: Copies) -> list[str]:
    """Note how far copies go, before the snapshot: so whatever they have must be in it."""
    away = []
    for shard, of_shard in copies.of_shards.items():
        for copy in of_shard:
            try:
                await copy.measure()
            except CopyAway as trouble:
                away.append(f"{copy.name} of shard {shard} cannot be read: {trouble}")
    return away


async def _begin(transaction: Transaction, scope: Scope) -> None:
    await transaction.execute(_SNAPSHOT)
    if not scope.makes_checkpoint:
        await transaction.execute(_READ_ONLY)
    for setting in (_MEMORY, _NO_COMPILER, _SET_BASED):
        await transaction.execute(setting)


async def _find_base(transaction: Transaction, link: Link, scope: Scope) -> _Base:
    find = find_oldest_covering if scope.is_full else find_checkpoint
    checkpoint, faults = await find(transaction, link)
    if checkpoint is None:
        return _Base(None, {}, tuple(faults), "from the beginning")
    starts = {}
    for head in await read_checkpoint_heads(transaction, checkpoint):
        starts[head.shard] = Start(head.batch, head.mac)
        if head.mac != head.mac_now:
            faults.append(
                f"batch {head.batch} of shard {head.shard} is not the one of checkpoint {checkpoint.id}"
            )
    words = f"from checkpoint {checkpoint.id} of {checkpoint.made_at:%Y-%m-%d %H:%M:%S} UTC on"
    if scope.is_full:
        words += ", the oldest one that covers the months that were dropped"
    return _Base(checkpoint, starts, tuple(faults), words)


def _equation_holds(summary: Summary) -> Check:
    name = "debits equal credits over all accounts"
    return Check(name, () if summary.is_balanced else (equation(summary),))


async def _look(
    postgres: Postgres, transaction: Transaction, base: _Base, link: Link, copies: Copies
) -> tuple[list[Check], list[Findings]]:
    """Ask for the invariants and follow the chains at once: two connections see the same snapshot."""
    row = await transaction.fetch_one(_EXPORT)
    assert row is not None, "a snapshot has a name"
    checks: list[Check] = []
    findings: list[Findings] = []

    async def ask() -> None:
        async with postgres.transaction() as beside:
            await _begin(beside, Scope())
            await beside.execute(f"SET TRANSACTION SNAPSHOT '{row['name']}'")
            for name, sql in (*FAULTS.items(), *PAYMENT_FAULTS.items()):
                checks.append(Check(name, tuple(await find_faults(beside, sql, base.checkpoint))))

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            findings = await _walk(transaction, base, link, copies)
    except BaseExceptionGroup as group:
        raise _first(group) from group
    return checks, findings


def _first(error: BaseException) -> BaseException:
    """Give the trouble itself: callers tell one kind from the other."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _walk(transaction: Transaction, base: _Base, link: Link, copies: Copies) -> list[Findings]:
    row = await transaction.fetch_one(_NOW)
    assert row is not None, "a clock always tells a time"
    oldest_missing_us = row["now_us"] - int(copies.lag_seconds * 1_000_000)
    findings = []
    heads = {shard: ChainHead(shard, 0, None) for shard in copies.of_shards}
    heads |= {head.shard: head for head in await read_heads(transaction)}
    for head in heads.values():
        start = base.starts.get(head.shard, Start())
        walk = ChainWalk(transaction, head, start, link, oldest_missing_us)
        findings.append(await walk.walk(copies.of_shards.get(head.shard, ())))
    return findings


def _checks_of(findings: Sequence[Findings], copies: Copies, away: Sequence[str]) -> list[Check]:
    checks = [Check(CHAIN, tuple(fault for one in findings for fault in one.chain))]
    names = {copy.name: copy.is_whole for of_shard in copies.of_shards.values() for copy in of_shard}
    for name, is_whole in names.items():
        faults = [fault for one in findings for fault in one.copies.get(name, ())]
        notes = [note for one in findings for note in one.notes.get(name, ())]
        unread = [text for text in away if text.startswith(name)]
        (faults if is_whole else notes).extend(unread)
        checks.append(Check(f"the {name} says what the database says", tuple(faults), tuple(notes)))
    return checks
