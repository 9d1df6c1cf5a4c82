"""What a verification found, for people and for machines."""

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from wallet_worker.audit.equation import coin_line, equation, house_line
from wallet_worker.rules.gateway_books import CoinBooks, write_signed
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
    coins: tuple[CoinBooks, ...] = ()
    """What came in and went out of each coin."""

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
            "coins": [_coin_document(books) for books in self.coins if books.is_moved],
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
        """Give the report as people read it: each invariant, the coins, the owner's equation, the house."""
        yield f"checked {self.scope}"
        for check in self.checks:
            yield f"{'broken' if check.faults else 'holds '}  {check.name}"
            yield from (f"          {fault}" for fault in check.faults)
            yield from (f"          (note: {note})" for note in check.notes)
        if self.checkpoint is not None:
            yield f"checkpoint {self.checkpoint} made"
        yield from (coin_line(books) for books in self.coins if books.is_moved)
        yield equation(self.summary)
        yield house_line(self.summary)


def _coin_document(books: CoinBooks) -> dict[str, Any]:
    """Write one coin's books; amounts of coins are texts, in whole coins."""
    amounts = {
        "in": books.credited,
        "out": books.paid,
        "held": books.held,
        "uncredited": books.uncredited,
        "arriving": books.arriving,
        "on_the_way": books.on_the_way,
        "expected": books.expected,
    }
    written = {name: write_signed(amount, books.scale) for name, amount in amounts.items()}
    return {"coin": books.coin, **written, "in_krw": books.credited_krw, "out_krw": books.paid_krw}
