"""Addresses of players: one per coin, the same for ever, whoever asks at once and wherever it is cut off."""

from itertools import count

import pytest
import trio
from attrs import evolve

from cardroom.ids import UserId
from tests.fakes.gateways import RecordingGateway, made_up_address
from tests.wallet_worker.coins_in import BOOK, GATEWAY, CoinRoom, closed, open_coin_room
from tests.wallet_worker.cut_off import cut_off_at
from tests.wallet_worker.house import House
from tests.wallet_worker.terms import exclude
from wallet_worker.cashier.deposit_addresses import NoAddress
from wallet_worker.gateways.port import GatewayAway


@pytest.fixture
def room(house: House) -> CoinRoom:
    return open_coin_room(house)


async def test_each_player_has_one_address_a_coin_however_often_and_at_once_it_is_asked_for(
    room: CoinRoom,
) -> None:
    given: list[tuple[int, str, str]] = []

    async def ask(player: int, coin: str) -> None:
        given.append((player, coin, await room.address(player, coin)))

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(ask, number % 2, "BTC" if number % 4 < 2 else "USDC")
    assert len(set(given)) == 4
    assert len({address for _, _, address in given}) == 4
    assert await room.house.number("SELECT count(*) FROM deposit_address") == 4


async def test_what_a_gateway_gave_is_asked_for_again_under_the_same_name_if_it_was_lost(
    room: CoinRoom,
) -> None:
    addresses = set()
    for number in count(1):
        was_cut_off = await cut_off_at(room.addresses.give(room.house.players[0], "ETH"), number)
        rows = await room.house.rows("SELECT address FROM deposit_address WHERE address IS NOT NULL")
        addresses |= {row["address"] for row in rows}
        if not was_cut_off:
            break
    assert number > 5
    assert addresses == {await room.address(0, "ETH")}
    assert len({about for what, about in room.gateway.asked if what == "make_address"}) == 1


async def test_ethereums_addresses_are_written_one_way_and_compared_so(room: CoinRoom) -> None:
    address = await room.address(0, "ETH")
    assert address != address.lower()
    told = await room.told(0, coin="ETH", confirmations=12, amount=10**15)
    room.gateway.has(told)
    await room.hear(evolve(told, address=address.lower(), tx_hash="0x" + told.tx_hash.upper()))
    await room.hear(told)
    await room.work()
    await room.assert_credited_once()


@pytest.mark.parametrize(
    ("coin", "code"), [("DOGE", "no_such_coin"), ("btc", "no_such_coin"), ("ETH", "coin_closed")]
)
async def test_what_is_not_taken_or_closed_has_no_address(house: House, coin: str, code: str) -> None:
    room = open_coin_room(house, book=closed(BOOK, "ETH"))
    with pytest.raises(NoAddress) as refused:
        await room.address(0, coin)
    assert refused.value.code.value == code


async def test_what_comes_to_an_address_of_a_closed_coin_is_credited(house: House) -> None:
    room = open_coin_room(house)
    told = room.gateway.has(await room.told(0))
    shut = open_coin_room(house, [room.gateway], book=closed(BOOK, "BTC"))
    await shut.hear(told)
    await shut.work()
    await shut.assert_credited_once()


async def test_who_may_not_pay_in_gets_no_address(room: CoinRoom) -> None:
    await room.address(0)
    await exclude(room.house, 0)
    await room.house.change(f"UPDATE player SET frozen_at = now() WHERE id = {room.house.players[1]}")
    for player, code in ((0, "self_excluded"), (1, "frozen")):
        with pytest.raises(NoAddress) as refused:
            await room.address(player)
        assert refused.value.code.value == code
    with pytest.raises(NoAddress) as refused:
        await room.addresses.give(UserId(999_999), "BTC")
    assert refused.value.code.value == "not_found"


async def test_a_gateway_that_is_away_gives_no_new_address_but_known_ones_stand(room: CoinRoom) -> None:
    address = await room.address(0)
    room.gateway.is_away = True
    assert await room.address(0) == address
    with pytest.raises(GatewayAway):
        await room.address(1)
    room.gateway.is_away = False
    assert await room.address(1)


@pytest.mark.parametrize("given", ["tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "not an address"])
async def test_an_address_of_another_network_is_given_to_nobody(room: CoinRoom, given: str) -> None:
    room.gateway.given = given
    with pytest.raises(GatewayAway):
        await room.address(0)
    room.gateway.given = None
    assert await room.address(0)


async def test_an_address_that_is_another_players_is_given_to_nobody_else(room: CoinRoom) -> None:
    room.gateway.given = await room.address(0)
    with pytest.raises(GatewayAway):
        await room.address(1)
    room.gateway.given = None
    assert await room.address(1) != await room.address(0)


async def test_a_coin_that_moves_to_another_gateway_has_new_addresses_and_the_old_ones_are_good(
    house: House,
) -> None:
    old, new = RecordingGateway(GATEWAY), RecordingGateway("new")
    room = open_coin_room(house, [old])
    told = old.has(await room.told(0))
    coins = {**BOOK.coins, "BTC": evolve(BOOK.coins["BTC"], gateway="new")}
    moved = open_coin_room(house, [old, new], book=evolve(BOOK, coins=coins))
    new.given = made_up_address("BTC", "by the new one")
    assert await moved.address(0) == new.given
    await moved.hear(told)
    await moved.look()
    await moved.work()
    await moved.assert_credited_once()
    assert old.asked.count(("list_deposits", told.address)) == 1, "it is still looked at"
