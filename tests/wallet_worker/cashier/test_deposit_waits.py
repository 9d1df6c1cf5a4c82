"""How long a deposit waits: nothing that is told puts it off, and a worker that dies leaves it soon."""

from datetime import datetime

import pytest
import trio
from attrs import evolve

from cardroom.service.postgres import PostgresAway, open_postgres
from cardroom.service.settings import PostgresSettings
from tests.fakes.gateways import RecordingGateway
from tests.wallet_worker.coins_in import GATEWAY, CoinRoom, open_coin_room
from tests.wallet_worker.house import House
from wallet_worker.cashier.deposit_loop import DepositLoop
from wallet_worker.gateways.port import DepositTold
from wallet_worker.rates.port import RateStopped
from wallet_worker.store.chain_deposits import claim_due, renew_claims


@pytest.fixture
def room(house: House) -> CoinRoom:
    return open_coin_room(house)


async def next_try(room: CoinRoom) -> datetime:
    ((found,),) = await room.house.rows("SELECT next_try_at FROM chain_deposit")
    assert isinstance(found, datetime)
    return found


async def wait_for_a_rate(room: CoinRoom) -> DepositTold:
    told = room.gateway.has(await room.told(0))
    await room.hear(told)
    room.rates.trouble = RateStopped()
    for _ in range(4):
        await room.work()
    return told


async def test_what_is_told_again_and_again_does_not_put_off_the_next_try(room: CoinRoom) -> None:
    """A gateway that tells of each block would keep it waiting for ever otherwise."""
    told = await wait_for_a_rate(room)
    due = await next_try(room)
    for confirmations in (4, 5, 6):
        await room.hear(room.gateway.confirms(told, confirmations))
    assert await next_try(room) <= due


async def test_looking_at_its_address_does_not_put_off_the_next_try(room: CoinRoom) -> None:
    told = await wait_for_a_rate(room)
    due = await next_try(room)
    for confirmations in (4, 5, 6):
        room.clock.now += 60
        room.gateway.confirms(told, confirmations)
        await room.look()
    assert await next_try(room) <= due


async def test_the_message_that_confirms_it_lets_it_be_tried_at_once(room: CoinRoom) -> None:
    told = await room.told(0, confirmations=1)
    room.gateway.has(told)
    await room.hear(told)
    for _ in range(3):
        await room.work()
    await room.hear(room.gateway.confirms(told, 3))
    assert len(await claim_due(room.house.database, 9, 30.0)) == 1


async def test_a_claim_is_renewed_while_it_holds_and_never_brought_forward(room: CoinRoom) -> None:
    await room.hear(room.gateway.has(await room.told(0)))
    (claimed,) = await claim_due(room.house.database, 9, 30.0)
    first = await next_try(room)
    await renew_claims(room.house.database, [claimed.number], 60.0)
    assert (await next_try(room) - first).total_seconds() >= 30
    assert await claim_due(room.house.database, 9, 30.0) == []
    due_later = await next_try(room)
    await renew_claims(room.house.database, [claimed.number], 1.0)
    assert await next_try(room) == due_later, "it is never brought forward"


class Slow(RecordingGateway):
    """Answers when it is let to."""

    let: trio.Event
    is_asked: trio.Event

    async def look_up(self, told: DepositTold) -> DepositTold | None:
        self.is_asked.set()
        await self.let.wait()
        return await super().look_up(told)


async def test_a_step_that_takes_long_keeps_its_claim(
    house: House, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wallet_worker.cashier.deposit_loop._CLAIM_SECONDS", 2.0)
    monkeypatch.setattr("wallet_worker.cashier.deposit_loop._RENEW_SECONDS", 0.1)
    gateway = Slow(GATEWAY)
    gateway.let, gateway.is_asked = trio.Event(), trio.Event()
    room = open_coin_room(house, [gateway])
    await room.hear(gateway.has(await room.told(0)))
    nursery.start_soon(DepositLoop(room.desk).follow_due)
    await gateway.is_asked.wait()
    first = await next_try(room)
    with trio.fail_after(20):
        while await next_try(room) == first:  # noqa: ASYNC110 (the row says it, there is no event)
            await trio.sleep(0.05)
    gateway.let.set()
    with trio.fail_after(20):
        while await room.states() != ["credited"]:  # noqa: ASYNC110 (the row says it, there is no event)
            await trio.sleep(0.05)
    await room.assert_credited_once()


async def test_a_worker_that_dies_leaves_its_deposits_for_half_a_minute_at_most(room: CoinRoom) -> None:
    await room.hear(room.gateway.has(await room.told(0)))
    room.rates.trouble = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(BaseException):  # noqa: B017 (the group that it dies by)
        await room.loop.follow_due()
    sql = "SELECT extract(epoch FROM next_try_at - now())::bigint FROM chain_deposit"
    assert await room.house.number(sql) <= 30


async def test_all_addresses_that_are_due_are_looked_at_in_one_round(room: CoinRoom) -> None:
    """More than are looked at at once: a day has room for a hundred thousand addresses."""
    for coin in ("BTC", "ETH", "USDT", "USDC"):
        for player in range(3):
            await room.address(player, coin)
    await room.house.change("UPDATE deposit_address SET next_look_at = now() - interval '1 s'")
    await room.loop.look_at_addresses()
    assert sum(what == "list_deposits" for what, _ in room.gateway.asked) == 12


async def test_a_database_that_is_away_stops_no_loop(house: House) -> None:
    nowhere = PostgresSettings(dsn="postgresql://nobody@127.0.0.1:1/none")
    async with open_postgres(nowhere, must_answer=False) as postgres:
        loop = open_coin_room(house, postgres=postgres).loop
        await loop.look_at_addresses()
        with pytest.raises(PostgresAway):
            await loop.follow_due()


async def test_a_gateway_that_is_away_holds_up_no_other_and_is_asked_a_few_times_only(house: House) -> None:
    away, well = RecordingGateway("away", is_away=True), RecordingGateway(GATEWAY)
    room = open_coin_room(house, [well, away])
    await room.address(0)
    await house.change(
        "INSERT INTO deposit_address (user_id, coin, gateway, external_id, address, given_at, next_look_at) "
        f"SELECT {house.players[1]}, 'C' || n, 'away', 'e' || n, 'a' || n, now(), now() - interval '1 h' "
        "FROM generate_series(10, 49) AS n"
    )
    await room.loop.look_at_addresses()
    assert len(away.asked) == room.desk.tools.settings.at_once
    assert [what for what, _ in well.asked].count("list_deposits") == 1


async def test_many_small_payments_to_one_address_are_asked_about_together(room: CoinRoom) -> None:
    """Otherwise each of a thousand has the gateway list the thousand, and all their rows written."""
    many = [room.gateway.has(await room.told(0, number, confirmations=1)) for number in range(1, 31)]
    await room.hear(*many)
    await room.work()
    assert [what for what, _ in room.gateway.asked].count("list_deposits") == 1
    assert await claim_due(room.house.database, 99, 30.0) == []
    for one in many:
        room.gateway.confirms(one, 3)
    await room.hear(*(evolve(one, confirmations=3) for one in many))
    assert len(await claim_due(room.house.database, 99, 30.0)) == 30, "what is confirmed waits for nothing"
