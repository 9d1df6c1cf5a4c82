"""Money that moves by HTTP, beside streams that lock the same wallets: nobody waits in a circle."""

import pytest
import trio

from cardroom.money import Krw
from tests.wallet_worker.house import LINK, PURSE, House, hold, leave
from tests.wallet_worker.outside import deposit, wish
from wallet_worker.rules.accounts import rake_of, wallet_of
from wallet_worker.store.adjustments import Decision, Proposal, approve, propose
from wallet_worker.store.book_deposit import book_deposit
from wallet_worker.store.hold_for_withdrawal import hold_for_withdrawal
from wallet_worker.store.house_transfer import NoSuchAccount, open_desk
from wallet_worker.store.promote import Promotion, promote
from wallet_worker.store.release_held import release_held


async def test_streams_and_http_move_the_same_wallets_at_once_without_a_deadlock(house: House) -> None:
    async def play(table: int) -> None:
        at, order = house.tables[table], list(enumerate(house.players))
        for _ in range(12):
            await house.ask(*[hold(user, at, seat, 100) for seat, user in order])
            await house.ask(*[leave(user, at, seat, 100) for seat, user in reversed(order)])

    async def adjust() -> None:
        ends = [f"wallet:{house.players[0]}", f"wallet:{house.players[3]}"]
        for step in range(24):
            debit, credit = ends if step % 2 else reversed(ends)
            async with house.database.transaction() as transaction:
                made = await propose(transaction, Proposal(debit, credit, Krw(7), "r", "kim"), 7, LINK)
            async with house.database.transaction() as transaction:
                await approve(transaction, Decision(made["adjustment"], "lee", "r"), LINK)

    async def give_and_take() -> None:
        for step in range(12):
            user = house.players[step % 4]
            await promote(house.database, Promotion(user, Krw(10), "r", f"g{step}"), LINK)
            await book_deposit(house.database, deposit(user, 1_000, step), LINK)
            held = await hold_for_withdrawal(house.database, wish(user, 10_000, f"w{step}"), LINK)
            await release_held(house.database, held["withdrawal"], "cancelled", LINK)

    with trio.fail_after(50):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(play, 0)
            nursery.start_soon(adjust)
            nursery.start_soon(give_and_take)
    wallets = await house.number("SELECT sum(balance) FROM account WHERE kind = 'wallet'")
    assert wallets == 4 * PURSE + 12 * (10 + 1_500)
    await house.assert_sound()


async def test_accounts_are_locked_in_the_order_of_their_ids_whatever_is_asked_first(house: House) -> None:
    """Two who ask for the same wallets, each in another order, one of them past the house's lock."""
    first, last = wallet_of(house.players[0]), wallet_of(house.players[3])
    ids = "SELECT id FROM account WHERE kind = 'wallet' AND user_id = $1"
    low, high = [await house.number(ids, house.players[player]) for player in (0, 3)]
    assert low < high
    async with house.owner.transaction() as stream:
        await stream.execute("SELECT FROM account WHERE id = $1 FOR UPDATE", low)
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                async with house.database.transaction() as transaction:
                    await (await open_desk(transaction, LINK)).load([last, first])

            nursery.start_soon(ask)
            await trio.sleep(0.5)
            with trio.fail_after(2):  # it waits for the low one and does not hold the high one
                await stream.execute("SELECT FROM account WHERE id = $1 FOR UPDATE NOWAIT", high)
            await stream.execute("SELECT 1")
            nursery.cancel_scope.cancel()


async def test_a_shards_rake_is_not_made_by_http(house: House) -> None:
    async with house.database.transaction() as transaction:
        desk = await open_desk(transaction, LINK)
        with pytest.raises(NoSuchAccount):
            await desk.load([rake_of(house.shard)])
