"""A worker is killed at every step of a withdrawal: nothing is paid twice, and nothing is lost."""

from collections.abc import Callable

import pytest

from tests.fakes.payout_gateway import Fault, payout_server
from tests.fakes.shkeeper import ShkeeperStub
from tests.wallet_worker.house import House
from tests.wallet_worker.payout_crashes import (
    People,
    Reaper,
    assert_paid_at_most_once,
    live,
    mortal_room,
    mortal_room_of,
    say_not_paid,
    settle,
)
from tests.wallet_worker.withdrawals import (
    SendingRoom,
    age,
    fund,
    requested,
    row_of,
    shkeeper_gateway,
    state_of,
)
from wallet_worker.gateways.port import PayoutFound, PayoutStage

PARTS = 3
LIVES: dict[str, Callable[[], list[Fault]]] = {
    "well": list,
    "no answer, done": lambda: [Fault(is_cut=True)],
    "no answer, not done": lambda: [Fault(is_cut=True, is_done=False)],
    "refused": lambda: [Fault(is_done=False, status=409)],
    "refused for good": lambda: [Fault(is_done=False, status=400)],
}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("finds", [True, False], ids=["finds", "finds nothing"])
async def test_killed_at_every_step(house: House, finds: bool, part: int) -> None:
    """The first life is killed at a point, the second goes on at once, and then when time has passed."""
    await fund(house, 100_000_000)
    with payout_server(finds=finds) as server:
        people = People(house, server)
        killed = []
        number = 0
        for at in range(1 + part, 200, PARTS):
            number = await requested(house, player=at % 4)
            reaper = Reaper(at)
            if not await live(mortal_room(house, server, reaper, name="first")):
                break
            killed.append(reaper.points[-1])
            assert len(server.payments_of(number)) <= 1
            await settle(
                mortal_room(house, server, Reaper(), name="second"), people, [number], sends_again=at % 4 == 1
            )
            await assert_paid_at_most_once(house, server, number)
    assert {"before a commit", "after a commit"} <= set(killed)
    assert len(killed) * PARTS >= 25
    await house.assert_sound()


@pytest.mark.parametrize("finds", [True, False], ids=["finds", "finds nothing"])
@pytest.mark.parametrize("life", LIVES)
async def test_killed_twice_around_the_call(house: House, finds: bool, life: str) -> None:
    """Whatever the gateway does, the first life and the one that looks after it are killed near the call."""
    await fund(house, 100_000_000)
    with payout_server(finds=finds) as server:
        people = People(house, server)
        for at in range(9, 24, 2):
            number = await requested(house, player=at % 4)
            server.faults.extend(LIVES[life]())
            await live(mortal_room(house, server, Reaper(at), name="first"))
            server.faults.clear()
            await live(mortal_room(house, server, Reaper(3 + at % 7), name="second"))
            await settle(
                mortal_room(house, server, Reaper(), name="third"), people, [number], sends_again=at % 4 == 1
            )
            await assert_paid_at_most_once(house, server, number)
    await house.assert_sound()


async def test_killed_at_every_step_at_shkeeper(house: House) -> None:
    """SHKeeper pays whatever comes, and finds nothing: what it took is told by its callback, or by people."""
    await fund(house, 100_000_000)
    killed = []
    async with shkeeper_gateway() as (stub, gateway, book):
        for at in range(7, 200):
            number = await requested(house, player=at % 4, gateway=gateway.name)
            reaper = Reaper(at)
            first = mortal_room_of(house, gateway, reaper, coins=book)
            if not await live(first):
                break
            killed.append(reaper.points[-1])
            second = mortal_room_of(house, gateway, Reaper(), coins=book, name="second")
            for _ in range(2):
                await age(house, 1000)
                await second.go_on(rounds=1)
            await _end(house, second, stub, number, is_paid_first=at % 3 == 0)
            payouts = [one for one in stub.books.payouts if one.external_id.startswith(f"w{number}-")]
            row = await row_of(house, number)
            assert [one.is_paid for one in payouts] == [True], killed[-1]
            assert row["state"] == "confirmed"
            assert str(row["tx_hash"]) in str(payouts[0].outcome)
    assert {"before the payout", "after the payout", "before a commit", "after a commit"} <= set(killed)
    await house.assert_sound()


async def _end(
    house: House, room: SendingRoom, stub: ShkeeperStub, number: int, *, is_paid_first: bool
) -> None:
    """Let SHKeeper pay what it has, and tell of it, or be asked; what it never had people send again."""
    row = await row_of(house, number)
    name = f"w{number}-{row['attempt']}"
    if not [one for one in stub.books.payouts if one.external_id == name]:
        assert row["state"] == "doubtful"
        await say_not_paid(house, number, sends_again=True)
        await room.go_on(rounds=1)
    payout = stub.books.payouts[-1]
    txid = stub.books.pay(payout, told=False)
    if is_paid_first or await state_of(house, number) == "doubtful":
        await room.desk.report(row["gateway"], PayoutFound(payout.external_id, PayoutStage.PAID, txid))
    await age(house, 1000)
    await room.go_on(rounds=1)
