"""A player takes a withdrawal back until it is being sent: once, and never what somebody sends."""

import pytest
import trio

from cardroom.service.player_freeze import freeze_player
from tests.wallet_worker.crashing import Crash
from tests.wallet_worker.house import LINK, PURSE, House
from tests.wallet_worker.outside import balances
from tests.wallet_worker.withdrawing import (
    CrashingPostgres,
    asked,
    become,
    listed,
    terms,
    withdrawals,
)
from wallet_worker.rules.withdrawal_request import CannotCancel
from wallet_worker.store.cancel_withdrawal import cancel_withdrawal
from wallet_worker.store.outside_payments import NoSuchWithdrawal
from wallet_worker.store.release_held import release_held
from wallet_worker.store.request_withdrawal import request_withdrawal

CLAIM = """
UPDATE withdrawal SET state = 'sending', coin_amount = 1, coin_scale = 8, rate = 1, attempt = 1,
                      sender = 'test', sending_at = ready_at
WHERE payment_id = $1 AND state = 'approved'
"""


async def begin(house: House, state: str = "waiting", key: str = "w1") -> int:
    await listed(house) if key == "w1" else None
    taken = await request_withdrawal(house.database, asked(house.players[0], key=key), terms(), LINK)
    await become(house, taken.answer["withdrawal"], state)
    return int(taken.answer["withdrawal"])


@pytest.mark.parametrize("state", ["waiting", "review", "approved"])
async def test_the_money_comes_back_once(house: House, state: str) -> None:
    number = await begin(house, state)
    first = await cancel_withdrawal(house.database, house.players[0], number, LINK)
    again = await cancel_withdrawal(house.database, house.players[0], number, LINK)
    assert (first.coin, first.is_new, again.is_new) == ("BTC", True, False)
    assert again.answer == first.answer
    assert first.answer == {
        "withdrawal": number, "state": "cancelled", "krw_amount": 30_001, "krw_balance": PURSE,
        "pending_withdrawal_krw": 0,
    }  # fmt: skip
    (row,) = await withdrawals(house)
    assert (row["state"], row["ended_at"] is not None) == ("cancelled", True)
    assert await house.wallet(0) == PURSE
    assert "pending_withdrawal" not in await balances(house)
    await house.assert_sound()


@pytest.mark.parametrize("state", ["sending", "sent", "failed", "rejected"])
async def test_what_is_being_sent_or_has_ended_is_not_cancelled(house: House, state: str) -> None:
    number = await begin(house, state)
    with pytest.raises(CannotCancel):
        await cancel_withdrawal(house.database, house.players[0], number, LINK)
    assert await house.wallet(0) == PURSE - 30_001
    assert (await withdrawals(house))[0]["state"] == state


async def test_nobody_cancels_anothers(house: House) -> None:
    number = await begin(house)
    for user_id, one in ((house.players[1], number), (house.players[0], number + 1)):
        with pytest.raises(NoSuchWithdrawal):
            await cancel_withdrawal(house.database, user_id, one, LINK)
    assert await house.wallet(0) == PURSE - 30_001


async def test_who_is_frozen_gets_his_money_back_too(house: House) -> None:
    number = await begin(house)
    async with house.database.transaction() as transaction:
        await freeze_player(transaction, house.players[0], is_frozen=True)
    await cancel_withdrawal(house.database, house.players[0], number, LINK)
    assert await house.wallet(0) == PURSE


async def test_of_a_cancel_and_a_claim_at_once_exactly_one_wins(house: House) -> None:
    for turn in range(12):
        number = await begin(house, "approved", f"w{turn + 1}")
        before = await house.wallet(0)
        outcomes: list[str] = []
        async with trio.open_nursery() as nursery:
            for one in (_claim, _cancel) if turn % 2 else (_cancel, _claim):
                nursery.start_soon(one, house, number, outcomes)
        assert len(outcomes) == 1
        state = await house.number(
            "SELECT count(*) FROM withdrawal WHERE payment_id = $1 AND state = 'sending'", number
        )
        assert (outcomes == ["sending"]) == (state == 1)
        assert await house.wallet(0) - before == (30_001 if outcomes == ["cancelled"] else 0)
        if outcomes == ["sending"]:  # so that the next turn has the money
            await house.change(
                f"UPDATE withdrawal SET state = 'failed', ended_at = now() WHERE payment_id = {number}"
            )
            await release_held(house.database, number, "failed", LINK)
    await house.assert_sound()


async def _claim(house: House, number: int, outcomes: list[str]) -> None:
    """Take it to send it, as its sender does: under the row's lock."""
    async with house.database.transaction() as transaction:
        if await transaction.execute(CLAIM, number) == 1:
            outcomes.append("sending")


async def _cancel(house: House, number: int, outcomes: list[str]) -> None:
    try:
        await cancel_withdrawal(house.database, house.players[0], number, LINK)
    except CannotCancel:
        return
    outcomes.append("cancelled")


async def test_many_cancels_at_once_give_the_money_back_once(house: House) -> None:
    number = await begin(house)
    news: list[bool] = []

    async def cancel() -> None:
        news.append((await cancel_withdrawal(house.database, house.players[0], number, LINK)).is_new)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(cancel)
    assert sorted(news) == [False] * 7 + [True]
    assert await house.wallet(0) == PURSE
    await house.assert_sound()


async def test_a_crash_before_any_statement_leaves_it_as_it_was(house: House) -> None:
    number = await begin(house)
    for statements in range(60):
        crashing = CrashingPostgres(house.database, statements)
        try:
            await cancel_withdrawal(crashing, house.players[0], number, LINK)  # type: ignore[arg-type]
        except Crash:
            assert await house.wallet(0) == PURSE - 30_001
            assert (await withdrawals(house))[0]["state"] == "waiting"
        else:
            break
    assert 10 < statements < 59
    assert await house.wallet(0) == PURSE
    await house.assert_sound()
