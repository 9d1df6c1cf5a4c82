"""The owner's equation, in words (pure)."""

from cardroom.money import Krw, format_krw
from wallet_worker.rules.gateway_books import CoinBooks, write_signed
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


def coin_line(books: CoinBooks) -> str:
    """Write what came in of a coin less what went out, and what its gateway should have."""

    def coins(amount: int) -> str:
        return write_signed(amount, books.scale)

    return (
        f"{books.coin}: in {coins(books.credited)} ({format_krw(Krw(books.credited_krw))})"
        f" - out {coins(books.paid)} ({format_krw(Krw(books.paid_krw))}) + held {coins(books.held)}"
        f" + not credited {coins(books.uncredited)} = {coins(books.expected)} at the gateway;"
        f" arriving {coins(books.arriving)}, on the way {coins(books.on_the_way)}"
    )
