"""Approval by the limit of a day, one after the other, and what makes people look."""

import pytest
import trio

from tests.fakes.payout_gateway import HttpGateway
from tests.wallet_worker.house import House
from tests.wallet_worker.terms import block
from tests.wallet_worker.withdrawals import (
    SendingRoom,
    fund,
    hurry,
    requested,
    row_of,
    sending_room,
    state_of,
)

NOWHERE = HttpGateway("http://127.0.0.1:1", looks_up_payouts=True)


@pytest.fixture
async def room(house: House) -> SendingRoom:
    await fund(house, 6_000_000)
    return sending_room(house, {NOWHERE.name: NOWHERE})


async def test_nothing_is_approved_before_its_time(room: SendingRoom) -> None:
    early = await requested(room.house, waits="1 hour")
    ready = await requested(room.house)
    await room.approvals.look()
    assert await state_of(room.house, early) == "waiting"
    row = await row_of(room.house, ready)
    assert (row["state"], row["approved_by"]) == ("approved", "limit")
    assert room.board.states == ["approved"]


async def test_a_day_holds_as_much_as_the_limit_for_each_player(room: SendingRoom) -> None:
    first = await requested(room.house, 600_000)
    exact = await requested(room.house, 400_000)
    over = await requested(room.house, 10_000)
    other = await requested(room.house, 1_000_000, player=1)
    await room.approvals.look()
    found = [await state_of(room.house, one) for one in (first, exact, over, other)]
    assert found == ["approved", "approved", "review", "approved"]
    assert (await row_of(room.house, over))["reason"] == "over_automatic_limit"


async def test_what_was_approved_yesterday_does_not_count_today(room: SendingRoom) -> None:
    await requested(room.house, 1_000_000)
    await room.approvals.look()
    await room.house.change("UPDATE withdrawal SET approved_at = approved_at - interval '1 day'")
    number = await requested(room.house, 1_000_000)
    await room.approvals.look()
    assert await state_of(room.house, number) == "approved"


async def test_what_was_cancelled_makes_room_and_what_failed_does_not(room: SendingRoom) -> None:
    for state, expected in (("cancelled", "approved"), ("failed", "review")):
        await requested(room.house, 1_000_000, player=1)
        await room.approvals.look()
        await room.house.change(f"UPDATE withdrawal SET state = '{state}', ended_at = now()")
        number = await requested(room.house, 900_000, player=1)
        await room.approvals.look()
        assert await state_of(room.house, number) == expected
        await room.house.change("UPDATE withdrawal SET state = 'rejected', ended_at = now()")


async def test_two_workers_at_once_do_not_approve_more_than_the_limit(room: SendingRoom) -> None:
    """Each sees the other's, because both decide under the house's lock."""
    another = sending_room(room.house, room.tools.gateways, name="worker-2")
    numbers = [await requested(room.house, 300_000) for _ in range(6)]
    for _ in range(3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.approvals.look)
            nursery.start_soon(another.approvals.look)
    states = [await state_of(room.house, one) for one in numbers]
    assert sorted(states) == ["approved"] * 3 + ["review"] * 3
    assert sorted(room.board.states + another.board.states) == sorted(states)


async def test_a_flag_is_for_people(room: SendingRoom) -> None:
    number = await requested(room.house, flags=["opponent_win"])
    await room.approvals.look()
    row = await row_of(room.house, number)
    assert (row["state"], row["reason"]) == ("review", "flagged")


@pytest.mark.parametrize("reason", ["frozen", "withdrawals_frozen", "user_blocked", "everything"])
async def test_who_is_frozen_or_blocked_waits_with_a_reason(room: SendingRoom, reason: str) -> None:
    number = await requested(room.house)
    user = room.house.players[0]
    scope = {"withdrawals_frozen": "withdrawals", "everything": "everything"}.get(reason)
    if reason == "frozen":
        await room.house.change(f"UPDATE player SET frozen_at = now() WHERE id = {user}")
    elif reason == "user_blocked":
        await block(room.house, 0)
    else:
        await room.house.change(
            "UPDATE house_freeze SET frozen_at = now(), frozen_by = 'k', reason = 'x'"
            f" WHERE scope = '{scope}'"
        )
    await room.approvals.look()
    row = await row_of(room.house, number)
    said = "withdrawals_frozen" if reason == "everything" else reason
    assert (row["state"], row["reason"]) == ("waiting", said)
    await room.house.change(
        "UPDATE player SET frozen_at = NULL",
        "UPDATE house_freeze SET frozen_at = NULL, frozen_by = NULL, reason = NULL",
        "UPDATE block SET removed_at = now(), removed_by = 'k', removed_reason = 'x'",
    )
    await hurry(room.house)
    await room.approvals.look()
    assert await state_of(room.house, number) == "approved"


async def test_who_excluded_himself_may_take_money_out(room: SendingRoom) -> None:
    await room.house.change(
        "UPDATE player SET has_terms = true, self_excluded_until = now() + interval '1 d'"
    )
    number = await requested(room.house)
    await room.approvals.look()
    assert await state_of(room.house, number) == "approved"
