"""What order, epoch and id of a command decide, when things come late, twice, or the other way round."""

from attrs import evolve

from cardroom.ids import Epoch, NodeId
from cardroom.money import Krw
from cardroom.wire.ledger import (
    BuyInHeld,
    CommandRefused,
    HandSettled,
    OutOfOrder,
    ShardOpened,
    StaleEpoch,
)
from cardroom.wire.refusals import Refusal
from tests.wallet_worker.house import LINK, PURSE, House, again, hand_of, hold, new_id, open_by
from wallet_worker.ledger.entries import Letter
from wallet_worker.store.promote import Promotion, promote

DAY_MS = 24 * 3600 * 1000


async def test_an_opening_that_comes_twice_under_one_id_raises_the_epoch_once(house: House) -> None:
    opening = house.command(open_by(1))
    first = await house.send_raw(opening)
    assert await house.send_raw(opening) == first
    assert await house.number("SELECT epoch FROM shard WHERE id = $1", house.shard) == 2


async def test_an_opening_repeated_after_another_s_opening_still_says_the_old_epoch_and_gives_nothing(
    house: House,
) -> None:
    """The owner of the first one writes that epoch into its commands, and hears that it is stale."""
    mine = house.command(open_by(1))
    (opened,) = await house.send(mine)
    await house.ask(open_by(2, NodeId("node-2")))
    assert await house.send(mine) == [opened]
    late = house.command(hold(house.players[0], house.tables[0], 0, 10))
    assert await house.send(again(late, epoch=Epoch(2))) == [StaleEpoch(Epoch(3))]
    owner = await house.rows("SELECT epoch, owner_node FROM shard WHERE id = $1", house.shard)
    assert tuple(owner[0]) == (3, "node-2")


async def test_two_nodes_that_open_from_the_same_epoch_one_wins_and_the_other_hears_the_present_one(
    house: House,
) -> None:
    (first,) = await house.ask(open_by(1, NodeId("node-1")))
    (second,) = await house.ask(open_by(1, NodeId("node-2")))
    assert isinstance(first, ShardOpened)
    assert (first.epoch, second) == (2, StaleEpoch(Epoch(2)))
    assert await house.number("SELECT count(*) FROM shard WHERE owner_node = 'node-1'") == 1


async def test_an_opening_that_was_too_late_may_win_under_its_id_when_the_epoch_fits(house: House) -> None:
    """Stale is no outcome: it is not stored, so the same command can be right later."""
    early = house.command(open_by(2))
    assert await house.send(early) == [StaleEpoch(Epoch(1))]
    await house.ask(open_by(1, NodeId("node-2")))
    (opened,) = await house.send(early)
    assert isinstance(opened, ShardOpened)
    assert opened.epoch == 3


async def test_a_hand_that_comes_before_the_one_it_follows_is_told_so_and_both_settle_in_order(
    house: House,
) -> None:
    await house.seat(0, 1000, 1000)
    nets = [(house.players[0], 0, -10), (house.players[1], 1, 10)]
    first = hand_of(house.tables[0], nets)
    second = hand_of(house.tables[0], nets, first)
    one, two = house.command(first), house.command(second)
    assert await house.send(two) == [OutOfOrder(None, 0)]
    assert await house.send(two, one, two) == [
        OutOfOrder(None, 0),
        HandSettled(first.table_id, first.hand_id, 1),
        HandSettled(second.table_id, second.hand_id, 2),
    ]
    assert await house.escrow(0) == {0: 980, 1: 1020}
    await house.assert_sound()


async def test_one_hand_under_two_ids_settles_once_and_both_hear_it(house: House) -> None:
    await house.seat(0, 1000, 1000)
    hand = hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 10)])
    settled = HandSettled(hand.table_id, hand.hand_id, 1)
    assert await house.ask(hand, hand) == [settled, settled]
    assert await house.ask(hand) == [settled]
    assert await house.escrow(0) == {0: 990, 1: 1010}
    await house.assert_sound()


async def test_one_hand_under_two_ids_with_other_money_is_refused(house: House) -> None:
    await house.seat(0, 1000, 1000)
    hand = hand_of(house.tables[0], [(house.players[0], 0, -10), (house.players[1], 1, 10)])
    other = evolve(hand, results=hand_of(house.tables[0], [(house.players[0], 0, 0)]).results)
    assert await house.ask(hand, other) == [
        HandSettled(hand.table_id, hand.hand_id, 1),
        CommandRefused(Refusal.COMMAND_REUSED),
    ]
    assert await house.escrow(0) == {0: 990, 1: 1010}


async def test_one_id_with_another_body_is_refused_and_the_first_outcome_stands(house: House) -> None:
    first = house.command(hold(house.players[0], house.tables[0], 0, 10))
    other = again(first, body=hold(house.players[0], house.tables[0], 0, 11))
    held = BuyInHeld(house.tables[0], first.body.seat, Krw(10), Krw(10))  # type: ignore[union-attr]
    assert await house.send(first, other, first) == [held, CommandRefused(Refusal.COMMAND_REUSED), held]
    assert await house.wallet(0) == PURSE - 10


async def test_a_command_of_last_week_is_refused_one_of_six_days_is_not_and_a_known_one_is_answered(
    house: House,
) -> None:
    body = hold(house.players[0], house.tables[0], 0, 10)
    old, young = (house.command(body, id_=new_id(days * DAY_MS)) for days in (8, 6))
    refused, held = await house.send(old, young)
    assert refused == CommandRefused(Refusal.COMMAND_TOO_OLD)
    assert isinstance(held, BuyInHeld)
    assert await house.wallet(0) == PURSE - 10
    known = house.entry(house.command(body, id_=new_id(8 * DAY_MS)))  # as if answered a week ago
    assert isinstance(known, Letter)
    await house.change(
        "INSERT INTO command (id, shard, kind, body_hash, reply) VALUES"
        f" ('{known.command.id}', {house.shard}, 'hold_buy_in', '\\x{known.body_hash.hex()}', 'then')"
    )
    assert await house.send_raw(known.command) == [b"then"]


async def test_a_refusal_stands_though_its_reason_is_gone(house: House) -> None:
    poor = house.command(hold(house.players[0], house.tables[0], 0, PURSE + 5))
    assert await house.send(poor) == [CommandRefused(Refusal.INSUFFICIENT_FUNDS)]
    await promote(house.database, Promotion(house.players[0], Krw(100), "gift", "k"), LINK)
    assert await house.send(poor) == [CommandRefused(Refusal.INSUFFICIENT_FUNDS)]
    (held,) = await house.ask(poor.body)
    assert isinstance(held, BuyInHeld)
