"""The loop over deposits: cut off anywhere, by two workers at once, with messages that were lost."""

from itertools import count

import pytest
import trio
from attrs import evolve

from cardroom.service.postgres import open_postgres
from cardroom.service.settings import PostgresSettings
from tests.fakes.gateways import RecordingGateway
from tests.wallet_worker.coins_in import GATEWAY, CoinRoom, open_coin_room
from tests.wallet_worker.cut_off import cut_off_at
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.outside import tx_hash
from wallet_worker.cashier import deposit_metrics
from wallet_worker.cashier.deposit_loop import DepositLoop
from wallet_worker.cashier.deposits import Delivery

EACH = 150_000


@pytest.fixture
def room(house: House) -> CoinRoom:
    return open_coin_room(house)


async def assert_each_credited_once(room: CoinRoom, number: int) -> None:
    assert await room.states() == ["credited"] * number
    assert await room.house.number("SELECT count(*) FROM outside_payment") == number
    assert await room.house.wallet(0) == PURSE + number * EACH
    await room.house.assert_sound()


async def test_a_credit_that_is_cut_off_at_any_await_is_made_once(room: CoinRoom) -> None:
    """Every deposit's step is cut off one await later than the one before, then done again."""
    for number in count(1):
        told = room.gateway.has(await room.told(0, number))
        await room.hear(told)
        deposit = (await room.deposits())[-1]
        was_cut_off = await cut_off_at(room.steps.follow(deposit), number)
        await room.work()
        if not was_cut_off:
            break
    assert number > 15, "there are many awaits on the way"
    await assert_each_credited_once(room, number)


async def test_a_message_that_is_cut_off_at_any_await_counts_once_when_it_comes_again(room: CoinRoom) -> None:
    for number in count(1):
        told = room.gateway.has(await room.told(0, number))
        was_cut_off = await cut_off_at(room.hear(told), number)
        await room.hear(told)
        if not was_cut_off:
            break
    assert number > 5
    await room.work()
    while "confirmed" in await room.states():
        await room.work()
    await assert_each_credited_once(room, number)


async def test_a_loop_that_is_cut_off_leaves_what_it_took_to_the_next(room: CoinRoom) -> None:
    for number in (1, 2, 3):
        await room.hear(room.gateway.has(await room.told(0, number)))
    await cut_off_at(room.loop.follow_due(), 12)
    await room.work()
    await room.work()
    await assert_each_credited_once(room, 3)


async def test_two_workers_at_once_credit_each_deposit_once(
    room: CoinRoom, wallet_settings: PostgresSettings
) -> None:
    for number in range(1, 13):
        await room.hear(room.gateway.has(await room.told(0, number)))
    async with open_postgres(wallet_settings) as postgres:
        other = open_coin_room(room.house, [room.gateway], postgres=postgres)
        other.clock = room.clock
        async with trio.open_nursery() as nursery:
            for loop in (room.loop, other.loop, room.loop, other.loop):
                nursery.start_soon(loop.follow_due)
            for deposit in await room.deposits():  # as if a claim had run out
                nursery.start_soon(other.steps.follow, deposit)
    await assert_each_credited_once(room, 12)


async def test_a_lost_message_is_made_good_by_looking_at_the_address(room: CoinRoom) -> None:
    room.gateway.has(await room.told(0))
    await room.look()
    assert await room.states() == ["confirmed"]
    await room.work()
    await assert_each_credited_once(room, 1)


async def test_a_lost_message_is_made_good_by_looking_at_what_is_confirming(room: CoinRoom) -> None:
    told = await room.told(0, confirmations=0)
    await room.hear(room.gateway.has(told))
    room.gateway.confirms(told, 3)
    await room.work()
    await room.work()
    await assert_each_credited_once(room, 1)


async def test_addresses_are_looked_at_seldom_unless_a_player_wants_one(room: CoinRoom) -> None:
    address = await room.address(0)
    await room.loop.look_at_addresses()
    await room.loop.look_at_addresses()
    assert room.gateway.asked.count(("list_deposits", address)) == 1
    await room.house.change(
        "UPDATE deposit_address SET wanted_at = now() - interval '30 days', next_look_at = now()"
    )
    await room.loop.look_at_addresses()
    sql = "SELECT extract(epoch FROM next_look_at - now())::bigint FROM deposit_address"
    assert 80_000 < await room.house.number(sql) <= 86_400
    await room.house.change("UPDATE deposit_address SET next_look_at = now()")
    room.gateway.is_away = True
    await room.loop.look_at_addresses()
    assert await room.house.number(sql) <= 60, "a look that failed is taken again soon"
    await room.house.change("UPDATE deposit_address SET next_look_at = now() + interval '1 day'")
    await room.address(0)
    assert await room.house.number(sql) <= 60


async def test_a_gateway_that_is_away_keeps_nobody_elses_deposits(house: House) -> None:
    away, well = RecordingGateway("away", is_away=True), RecordingGateway(GATEWAY)
    room = open_coin_room(house, [well, away])
    told = well.has(await room.told(0))
    await room.hear(told)
    await room.house.change(
        "INSERT INTO deposit_address (user_id, coin, gateway, external_id, address, given_at) "
        f"VALUES ({house.players[1]}, 'BTC', 'away', 'e', '1BoatSLRHtKNngkdXEeobR76b53LETtpyT', now())"
    )
    there = evolve(told, tx_hash=tx_hash(2), address="1BoatSLRHtKNngkdXEeobR76b53LETtpyT", confirmations=1)
    await room.desk.take_message(Delivery("away", b"a" * 32, room.clock.now), [there])
    await room.look()
    await room.work()
    assert await room.states() == ["credited", "confirming unavailable"]


class Broken(RecordingGateway):
    async def look_up(self, told: object) -> None:
        raise ZeroDivisionError


async def test_an_error_of_ours_stops_one_deposit_and_not_the_others(house: House) -> None:
    room = open_coin_room(house, [RecordingGateway(GATEWAY), Broken("broken")])
    await room.hear(room.gateway.has(await room.told(0)))
    await room.hear(room.gateway.has(await room.told(0, 2)))
    await room.house.change("UPDATE chain_deposit SET gateway = 'broken' WHERE id = 1")
    before = deposit_metrics.TROUBLE.labels("deposit")._value.get()
    await room.work()
    assert await room.states() == ["confirmed", "credited"]
    assert deposit_metrics.TROUBLE.labels("deposit")._value.get() == before + 1


async def test_what_waits_is_measured_by_reason(room: CoinRoom) -> None:
    await room.hear(await room.told(0, confirmations=1))
    await room.house.change("UPDATE chain_deposit SET seen_at = now() - interval '100 s'")
    await room.loop.measure()
    waiting = deposit_metrics.WAITING.labels("confirming", "")._value.get()
    assert waiting == 1
    assert 100 <= deposit_metrics.OLDEST_SECONDS.labels("confirming")._value.get() < 1000
    await room.house.change("UPDATE chain_deposit SET state = 'gone'")
    await room.loop.measure()
    assert next(iter(deposit_metrics.WAITING.collect())).samples == []


async def test_it_runs_until_it_is_cancelled(room: CoinRoom, nursery: trio.Nursery) -> None:
    await room.hear(room.gateway.has(await room.told(0)))
    nursery.start_soon(DepositLoop(room.desk).run)
    with trio.fail_after(20):
        while await room.states() != ["credited"]:  # noqa: ASYNC110 (the row says it, there is no event)
            await trio.sleep(0.05)
    nursery.cancel_scope.cancel()
