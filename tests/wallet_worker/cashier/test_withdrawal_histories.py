"""Whatever players ask, in whatever order and at once, and wherever it crashes: no won is lost or doubled."""

import random
from collections.abc import Awaitable, Callable

import pytest
import trio
from attrs import define, evolve, field

from tests.wallet_worker.crashing import Crash
from tests.wallet_worker.house import PURSE, House
from tests.wallet_worker.outside import ADDRESS
from tests.wallet_worker.withdrawing import (
    Board,
    CrashingPostgres,
    asked,
    become,
    listed,
    open_desk,
    terms,
    wish,
    withdrawals,
)
from wallet_worker.cashier.withdrawal_desk import WithdrawalDesk
from wallet_worker.rules.denials import Denied
from wallet_worker.rules.withdrawal_request import CannotCancel, WithdrawalDenied
from wallet_worker.store.house_transfer import Answer, KeyReused
from wallet_worker.store.request_withdrawal import request_withdrawal

PLAYERS = 2
APPROVE = """
UPDATE withdrawal SET state = 'approved', approved_at = now(), approved_by = 'limit'
WHERE payment_id = $1 AND state = 'waiting'
"""
OPEN = ("waiting", "review", "approved", "sending")


@define
class History:
    """What players have asked, and how they were answered."""

    house: House
    desk: WithdrawalDesk
    chance: random.Random
    answers: dict[tuple[int, str], Answer] = field(factory=dict)
    """The first answer to each key."""

    async def request(self) -> None:
        player, key = self.chance.randrange(PLAYERS), f"k{self.chance.randrange(12)}"
        amount = self.chance.choice([10_000, 25_000, 60_000])
        try:
            answer = await self.desk.request(wish(self.house.players[player], amount, key))
        except (Denied, WithdrawalDenied, KeyReused):
            return
        assert self.answers.setdefault((player, key), answer) == answer

    async def crash(self) -> None:
        """Ask as a process does that is gone in the middle; the answer, if there is one, is not heard."""
        player, statements = self.chance.randrange(PLAYERS), self.chance.randrange(25)
        request = asked(self.house.players[player], 15_000, f"c{self.chance.randrange(6)}")
        crashing = CrashingPostgres(self.house.database, statements)
        try:
            await request_withdrawal(crashing, request, terms(), self.desk.link)  # type: ignore[arg-type]
        except (Crash, Denied, WithdrawalDenied):
            return

    async def cancel(self) -> None:
        for row in self.chance.sample(list(await withdrawals(self.house)), k=1):
            try:
                await self.desk.cancel(row["user_id"], row["payment_id"])
            except CannotCancel:
                return

    async def approve(self) -> None:
        """Let the oldest that waits be approved, if it still waits when its turn comes."""
        waiting = [row["payment_id"] for row in await withdrawals(self.house) if row["state"] == "waiting"]
        for number in waiting[:1]:
            async with self.house.database.transaction() as transaction:
                await transaction.execute(APPROVE, number)


async def assert_whole(history: History) -> None:
    """Each player's money is in the wallet or held for what is under way, as rows and ledger say alike."""
    rows = await withdrawals(history.house)
    for player in range(PLAYERS):
        user_id = history.house.players[player]
        under_way = [row for row in rows if row["user_id"] == user_id and row["state"] in OPEN]
        assert await history.house.wallet(player) + sum(row["krw_amount"] for row in under_way) == PURSE
    held = await history.house.rows(
        "SELECT id FROM outside_payment WHERE direction = 'withdrawal' AND status = 'held' ORDER BY id"
    )
    assert [row["id"] for row in held] == [row["payment_id"] for row in rows if row["state"] in OPEN]
    all_payments = await history.house.number("SELECT count(*) FROM outside_payment")
    assert all_payments == len(rows)
    numbers = [answer["withdrawal"] for answer in history.answers.values()]
    assert len(numbers) == len(set(numbers))
    await history.house.assert_sound()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_history_loses_or_doubles_a_won(house: House, seed: int) -> None:
    for player in range(PLAYERS):
        await listed(house, player)
    history = History(house, open_desk(house, Board(), daily_count=1000), random.Random(seed))
    steps: dict[Callable[[], Awaitable[None]], int] = {
        history.request: 3, history.cancel: 1, history.crash: 1, history.approve: 1
    }  # fmt: skip
    await history.request()
    await history.desk.request(wish(house.players[0], 10_000, "first"))
    for _ in range(40):
        async with trio.open_nursery() as nursery:
            for step in history.chance.choices(list(steps), list(steps.values()), k=4):
                nursery.start_soon(step)
    await assert_whole(history)
    assert len(await withdrawals(house)) > 3


async def test_what_was_taken_is_answered_alike_when_nothing_else_is_taken_any_more(house: House) -> None:
    await listed(house)
    desk = open_desk(house)
    answer = await desk.request(wish(house.players[0]))
    await become(house, answer["withdrawal"], "sending")
    closed = evolve(desk.policy.coins.coins["BTC"], withdrawals_open=False)
    coins = evolve(desk.policy.coins, coins={"BTC": closed})
    shut = evolve(desk, policy=evolve(desk.policy, coins=coins))
    assert await shut.request(wish(house.players[0])) == answer
    with pytest.raises(WithdrawalDenied):
        await shut.request(wish(house.players[0], key="w2", address=ADDRESS))
