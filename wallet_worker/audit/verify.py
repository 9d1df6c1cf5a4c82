"""Check every invariant of the ledger in one snapshot of the database."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from attrs import frozen

from cardroom.money import Krw, format_krw
from cardroom.service.postgres import Postgres, Transaction
from wallet_worker.store.find_faults import FAULTS, find_faults
from wallet_worker.store.read_batches import BatchAsItStands, read_batches
from wallet_worker.store.read_chain import read_heads
from wallet_worker.store.read_summary import Summary, read_summary
from wallet_worker.store.seal_batch import Link

_GROUP = 500
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


@frozen
class Check:
    """One invariant: its name, and what breaks it (nothing, if it holds)."""

    name: str
    faults: tuple[str, ...]


@frozen
class Report:
    """What was found of the whole ledger."""

    checks: tuple[Check, ...]
    summary: Summary

    @property
    def is_sound(self) -> bool:
        """Say whether every invariant holds."""
        return not any(check.faults for check in self.checks)

    def as_document(self) -> dict[str, Any]:
        """Give the report as it is printed for machines; amounts in won."""
        summary = self.summary
        return {
            "ok": self.is_sound,
            "krw_total": summary.krw_total,
            "hands_settled": summary.hands_settled,
            "deposits": summary.deposits,
            "withdrawals": summary.withdrawals,
            "given": summary.given,
            "wallets": summary.wallets,
            "pending": summary.pending,
            "on_tables": summary.on_tables,
            "house": summary.house,
            "checks": [
                {"name": check.name, "ok": not check.faults, "faults": list(check.faults)}
                for check in self.checks
            ],
        }

    def as_lines(self) -> Iterable[str]:
        """Give the report as people read it: each invariant, then the owner's equation."""
        for check in self.checks:
            yield f"{'broken' if check.faults else 'holds '}  {check.name}"
            yield from (f"          {fault}" for fault in check.faults)
        yield equation(self.summary)


def equation(summary: Summary) -> str:
    """Write where the money came from and where it is, each with its sum."""
    sign = "=" if summary.is_balanced else "IS NOT"
    return (
        f"deposits {_won(summary.deposits)} + given {_won(summary.given)}"
        f" - withdrawals {_won(summary.withdrawals)} {sign} wallets {_won(summary.wallets)}"
        f" + pending {_won(summary.pending)} + on tables {_won(summary.on_tables)}"
        f" + house {_won(summary.house)}"
    )


def _won(amount: Krw) -> str:
    return format_krw(amount)


async def verify(postgres: Postgres, link: Link) -> Report:
    """Check everything, changing nothing; may run while money moves."""
    async with postgres.transaction() as transaction:
        await transaction.execute(_SNAPSHOT)
        summary = await read_summary(transaction)
        checks = [_equation_holds(summary)]
        for name, sql in FAULTS.items():
            checks.append(Check(name, tuple(await find_faults(transaction, sql))))
        broken = [fault async for fault in broken_links(transaction, link)]
    checks.append(Check("the chain of batches is whole", tuple(broken)))
    return Report(tuple(checks), summary)


def _equation_holds(summary: Summary) -> Check:
    name = "debits equal credits over all accounts"
    return Check(name, () if summary.is_balanced else (equation(summary),))


async def broken_links(transaction: Transaction, link: Link) -> AsyncIterator[str]:
    """Name the first batch of each shard that is not what was sealed, and heads that lost their batches."""
    for head in await read_heads(transaction):
        number, previous = 0, None
        fault: str | None = None
        while fault is None:
            batches = await read_batches(transaction, head.shard, number, _GROUP)
            for one in batches:
                fault = _fault_of(one, number + 1, previous, link)
                if fault is not None:
                    yield f"batch {one.number} of shard {one.shard} {fault}"
                    break
                number, previous = one.number, one.mac
            if not batches:
                break
        if fault is None and (number, previous) != (head.last_batch, head.mac):
            yield f"shard {head.shard} should end with batch {head.last_batch}"


def _fault_of(one: BatchAsItStands, number: int, previous: bytes | None, link: Link) -> str | None:
    if one.number != number:
        return f"stands where batch {number} should"
    if one.mac is None or one.digest is None:
        return "was never sealed"
    if one.content_digest != one.digest:
        return "is not what was sealed"
    if link(previous, one.shard, one.number, one.digest) != one.mac:
        return "has a seal that does not fit"
    return None
