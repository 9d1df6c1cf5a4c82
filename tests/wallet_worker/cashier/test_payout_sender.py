"""A sender that sleeps, is held up, or cannot write down what it was answered."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import evolve

from cardroom.service.postgres import PostgresAway, Transaction
from tests.fakes.payout_gateway import NAME, Fault, HttpGateway, PayoutServer, payout_server
from tests.wallet_worker.house import House
from tests.wallet_worker.withdrawals import (
    SendingRoom,
    age,
    approved,
    hurry,
    row_of,
    sending_room,
    state_of,
)
from wallet_worker.gateways.port import PayoutOrder, PayoutTaken


@pytest.fixture(params=[True, False], ids=["finds", "finds nothing"])
def server(request: pytest.FixtureRequest) -> Iterator[PayoutServer]:
    with payout_server(finds=request.param) as server:
        yield server


@pytest.fixture
def room(house: House, server: PayoutServer) -> SendingRoom:
    return sending_room(house, {NAME: HttpGateway(server.url, server.finds)})


async def test_a_sender_that_slept_sends_nothing(room: SendingRoom, server: PayoutServer) -> None:
    """By whichever clock it is late: what it did not send is certain, so it may be sent anew."""
    number = await approved(room)
    for slept in ([0.0, 9.0, 9.0], [9.0, 0.0, 9.0], [0.0, -1.0, 0.0]):
        times = iter([[0.0, 0.0, 0.0], slept])
        sleepy = sending_room(room.house, room.tools.gateways, clocks=lambda times=times: next(times))
        await hurry(room.house)
        await sleepy.desk.look(NAME)
        row = await row_of(room.house, number)
        assert (row["state"], row["coin_amount"], server.taken) == ("approved", None, [])
    await hurry(room.house)
    await room.go_on()
    assert [one.external_id for one in server.taken] == [f"w{number}-4"]


async def test_a_gateway_that_does_not_answer_is_left_in_time(house: House, server: PayoutServer) -> None:
    gateway = HttpGateway(server.url, server.finds, call_seconds=20.0)
    room = sending_room(house, {NAME: gateway})
    settings = evolve(room.tools.settings, begin_seconds=0.4, doubtful_seconds=0.7)
    room = sending_room(house, {NAME: gateway}, settings=settings)
    server.faults.append(Fault(seconds=10.0))
    number = await approved(room)
    await room.desk.look(NAME)
    assert (await row_of(house, number))["reason"] == "no_answer"
    server.closing.set()
    await age(house, 100)
    await room.watch.look(NAME)
    assert await state_of(house, number) == ("confirmed" if server.finds else "doubtful")


class HeldUp(HttpGateway):
    """Holds a call up on the way to the gateway, where no clock of ours is looked at any more."""

    began: trio.Event
    goes_on: trio.Event

    async def send(self, order: PayoutOrder) -> PayoutTaken:
        self.began.set()
        await self.goes_on.wait()
        return await super().send(order)


def held_up(house: House, server: PayoutServer) -> tuple[SendingRoom, HeldUp]:
    gateway = HeldUp(server.url, server.finds)
    object.__setattr__(gateway, "began", trio.Event())
    object.__setattr__(gateway, "goes_on", trio.Event())
    return sending_room(house, {NAME: gateway}, name="held up"), gateway


@pytest.mark.parametrize("answer", [None, Fault(is_done=False, status=409), Fault(is_cut=True)])
async def test_a_call_that_is_held_up_for_ever_pays_nothing_twice(
    room: SendingRoom, server: PayoutServer, answer: Fault | None
) -> None:
    """Where payouts are found, another sends the same attempt; where not, nobody does before a person."""
    sleepy, gateway = held_up(room.house, server)
    number = await approved(room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleepy.desk.look, NAME)
        await gateway.began.wait()
        await age(room.house, 100)
        if answer is not None:
            server.faults.append(answer)
        await room.watch.look(NAME)
        state = await state_of(room.house, number)
        assert state == (("sent" if answer is None else "doubtful") if server.finds else "doubtful")
        gateway.goes_on.set()
    for _ in range(3):
        await age(room.house, 100)
        await room.go_on(rounds=1)
    assert len(server.taken) <= 1
    if server.finds:
        assert await state_of(room.house, number) == "confirmed"


async def test_what_could_not_be_written_is_written_later(house: House, server: PayoutServer) -> None:
    """The database is away when the gateway answers: only this process knows the task."""
    lost = PostgresAway("the line is cut")

    class Cut:
        is_cut = False

        @asynccontextmanager
        async def transaction(self) -> AsyncIterator[Transaction]:
            if self.is_cut:
                raise lost
            async with house.database.transaction() as transaction:
                yield transaction

        def __getattr__(self, name: str) -> object:
            return getattr(house.database, name)

    cut = Cut()
    _, gateway = held_up(house, server)
    room = sending_room(house, {NAME: gateway}, postgres=cut)
    number = await approved(room)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.desk.look, NAME)
        await gateway.began.wait()
        cut.is_cut = True
        gateway.goes_on.set()
    assert await state_of(house, number) == "sending"
    with pytest.raises(PostgresAway):
        await room.desk.look(NAME)
    cut.is_cut = False
    await room.desk.look(NAME)
    row = await row_of(house, number)
    assert (row["state"], row["task_id"]) == ("sent", "task 1")
