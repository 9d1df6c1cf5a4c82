"""Deposits against a player's own limits: what is over one is held, and credited once when it may be."""

import pytest
import trio
from attrs import evolve

from cardroom.ids import UserId
from cardroom.service.protection import ProtectionSettings
from cardroom.service.settings import PostgresSettings
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import balances, deposit
from tests.wallet_worker.terms import HERE, exclude, limit
from wallet_worker.rules.coins import Rate
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.deposit_room import deposit_room
from wallet_worker.store.held_deposits import (
    NoSuchHeldDeposit,
    list_held,
    release_fitting,
    release_within,
)
from wallet_worker.store.house_transfer import Answer, KeyReused, open_desk
from wallet_worker.store.migrate import migrate, unmigrate

WORTH = 150_000
FAR = 2**62


async def room(house: House, player: int = 0, settings: ProtectionSettings = HERE) -> int | None:
    return await deposit_room(house.database, house.players[player], settings)


async def book(house: House, number: int = 1, player: int = 0) -> Answer:
    return await book_deposit(house.database, deposit(house.players[player], number=number), LINK, HERE)


async def age_payments(house: House, interval: str) -> None:
    await house.change(f"UPDATE outside_payment SET completed_at = completed_at - interval '{interval}'")


async def test_room_is_what_the_tightest_limit_leaves(house: House) -> None:
    assert await room(house) is None
    assert await deposit_room(house.database, UserId(10**9), HERE) is None
    await limit(house, 0, "loss_day", 1)
    assert await room(house) is None
    await limit(house, 0, "deposit_day", 400_000)
    await limit(house, 0, "deposit_month", 500_000)
    assert await room(house) == 400_000
    await book(house)
    assert await room(house) == 250_000
    await age_payments(house, "40 days")
    assert await room(house) == 400_000
    assert await room(house, settings=ProtectionSettings(deposit_limits=False)) is None
    await exclude(house, 0)
    assert await room(house) == 0
    assert await room(house, 1) is None


async def test_what_is_over_the_limit_is_held_once_and_in_no_wallet(house: House) -> None:
    await limit(house, 0, "deposit_day", WORTH + 1)
    assert "held" not in await book(house, 1)
    held = await book(house, 2)
    assert held == {
        "held_deposit": held["held_deposit"], "user_id": house.players[0], "krw_amount": WORTH,
        "held": "deposit_limit",
    }  # fmt: skip
    assert await book(house, 2) == held
    again = deposit(house.players[0], number=2, rate=Rate(1, 8))
    assert await book_deposit(house.database, again, LINK, HERE) == held
    with pytest.raises(KeyReused):
        await book_deposit(house.database, evolve(again, coin_amount=1), LINK, HERE)
    assert await house.wallet(0) == PURSE + WORTH
    assert (await balances(house))["deposit_clearing"] == -WORTH
    (one,) = await list_held(house.database, FAR, 10)
    assert (one.number, one.krw_amount, one.released_at) == (held["held_deposit"], WORTH, None)
    assert one.deposit == deposit(house.players[0], number=2)
    await house.assert_sound()


async def test_a_limit_that_is_reached_lets_the_coins_in_later(house: House) -> None:
    await limit(house, 0, "deposit_day", WORTH)
    first = await book(house, 1)
    held = [await book(house, number) for number in (2, 3)]
    assert all("held" in one for one in held)
    assert await release_fitting(house.database, LINK, HERE, at_most=1) == []
    await age_payments(house, "2 days")
    (released,) = await release_fitting(house.database, LINK, HERE, at_most=1)
    assert released["krw_amount"] == WORTH
    assert released["payment"] > first["payment"]
    assert await book(house, 2) == released  # whoever tells of it again hears what became of it
    assert [one.number for one in await list_held(house.database, FAR, 10)] == [held[1]["held_deposit"]]
    assert await house.wallet(0) == PURSE + 2 * WORTH
    await house.assert_sound()


async def test_the_end_of_an_exclusion_lets_the_coins_in(house: House) -> None:
    await exclude(house, 0)
    assert "held" in await book(house)
    assert await release_fitting(house.database, LINK, HERE, at_most=9) == []
    await exclude(house, 0, until="now() - interval '1 s'")
    assert len(await release_fitting(house.database, LINK, HERE, at_most=9)) == 1


async def test_an_administrator_releases_whatever_the_limit_says_once(house: House) -> None:
    await limit(house, 0, "deposit_day", 0)
    number = (await book(house))["held_deposit"]
    answers = []

    async def release() -> None:
        async with house.database.transaction() as transaction:
            answers.append(await release_within(transaction, number, "kim", LINK))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(release)
    assert answers == [answers[0]] * 3
    assert await house.wallet(0) == PURSE + WORTH
    (row,) = await house.rows("SELECT released_by, payment_id FROM held_deposit")
    assert tuple(row) == ("kim", answers[0]["payment"])
    with pytest.raises(NoSuchHeldDeposit):
        async with house.database.transaction() as transaction:
            await release_within(transaction, number + 1, "kim", LINK)
    await house.assert_sound()


async def test_deposits_at_once_do_not_use_the_same_room(house: House) -> None:
    await limit(house, 0, "deposit_day", 3 * WORTH)
    answers = []

    async def tell(number: int) -> None:
        answers.append(await book(house, number))

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(tell, number)
    assert sum("held" in one for one in answers) == 3
    assert await house.wallet(0) == PURSE + 3 * WORTH


async def test_a_deposit_counts_from_when_it_was_decided_not_from_when_it_came(house: House) -> None:
    """One that waits for the house over midnight is held against the new day's limit, and uses that up."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with trio.open_nursery() as nursery, house.database.transaction() as before:
        await open_desk(before, LINK)
        nursery.start_soon(book, house)
        with trio.fail_after(5):
            while not await house.number(waiting):  # noqa: ASYNC110
                await trio.sleep(0.01)
        free_at = (await house.rows("SELECT clock_timestamp() AS now"))[0]["now"]
    assert (await house.rows("SELECT completed_at FROM outside_payment"))[0]["completed_at"] >= free_at


async def test_who_was_excluded_before_there_were_terms_brings_nothing_either(
    house: House, owner_settings: PostgresSettings
) -> None:
    await trio.to_thread.run_sync(unmigrate, owner_settings, "0010")
    user = house.players[0]
    await house.change(
        f"UPDATE player SET self_excluded_until = now() + interval '1 day' WHERE id = {user}",
        f"UPDATE player SET self_excluded_until = now() - interval '1 day' WHERE id = {house.players[1]}",
    )
    await trio.to_thread.run_sync(migrate, owner_settings)
    assert [await room(house), await room(house, 1)] == [0, None]
    assert "held" in await book(house)


async def test_the_schema_does_not_go_back_while_a_deposit_waits(
    house: House, owner_settings: PostgresSettings
) -> None:
    await limit(house, 0, "deposit_day", 1)
    held = await book(house)
    with pytest.raises(Exception, match="deposits are held"):
        await trio.to_thread.run_sync(unmigrate, owner_settings, "0010")
    async with house.database.transaction() as transaction:
        await release_within(transaction, held["held_deposit"], "kim", LINK)
    await trio.to_thread.run_sync(unmigrate, owner_settings, "0010")
    await trio.to_thread.run_sync(migrate, owner_settings)
    await house.assert_sound()
