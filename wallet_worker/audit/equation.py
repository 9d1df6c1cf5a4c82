"""The owner's equation, in words (pure)."""

from cardroom.money import format_krw
from wallet_worker.store.read_summary import Summary


def equation(summary: Summary) -> str:
    """Write what came in less what went out, and where it is, each with its sum."""
    sign = "=" if summary.is_balanced else "IS NOT"
    return (
        f"deposits {format_krw(summary.deposits)} - withdrawals {format_krw(summary.withdrawals)}"
        f" {sign} wallets {format_krw(summary.wallets)} + pending {format_krw(summary.pending)}"
        f" + on tables {format_krw(summary.on_tables)} + house {format_krw(summary.house)}"
    )


def house_line(summary: Summary) -> str:
    """Write what the house's sum is made of; what it gave away stands below zero."""
    parts = " + ".join(f"{kind} {format_krw(amount)}" for kind, amount in summary.house_parts.items())
    return f"house {format_krw(summary.house)} = {parts}"
