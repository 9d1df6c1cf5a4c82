"""Payments whose parts contradict each other are found, each by the invariant that it breaks."""

import pytest

from tests.wallet_worker.gateway_rows import APPROVED, RELEASED, asked, credited, seen
from tests.wallet_worker.house import LINK, House
from tests.wallet_worker.outside import ADDRESS, deposit, tx_hash
from wallet_worker.store.book_deposit import book_deposit

CREDITED = "deposits are credited as they were seen"
OWNERS = "deposits are of whom their address was given to"
MONEY = "withdrawals are where their money is"
APPROVAL = "withdrawals were approved and have waited"
CLEARING = "clearing accounts hold what their payments say"
STATES = ("waiting", "review", *APPROVED, "failed", "cancelled")


async def found(house: House) -> dict[str, tuple[str, ...]]:
    return {check.name: check.faults for check in (await house.verify()).checks if check.faults}


async def hold(house: House, number: int = 1, **facts: str) -> int:
    """Let a deposit of the first player be over a limit; gives its number among those that are held."""
    columns = {
        "user_id": str(house.players[0]), "coin": "'BTC'", "address": f"'{ADDRESS}'", "krw_amount": "150000",
        "coin_amount": "100000", "coin_scale": "8", "rate": "150000000", "tx_hash": f"'{tx_hash(number)}'",
        "output_number": "0",
    } | facts  # fmt: skip
    await house.change(
        f"INSERT INTO held_deposit ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"
    )
    return await house.number("SELECT max(id) FROM held_deposit")


async def test_payments_whose_parts_agree_are_sound(house: House) -> None:
    await credited(house)
    for number, state in enumerate(("confirming", "confirmed", "review", "gone", "refused"), start=2):
        await seen(house, state, number)
    await seen(house, "unmatched", 8, user_id=None)
    await seen(house, "held", 9, held_id=await hold(house, 9))
    for number, state in enumerate(STATES, start=1):
        await asked(house, state, number, amount=20_000)
    assert await found(house) == {}


async def test_payments_from_before_gateways_are_sound(house: House) -> None:
    """They have no rows of how far they are; and a gateway may tell of them late."""
    await book_deposit(house.database, deposit(house.players[0]), LINK)
    await seen(house, "confirming", seen_at="2030-01-01")
    await hold(house, 2)
    await seen(house, "confirmed", 2, seen_at="2030-01-01")
    assert await found(house) == {}


async def test_a_held_deposit_that_the_limit_let_in_is_sound_before_its_row_says_so(house: House) -> None:
    answer = await book_deposit(house.database, deposit(house.players[0]), LINK)
    waited = await hold(house, released_at="now()", released_by="'limit'", payment_id=str(answer["payment"]))
    await seen(house, "held", held_id=waited)
    assert await found(house) == {}


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE chain_deposit SET payment_id = 99",
        "UPDATE chain_deposit SET coin_amount = coin_amount + 1",
        "UPDATE chain_deposit SET user_id = user_id + 1",
        "UPDATE chain_deposit SET address = 'another'",
        "UPDATE chain_deposit SET output_number = 1",
        "UPDATE chain_deposit SET tx_hash = repeat('a', 64)",
        "UPDATE chain_deposit SET coin = 'ETH'",
        "UPDATE chain_deposit SET coin_scale = 6",
    ],
)
async def test_a_deposit_that_was_not_credited_so_is_found(house: House, forgery: str) -> None:
    number = await credited(house)
    await house.change(forgery)
    faults = await found(house)
    assert faults[CREDITED][0] == f"deposit {number} is credited, and no payment says the same"


async def test_a_deposit_that_nobody_booked_is_found(house: House) -> None:
    number = await seen(house, "credited", payment_id=99)
    assert await found(house) == {CREDITED: (f"deposit {number} is credited, and no payment says the same",)}


@pytest.mark.parametrize("state", ["confirming", "confirmed", "review", "gone", "refused"])
async def test_a_deposit_that_is_credited_and_could_be_again_is_found(house: House, state: str) -> None:
    number = await credited(house)
    await house.change(f"UPDATE chain_deposit SET state = '{state}', payment_id = NULL")
    (fault,) = (await found(house))[CREDITED]
    assert fault.startswith(f"deposit {number} is {state}, and payment")


async def test_what_is_held_and_what_was_seen_agree(house: House) -> None:
    number = await seen(house, "held", held_id=99)
    assert (await found(house))[CREDITED] == (
        f"deposit {number} is held, and nothing that waits says the same",
    )
    waited = await hold(house)
    await house.change(f"UPDATE chain_deposit SET held_id = {waited}")
    assert await found(house) == {}
    await house.change("UPDATE chain_deposit SET state = 'gone'")
    assert (await found(house))[CREDITED] == (
        f"deposit {number} is gone, and held deposit {waited} waits to be credited",
    )


async def test_a_deposit_at_another_players_address_is_found(house: House) -> None:
    number = await credited(house)
    address = "INSERT INTO deposit_address (user_id, coin, gateway, external_id, address, given_at) VALUES"
    await house.change(f"{address} ({house.players[1]}, 'BTC', 'sandbox', 'x', '{ADDRESS}', now())")
    (fault,) = (await found(house))[OWNERS]
    assert fault.startswith(f"deposit {number} of user {house.players[0]} came to the address of user")


@pytest.mark.parametrize("state", STATES)
async def test_a_withdrawal_that_is_not_where_its_money_is_is_found(house: House, state: str) -> None:
    """Whatever a row is made to say beside what it is: its money stays where it was."""
    number = await asked(house, state)
    end = "now()" if state not in ("confirmed", *RELEASED) else "NULL"
    other = "cancelled" if end == "now()" else "waiting"
    await house.change(f"UPDATE withdrawal SET state = '{other}', ended_at = {end}")
    (fault,) = (await found(house))[MONEY]
    assert fault.startswith(f"withdrawal {number} is {other}, and its money is ")


async def test_a_withdrawal_that_is_said_to_be_sent_is_found(house: House) -> None:
    number = await asked(house, "sent")
    await house.change("UPDATE withdrawal SET state = 'confirmed', ended_at = now()")
    assert (await found(house))[MONEY] == (f"withdrawal {number} is confirmed, and its money is held",)


@pytest.mark.parametrize(
    ("forgery", "words"),
    [
        ("UPDATE withdrawal SET krw_amount = krw_amount + 1", "is another than payment"),
        ("UPDATE withdrawal SET coin = 'ETH'", "is another than payment"),
        ("UPDATE withdrawal SET user_id = user_id + 1", "is another than payment"),
        ("UPDATE withdrawal SET payout_address_id = 99", "is another than payment"),
        ("UPDATE payout_address SET address = 'another'", "is another than payment"),
        ("UPDATE payout_address SET user_id = user_id + 1", "is another than payment"),
        ("UPDATE withdrawal SET coin_amount = coin_amount - 1", "was sent otherwise than it was booked"),
        ("UPDATE withdrawal SET rate = rate + 1", "was sent otherwise than it was booked"),
        ("UPDATE withdrawal SET tx_hash = repeat('a', 64)", "was sent otherwise than it was booked"),
        ("UPDATE withdrawal SET tx_hash = NULL", "was sent otherwise than it was booked"),
    ],
)
async def test_a_withdrawal_that_says_something_else_is_found(house: House, forgery: str, words: str) -> None:
    number = await asked(house, "confirmed")
    await house.change(forgery)
    (fault,) = (await found(house))[MONEY]
    assert fault.startswith(f"withdrawal {number} {words}")


async def test_a_withdrawal_that_did_not_wait_is_found(house: House) -> None:
    number = await asked(house, "sent", ready_at="2026-01-03 00:00:01")
    assert (await found(house))[APPROVAL] == (
        f"withdrawal {number} was sent before its time to wait was over",
    )


async def test_a_withdrawal_that_two_did_not_approve_is_found(house: House) -> None:
    number = await asked(house, "sent", approved_by="administrators")
    fault = f"withdrawal {number} is sent, and not two administrators approved it"
    for vote in ("'kim', true", "'lee', false"):
        await house.change(_vote(number, vote))
        assert (await found(house))[APPROVAL] == (fault,)
    await house.change(_vote(number, "'max', true"))
    assert await found(house) == {}


async def test_a_withdrawal_that_nobody_rejected_is_found(house: House) -> None:
    number = await asked(house, "rejected")
    assert await found(house) == {APPROVAL: (f"withdrawal {number} is rejected, and nobody rejected it",)}
    await house.change(_vote(number, "'kim', false"))
    assert await found(house) == {}


def _vote(number: int, said: str) -> str:
    return (
        "INSERT INTO withdrawal_vote (payment_id, admin, is_approval, flag_count, reason)"
        f" VALUES ({number}, {said}, 0, 'so it was')"
    )


async def test_a_clearing_account_that_differs_from_its_payments_is_found(house: House) -> None:
    await credited(house)
    await asked(house, "confirmed")
    accounts = "UPDATE account SET balance = balance + {} WHERE kind = '{}'"
    await house.change(accounts.format(7, "deposit_clearing"), accounts.format(-7, "withdrawal_clearing"))
    faults = (await found(house))[CLEARING]
    assert sorted(faults) == [
        "account deposit_clearing:BTC holds -149993, its payments say -150000",
        "account withdrawal_clearing:BTC holds 29993, its payments say 30000",
    ]
