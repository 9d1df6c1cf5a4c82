"""How far payments are, written as gateways' work would leave it: for tests of whoever only reads it."""

from typing import Final

from tests.wallet_worker.house import LINK, House
from tests.wallet_worker.outside import ADDRESS, deposit, payout, tx_hash, wish
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.book_payout import book_payout
from wallet_worker.store.hold_for_withdrawal import hold_for_withdrawal
from wallet_worker.store.release_held import release_held

APPROVED: Final = ("approved", "sending", "sent", "doubtful", "confirmed")
SENT: Final = ("sending", "sent", "doubtful", "confirmed")
RELEASED: Final = ("failed", "cancelled", "rejected")


async def credited(house: House, number: int = 1, coin_amount: int = 100_000) -> int:
    """Let a deposit be seen and credited to the first player; gives the number of what was seen."""
    answer = await book_deposit(
        house.database, deposit(house.players[0], number=number, coin_amount=coin_amount), LINK
    )
    return await seen(house, "credited", number=number, coin_amount=coin_amount, payment_id=answer["payment"])


async def seen(house: House, state: str, number: int = 1, **facts: object) -> int:
    """Write down a deposit of the first player's that is so far; facts are columns."""
    columns: dict[str, object] = {
        "gateway": "sandbox", "coin": "BTC", "tx_hash": tx_hash(number), "output_number": 0,
        "address": ADDRESS, "user_id": house.players[0], "coin_amount": 100_000, "coin_scale": 8,
        "confirmations": 3, "needed": 3, "state": state, "seen_at": "2026-01-01",
    }  # fmt: skip
    return await _insert(house, "chain_deposit", "id", columns | facts)


async def asked(house: House, state: str, number: int = 1, amount: int = 30_001, **facts: object) -> int:
    """Let the first player have a withdrawal that is so far, its money where it belongs; gives its number."""
    player = house.players[0]
    held = await hold_for_withdrawal(house.database, wish(player, amount, f"w{number}"), LINK)
    payment = int(held["withdrawal"])
    sent = payout(amount, number)
    if state == "confirmed":
        await book_payout(house.database, payment, sent, LINK)
    if state in RELEASED:
        await release_held(house.database, payment, state, LINK)
    address = {"user_id": player, "coin": "BTC", "address": ADDRESS, "label": "", "is_own": True}
    listed = await _insert(
        house, "payout_address", "id", address | {"usable_at": "2026-01-01", "removed_at": "2026-01-02"}
    )
    columns: dict[str, object] = {
        "payment_id": payment, "user_id": player, "coin": "BTC", "gateway": "sandbox",
        "payout_address_id": listed, "krw_amount": amount, "state": state, "travel_rule": "{}",
        "ready_at": "2026-01-02",
    }  # fmt: skip
    if state in APPROVED:
        columns |= {"approved_at": "2026-01-02", "approved_by": "limit"}
    if state in SENT:
        columns |= {"coin_amount": sent.coin_amount, "coin_scale": 8, "rate": sent.rate.krw_per_coin}
        columns |= {"sending_at": "2026-01-03", "attempt": 1}
    if state == "confirmed":
        columns |= {"tx_hash": sent.tx_hash}
    if state == "confirmed" or state in RELEASED:
        columns |= {"ended_at": "2026-01-04"}
    await _insert(house, "withdrawal", "payment_id", columns | facts)
    return payment


async def _insert(house: House, table: str, key: str, columns: dict[str, object]) -> int:
    """Insert past the triggers, which would let nothing begin so far; what is fits the constraints."""
    values = ", ".join("NULL" if value is None else f"'{value}'" for value in columns.values())
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"
    await house.change(statement)
    return await house.number(f"SELECT max({key}) FROM {table}")
