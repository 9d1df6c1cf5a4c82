"""A player's list of addresses: each once, usable after a wait, none of the house's, never too many."""

import pytest
import trio

from cardroom.ids import UserId
from tests.wallet_worker.house import House
from tests.wallet_worker.outside import ADDRESS
from tests.wallet_worker.withdrawing import ETH_ADDRESS, NOBODYS, OWN, listed
from wallet_worker.rules.withdrawal_request import Owner, WithdrawalDenial, WithdrawalDenied
from wallet_worker.store.payout_addresses import (
    NewPayoutAddress,
    NoSuchAddress,
    add_address,
    find_listed,
    is_ours,
    list_addresses,
    remove_address,
)


def new(user_id: UserId, address: str = ADDRESS, coin: str = "BTC") -> NewPayoutAddress:
    return NewPayoutAddress(
        user_id, coin, address, "cold", Owner(is_own=False, beneficiary="A", exchange="B")
    )


async def denial_of(house: House, address: NewPayoutAddress, most: int = 20) -> WithdrawalDenial:
    with pytest.raises(WithdrawalDenied) as denied:
        await add_address(house.database, address, 0.0, most)
    return denied.value.denial


async def give_deposit_address(house: House, player: int, coin: str, address: str, *, retired: bool) -> None:
    async with house.owner.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO deposit_address (user_id, coin, gateway, external_id, address, given_at, retired_at)"
            f" VALUES ($1, $2, 'house', $3, $3, now(), {'now()' if retired else 'NULL'})",
            house.players[player], coin, address,
        )  # fmt: skip


async def test_an_address_is_listed_once_with_its_owner_and_waits(house: House) -> None:
    user_id = house.players[0]
    added = await add_address(house.database, new(user_id), 3600.0, 20)
    assert (added.usable_at - added.added_at).total_seconds() == 3600
    assert await list_addresses(house.database, user_id) == [added]
    assert await list_addresses(house.database, house.players[1]) == []
    found = await find_listed(house.database, user_id, "BTC", ADDRESS)
    assert found is not None
    assert (found.number, found.owner, found.is_usable) == (added.number, added.owner, False)
    assert await denial_of(house, new(user_id)) is WithdrawalDenial.ADDRESS_LISTED
    assert await find_listed(house.database, user_id, "ETH", ADDRESS) is None


async def test_without_a_wait_it_is_usable_at_once(house: House) -> None:
    await listed(house)
    found = await find_listed(house.database, house.players[0], "BTC", ADDRESS)
    assert found is not None
    assert found.is_usable


async def test_what_was_removed_is_off_the_list_and_waits_anew_when_it_is_listed_again(house: House) -> None:
    user_id, number = house.players[0], await listed(house)
    await remove_address(house.database, user_id, number)
    await remove_address(house.database, user_id, number)
    assert await find_listed(house.database, user_id, "BTC", ADDRESS) is None
    again = await add_address(house.database, new(user_id), 3600.0, 20)
    assert again.number != number
    assert again.usable_at > again.added_at


async def test_nobody_removes_anothers(house: House) -> None:
    number = await listed(house)
    for user_id, one in ((house.players[1], number), (house.players[0], number + 1)):
        with pytest.raises(NoSuchAddress):
            await remove_address(house.database, user_id, one)
    assert len(await list_addresses(house.database, house.players[0])) == 1


@pytest.mark.parametrize("retired", [False, True])
@pytest.mark.parametrize("written", [ETH_ADDRESS, ETH_ADDRESS.lower()])
async def test_deposit_addresses_are_the_houses_for_every_coin_of_their_chain(
    house: House, written: str, retired: bool
) -> None:
    await give_deposit_address(house, 1, "USDT", written, retired=retired)
    assert await is_ours(house.database, ETH_ADDRESS)
    assert not await is_ours(house.database, ADDRESS)
    for coin in ("ETH", "USDT", "USDC"):
        found = await denial_of(house, new(house.players[0], ETH_ADDRESS, coin))
        assert found is WithdrawalDenial.OWN_ADDRESS


async def test_a_list_ends_and_removing_does_not_make_room_within_the_day(house: House) -> None:
    user_id = house.players[0]
    numbers = [
        (await add_address(house.database, new(user_id, f"address {one}"), 0.0, 3)).number for one in range(3)
    ]
    assert await denial_of(house, new(user_id), most=3) is WithdrawalDenial.WITHDRAWAL_LIMIT
    await remove_address(house.database, user_id, numbers[0])
    assert await denial_of(house, new(user_id), most=3) is WithdrawalDenial.WITHDRAWAL_LIMIT
    await house.change(
        "UPDATE payout_address SET removed_at = now() - interval '25 h' WHERE removed_at < now()"
    )
    await add_address(house.database, new(user_id), 0.0, 3)
    await add_address(house.database, new(house.players[1]), 0.0, 3)


async def test_of_many_at_once_one_lists_an_address_and_no_more_than_fit(house: House) -> None:
    outcomes: list[str] = []

    async def add(address: str) -> None:
        try:
            await add_address(house.database, new(house.players[0], address), 0.0, 2)
            outcomes.append("listed")
        except WithdrawalDenied as denied:
            outcomes.append(denied.denial.value)

    async with trio.open_nursery() as nursery:
        for address in ("same", "same", "same", "another", "third"):
            nursery.start_soon(add, address)
    assert outcomes.count("listed") == 2
    assert len(await list_addresses(house.database, house.players[0])) == 2


def test_who_is_known_as_an_owner() -> None:
    assert OWN.is_known
    assert not NOBODYS.is_known
