"""Every outcome of every command, through one committed batch on a real PostgreSQL."""

import pytest
from attrs import evolve

from cardroom.ids import BootNonce, Epoch, NodeId, SeatIndex, TableId, UserId
from cardroom.money import Krw
from cardroom.wire.ledger import (
    BuyInHeld,
    CashedOut,
    CommandRefused,
    HandSettled,
    HoldBuyIn,
    OutOfOrder,
    SettleHand,
    ShardOpened,
    StaleEpoch,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import PURSE, REPLIES, House, again, hand_of, hold, leave, new_id, open_by
from tests.wallet_worker.terms import block, unblock
from wallet_worker.ledger.batch import apply_batch
from wallet_worker.rules.denials import BooksDisagree
from wallet_worker.store.lock_shard import TermLost

DAY_MS = 24 * 3600 * 1000


def refused(code: Refusal) -> list[CommandRefused]:
    return [CommandRefused(code)]


async def test_a_buy_in_is_held_and_a_top_up_is_added(house: House) -> None:
    user, table = house.players[0], house.tables[0]
    assert await house.ask(hold(user, table, 2, 4000), hold(user, table, 2, 500)) == [
        BuyInHeld(table, SeatIndex(2), Krw(4000), Krw(4000)),
        BuyInHeld(table, SeatIndex(2), Krw(500), Krw(4500)),
    ]
    assert await house.wallet(0) == PURSE - 4500
    assert await house.escrow(0) == {2: 4500}
    await house.assert_sound()


async def test_a_buy_in_above_the_balance_is_refused_also_across_one_batch(house: House) -> None:
    user = house.players[0]
    first, second = await house.ask(hold(user, house.tables[0], 0, PURSE), hold(user, house.tables[1], 0, 1))
    assert isinstance(first, BuyInHeld)
    assert second == CommandRefused(Refusal.INSUFFICIENT_FUNDS)
    assert await house.wallet(0) == 0
    await house.assert_sound()


@pytest.mark.parametrize(
    ("column", "code"),
    [("frozen_at = now()", Refusal.FROZEN), ("self_excluded_until = now() + '1 day'", Refusal.SELF_EXCLUDED)],
)
async def test_who_may_not_play_brings_no_money(house: House, column: str, code: Refusal) -> None:
    await house.change(f"UPDATE player SET {column} WHERE id = {house.players[0]}")
    assert await house.ask(hold(house.players[0], house.tables[0], 0, 100)) == refused(code)
    assert await house.wallet(0) == PURSE


async def test_who_is_blocked_brings_no_money_and_takes_what_lies_there(house: House) -> None:
    user, other, table = house.players[0], house.players[1], house.tables[0]
    await house.ask(hold(user, table, 0, 100))
    await block(house, 0)
    assert await house.ask(hold(user, table, 0, 100)) == refused(Refusal.USER_BLOCKED)
    assert isinstance((await house.ask(hold(other, table, 1, 100)))[0], BuyInHeld)
    await house.ask(leave(user, table, 0, 100))
    assert await house.wallet(0) == PURSE
    await unblock(house)
    assert isinstance((await house.ask(hold(user, table, 0, 100)))[0], BuyInHeld)


async def test_blocks_that_are_switched_off_or_over_refuse_nobody(house: House) -> None:
    user, table = house.players[0], house.tables[0]
    await block(house, 0)
    tools = evolve(house.tools, blocked_users=False)
    buy_in = house.entry(house.command(hold(user, table, 0, 100)))
    (answer,) = await apply_batch(tools, house.shard, house.term, [buy_in])
    assert isinstance(REPLIES.decode(answer.reply).body, BuyInHeld)
    assert await house.ask(hold(user, table, 0, 100)) == refused(Refusal.USER_BLOCKED)
    await house.change(
        "UPDATE block SET blocked_at = now() - interval '9 s', expires_at = now() - interval '1 s'"
    )
    assert await house.escrow(0) == {0: 100}
    assert isinstance((await house.ask(hold(user, table, 0, 100)))[0], BuyInHeld)


async def test_a_seat_and_a_player_are_bound_to_each_other(house: House) -> None:
    one, two, table = house.players[0], house.players[1], house.tables[0]
    replies = await house.ask(hold(one, table, 0, 100), hold(two, table, 0, 100), hold(one, table, 1, 100))
    assert replies[1:] == refused(Refusal.SEAT_TAKEN) * 2
    assert await house.escrow(0) == {0: 100}


async def test_a_seat_changes_hands_within_one_batch(house: House) -> None:
    """Both directions at once: the rows of two players pass each other at their seats."""
    one, two, table = house.players[0], house.players[1], house.tables[0]
    replies = await house.ask(
        hold(one, table, 0, 100), hold(two, table, 1, 200), leave(one, table, 0, 100),
        leave(two, table, 1, 200), hold(two, table, 0, 300), hold(one, table, 1, 400),
    )  # fmt: skip
    assert not [reply for reply in replies if isinstance(reply, CommandRefused)]
    assert await house.escrow(0) == {0: 300, 1: 400}
    await house.assert_sound()


@pytest.mark.parametrize(
    ("seat", "amount", "code"),
    [
        (6, 100, Refusal.NO_SUCH_SEAT),
        (0, 0, Refusal.AMOUNT_TOO_SMALL),
        (0, -100, Refusal.AMOUNT_TOO_SMALL),
        (0, 10**15 + 1, Refusal.AMOUNT_TOO_LARGE),
    ],
)
async def test_a_buy_in_out_of_bounds_is_refused(house: House, seat: int, amount: int, code: Refusal) -> None:
    assert await house.ask(hold(house.players[0], house.tables[0], seat, amount)) == refused(code)
    assert await house.wallet(0) == PURSE


async def test_tables_that_are_not_there_closed_or_halted_take_no_money(house: House) -> None:
    await house.change(
        f"UPDATE game_table SET closed_at = now() WHERE id = {house.tables[0]}",
        f"UPDATE game_table SET halted_at = now() WHERE id = {house.tables[1]}",
    )
    user = house.players[0]
    nowhere = TableId(10**6)
    assert await house.ask(hold(user, nowhere, 0, 1)) == refused(Refusal.NO_SUCH_TABLE)
    assert await house.ask(leave(user, nowhere, 0, 1)) == refused(Refusal.NO_SUCH_TABLE)
    assert await house.ask(hold(user, house.tables[0], 0, 1)) == refused(Refusal.NO_SUCH_TABLE)
    assert await house.ask(hold(user, house.tables[1], 0, 1)) == refused(Refusal.TABLE_HALTED)
    assert await house.ask(leave(user, house.tables[1], 0, 0)) == refused(Refusal.TABLE_HALTED)
    hand = hand_of(house.tables[1], [(user, 0, -1), (house.players[1], 1, 1)])
    assert await house.ask(hand) == refused(Refusal.TABLE_HALTED)


async def test_a_player_whom_nobody_knows_has_no_money(house: House) -> None:
    reply = await house.ask(hold(UserId(10**6), house.tables[0], 0, 1))
    assert reply == refused(Refusal.INSUFFICIENT_FUNDS)


def _three_way(house: House) -> SettleHand:
    one, two, three = house.players[:3]
    return hand_of(house.tables[0], [(one, 0, -1000), (two, 1, 950), (three, 2, 0)])


async def test_a_hand_moves_escrow_and_rake(house: House) -> None:
    await house.seat(0, 1000, 1000, 1000)
    hand = _three_way(house)
    assert await house.ask(hand) == [HandSettled(hand.table_id, hand.hand_id, 1)]
    assert await house.escrow(0) == {1: 1950, 2: 1000}
    assert await house.number("SELECT balance FROM account WHERE kind = 'rake'") == 50
    await house.assert_sound()


async def test_a_hand_is_settled_once_under_its_id_and_under_another(house: House) -> None:
    await house.seat(0, 1000, 1000, 1000)
    hand = _three_way(house)
    command = house.command(hand)
    first = await house.send_raw(command)
    assert await house.send_raw(command, command) == first * 2
    other_record = evolve(hand, record=b"written anew by another owner of the table")
    assert await house.ask(other_record) == [HandSettled(hand.table_id, hand.hand_id, 1)]
    assert await house.escrow(0) == {1: 1950, 2: 1000}
    assert await house.number("SELECT count(*) FROM transfer WHERE kind = 'hand'") == 1
    await house.assert_sound()


async def test_a_settled_hand_with_other_money_is_refused(house: House) -> None:
    await house.seat(0, 1000, 1000, 1000)
    hand = _three_way(house)
    await house.ask(hand)
    other = hand_of(hand.table_id, [(house.players[0], 0, -900), (house.players[1], 1, 900)])
    assert await house.ask(evolve(other, hand_id=hand.hand_id)) == refused(Refusal.COMMAND_REUSED)
    assert await house.ask(evolve(hand, table_id=house.tables[1])) == refused(Refusal.COMMAND_REUSED)
    await house.assert_sound()


async def test_an_unbalanced_hand_is_refused(house: House) -> None:
    await house.seat(0, 1000, 1000, 1000)
    hand = _three_way(house)
    first, second, third = hand.results
    for wrong in (
        evolve(hand, rake=Krw(49)),
        evolve(hand, rake=Krw(-50)),
        evolve(hand, results=()),
        evolve(hand, results=(evolve(first, net=Krw(-999)), second, third)),
        evolve(hand, results=(evolve(first, contributed_rake=Krw(0)), second, third)),
        evolve(
            hand, results=(evolve(first, contributed_rake=Krw(51)), evolve(second, contributed_rake=Krw(-1)))
        ),
        evolve(hand, results=(first, evolve(second, user_id=first.user_id), third)),
        evolve(hand, results=(first, evolve(second, seat=first.seat), third)),
        evolve(hand, results=(evolve(first, net=Krw(-(10**15) - 51)), evolve(second, net=Krw(10**15 + 1)))),
    ):
        assert await house.ask(wrong) == refused(Refusal.HAND_UNBALANCED)
    assert await house.escrow(0) == {0: 1000, 1: 1000, 2: 1000}
    await house.assert_sound()


async def test_hands_out_of_order_are_named_and_not_stored(house: House) -> None:
    await house.seat(0, 1000, 1000, 1000)
    first = _three_way(house)
    second = hand_of(first.table_id, [(house.players[1], 1, -10), (house.players[2], 2, 10)], first)
    early, begin = house.command(second), house.command(first)
    stored = await house.stored()
    assert await house.send(early) == [OutOfOrder(None, 0)]
    assert await house.stored() == stored
    settled = [HandSettled(one.table_id, one.hand_id, one.hand_no) for one in (first, second)]
    assert await house.send(begin, early) == settled
    assert await house.ask(evolve(first, hand_id=second.hand_id)) == refused(Refusal.COMMAND_REUSED)
    follower = hand_of(first.table_id, [(house.players[1], 1, -1), (house.players[2], 2, 1)], first)
    assert await house.ask(follower) == [OutOfOrder(second.hand_id, 2)]
    await house.assert_sound()


async def test_a_hand_of_players_without_money_there_is_no_outcome(house: House) -> None:
    """Also the winner must have money at the seat: nobody is dealt in without."""
    await house.seat(0, 1000, 1000)
    table, (one, two, three) = house.tables[0], house.players[:3]
    await house.ask(leave(two, table, 1, 1000))
    for nets in (
        [(one, 0, -100), (two, 1, 100)],
        [(one, 0, -100), (three, 2, 100)],
        [(one, 0, -1001), (two, 1, 1001)],
        [(one, 3, -100), (two, 1, 100)],
    ):
        with pytest.raises(BooksDisagree):
            await house.ask(hand_of(table, nets))
    await house.assert_sound()


async def test_a_cash_out_pays_the_whole_stack_and_nothing_else(house: House) -> None:
    await house.seat(0, 1000)
    user, table = house.players[0], house.tables[0]
    for wrong in (
        leave(user, table, 0, 999),
        leave(user, table, 1, 1000),
        leave(house.players[1], table, 0, 1000),
    ):
        assert await house.ask(wrong) == refused(Refusal.STACK_MISMATCH)
    assert await house.ask(leave(user, table, 0, 1000)) == [CashedOut(table, SeatIndex(0), Krw(1000))]
    assert await house.ask(leave(user, table, 0, 1000)) == refused(Refusal.STACK_MISMATCH)
    assert await house.ask(leave(user, table, 0, 0)) == [CashedOut(table, SeatIndex(0), Krw(0))]
    assert await house.wallet(0) == PURSE
    await house.assert_sound()


async def test_opening_raises_the_epoch_and_tells_what_lies_there(house: House) -> None:
    await house.seat(0, 1000)
    command = house.command(open_by(1, NodeId("node-2")))
    first = await house.send_raw(command)
    assert await house.send_raw(command) == first
    (opened,) = await house.send(command)
    assert isinstance(opened, ShardOpened)
    assert opened.epoch == 2
    assert [[seat.amount for seat in table.escrow] for table in opened.tables] == [[1000], []]
    assert await house.number("SELECT epoch FROM shard WHERE id = $1", house.shard) == 2


async def test_an_opening_from_another_epoch_is_stale_and_not_stored(house: House) -> None:
    command = house.command(open_by(7))
    assert await house.send(command) == [StaleEpoch(Epoch(1))]
    assert await house.number("SELECT count(*) FROM command WHERE id = $1", command.id) == 0


async def test_one_batch_answers_repeats_and_refuses_another_body_under_the_id(house: House) -> None:
    body = hold(house.players[0], house.tables[0], 0, 100)
    command = house.command(body)
    moved_on = again(command, boot=BootNonce("b" * 32))
    other = again(command, body=evolve(body, amount=Krw(200)))
    held, repeat, reused = await house.send(command, moved_on, other)
    assert isinstance(held, BuyInHeld)
    assert repeat == held
    assert reused == CommandRefused(Refusal.COMMAND_REUSED)
    assert await house.send(other, command) == [reused, held]
    assert await house.escrow(0) == {0: 100}
    assert await house.stored() == 1


async def test_a_stale_epoch_is_not_stored_and_an_outcome_outlives_its_epoch(house: House) -> None:
    done = house.command(hold(house.players[0], house.tables[0], 0, 100))
    (held,) = await house.send(done)
    await house.ask(open_by(1))
    late = house.command(hold(house.players[1], house.tables[0], 1, 100))
    assert await house.send(late, done) == [StaleEpoch(Epoch(2)), held]
    (now,) = await house.send(again(late, epoch=Epoch(2)))
    assert isinstance(now, BuyInHeld)
    assert await house.send(again(late, epoch=Epoch(9))) == [now]
    assert await house.stored() == 2


@pytest.mark.parametrize(
    ("age", "code"), [(8 * DAY_MS, Refusal.COMMAND_TOO_OLD), (-2 * DAY_MS, Refusal.MALFORMED)]
)
async def test_a_command_of_another_time_is_refused(house: House, age: int, code: Refusal) -> None:
    body = HoldBuyIn(house.players[0], house.tables[0], SeatIndex(0), Krw(100))
    assert await house.send(house.command(body, id_=new_id(age))) == refused(code)
    assert await house.wallet(0) == PURSE


async def test_a_batch_of_many_commands_is_one_link_of_the_chain(house: House) -> None:
    await house.seat(0, 9000, 9000)
    hands: list[SettleHand] = []
    for number in range(100):
        net = -7 if number % 2 else 5
        nets = [(house.players[0], 0, net), (house.players[1], 1, -net - 1)]
        hands.append(hand_of(house.tables[0], nets, hands[-1] if hands else None))
    batches = await house.number("SELECT count(*) FROM batch")
    replies = await house.ask(*hands)
    assert replies == [HandSettled(hand.table_id, hand.hand_id, hand.hand_no) for hand in hands]
    assert await house.number("SELECT count(*) FROM batch") == batches + 1
    await house.assert_sound()


async def test_a_batch_of_another_term_changes_nothing(house: House) -> None:
    house.term += 1
    with pytest.raises(TermLost):
        await house.seat(0, 1000)
    assert await house.wallet(0) == PURSE
