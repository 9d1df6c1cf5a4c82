"""What a verification found, for people and for machines."""

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from wallet_worker.audit.equation import equation, house_line
from wallet_worker.store.read_summary import Summary


@frozen
class Check:
    """One invariant: its name, what breaks it (nothing, if it holds), and what could not be looked at."""

    name: str
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()


@frozen
class Report:
    """What was found of the whole ledger; ``scope`` says since when it was looked at."""

    checks: tuple[Check, ...]
    summary: Summary
    scope: str = field(default="from the beginning")
    checkpoint: int | None = None
    """The checkpoint that was made."""

    @property
    def is_sound(self) -> bool:
        """Say whether every invariant holds."""
        return not any(check.faults for check in self.checks)

    def as_document(self) -> dict[str, Any]:
        """Give the report as it is printed for machines; amounts in won."""
        return {
            "ok": self.is_sound,
            **self.summary.as_numbers(),
            "scope": self.scope,
            "checkpoint": self.checkpoint,
            "checks": [
                {
                    "name": check.name,
                    "ok": not check.faults,
                    "faults": list(check.faults),
                    "notes": list(check.notes),
                }
                for check in self.checks
            ],
        }

    def as_lines(self) -> Iterable[str]:
        """Give the report as people read it: each invariant, the owner's equation, the house's part."""
        yield f"checked {self.scope}"
        for check in self.checks:
            yield f"{'broken' if check.faults else 'holds '}  {check.name}"
            yield from (f"          {fault}" for fault in check.faults)
            yield from (f"          (note: {note})" for note in check.notes)
        if self.checkpoint is not None:
            yield f"checkpoint {self.checkpoint} made"
        yield equation(self.summary)
        yield house_line(self.summary)
