"""A shard goes to another node while it is played, and comes back when nobody takes it."""

import pytest
import trio

from cardroom.ids import SeatIndex, UserId
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import table as wire
from cardroom.wire.chat import Said
from cardroom.wire.moved import Moved
from cardroom.wire.place import PlaceChanged
from node.shards.moving import MovePhase, ShardMove
from tests.node.shards.two_nodes import Node, Pair, Player, open_pair
from tests.node.tables.house import BUY_IN, TABLE, until


async def test_a_shard_moves_between_hands_and_play_goes_on_there(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey) as pair:
        here, there = pair.nodes
        await pair.until_settled(3)
        move = pair.move(there)
        await move.ended.wait()
        assert (move.phase, move.hands_in_play) == (MovePhase.MOVED, 0)
        assert move.pause_ms is not None
        assert move.pause_ms < 1000
        await until(lambda: (there.shard.is_open, here.shard.is_open) == (True, False))
        for player in pair.players:
            assert [one.url for one in player.all(Moved)] == ["node-2"]
            assert len(player.all(wire.Snapshot)) == 1, "whoever follows has missed nothing"
        await pair.until_settled(3)
        await until(lambda: here.shard.is_elsewhere)
        assert len(here.directory) == 0
        pair.check()


async def test_a_hand_that_lasts_moves_in_the_middle(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey) as pair:
        _, there = pair.nodes
        for player in pair.players:
            player.acts = False
        await until(lambda: pair.owner.table.history.hand_id is not None)
        await trio.sleep(0.1)
        hand_id = pair.owner.table.history.hand_id
        move = pair.move(there, wait_seconds=0.1)
        await move.ended.wait()
        assert (move.phase, move.hands_in_play) == (MovePhase.MOVED, 1)
        await pair.until_open(there)
        assert there.table.history.hand_id == hand_id
        await until(lambda: len(there.table.audience.viewers) == len(pair.players))
        for player in pair.players:
            player.act_at_last()
        await pair.until_settled(2)
        assert hand_id in {hand.hand_id for hand in pair.ledger.hands}
        pair.check()


async def test_what_nobody_takes_is_taken_back_and_goes_on_from_memory(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey) as pair:
        here, there = pair.nodes
        there.shard.drain()
        await pair.until_settled(2)
        move = pair.move(there)
        await move.ended.wait()
        assert move.phase is MovePhase.TAKEN_BACK
        assert here.shard.is_open
        before = here.table
        await pair.until_settled(3)
        assert here.table is before
        for player in pair.players:
            paused = [one.is_paused for one in player.all(wire.TablePaused)]
            assert paused == [True, False]
            assert not player.all(Moved)
        pair.check()


async def test_a_shard_that_cannot_be_opened_there_comes_back(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey) as pair:
        here, there = pair.nodes
        await pair.until_settled(2)
        pair.is_deaf = True
        move = pair.move(there, wait_seconds=0.2)
        await move.ended.wait()
        assert move.phase is MovePhase.TAKEN_BACK
        pair.is_deaf = False
        await until(lambda: here.shard.is_open or there.shard.is_open)
        await pair.until_settled(2)
        pair.check()


async def test_the_node_that_gives_is_drained_meanwhile(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey) as pair:
        here, there = pair.nodes
        there.shard.drain()
        move = pair.move(there)
        await until(lambda: move.phase is MovePhase.OFFERED)
        here.shard.drain()
        await until(lambda: not here.shard.is_open)
        assert move.phase is MovePhase.TAKEN_BACK
        pair.check()


async def test_there_and_back_again_many_times(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey, players=4) as pair:
        pauses = []
        for _ in range(10):
            there = pair.other(pair.owner)
            move = pair.move(there, wait_seconds=0.05)
            await move.ended.wait()
            assert move.phase is MovePhase.MOVED
            await pair.until_open(there)
            await pair.until_settled(1)
            pauses.append(move.pause_ms or 0)
        assert max(pauses) < 1000
        pair.check()


async def test_seats_wishes_the_waiting_list_and_what_was_said_move_too(valkey: EmbeddedValkey) -> None:
    async with open_pair(valkey, players=3, seats=2) as pair:
        _, there = pair.nodes
        first, _, third = (player.guest for player in pair.players)
        assert first is not None
        assert third is not None
        await pair.until_settled(1)
        third.join_waiting_list()
        first.say("good luck")
        first.auto_top_up(BUY_IN)
        first.sit_out()
        await until(lambda: pair.owner.table.history.hand_id is None and third.place.waiting_number == 1)
        await until(lambda: bool(third.all(Said)))
        status = {one.seat: one.status for one in pair.owner.table.seats.public()}
        assert status[SeatIndex(0)] is wire.SeatStatus.SITTING_OUT
        assert (await _moved(pair, there)).phase is MovePhase.MOVED
        await until(lambda: len(there.table.audience.viewers) == 3)
        assert {one.seat: one.status for one in there.table.seats.public()} == status
        newcomer = Player(UserId(9), 9)
        newcomer.come(there.table)
        await until(lambda: bool(newcomer.all(Said)))
        assert newcomer.all(wire.Snapshot)[0].waiting == 1
        assert [one.text for one in newcomer.all(Said)] == ["good luck"]
        wishes = [player.all(PlaceChanged)[-1].place for player in pair.players]
        assert (wishes[0].auto_top_up_to, wishes[2].waiting_number) == (BUY_IN, 1)
        assert pair.players[0].guest is not None
        pair.players[0].guest.sit_in()
        await pair.until_settled(1)
        pair.check()


CALLS = ("offer", "look", "take", "take_back", "flush")


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("is_done", [True, False], ids=["carried out", "lost"])
@pytest.mark.parametrize("name", CALLS)
async def test_whatever_call_gets_no_answer_the_shard_is_played_by_one_node(
    valkey: EmbeddedValkey, name: str, is_done: bool, is_taken: bool
) -> None:
    async with open_pair(valkey) as pair:
        here, there = pair.nodes
        await pair.until_settled(1)
        if not is_taken:
            there.shard.drain()
        move = pair.move(there)
        if name in {"look", "flush"}:  # the others are called in a move only
            await until(lambda: move.phase is MovePhase.OFFERED)
        for node in pair.nodes:
            node.trips.append((name, is_done))
        await move.ended.wait()
        assert (move.phase is MovePhase.MOVED) is is_taken
        await pair.until_open(there if is_taken else here)
        await pair.until_settled(2)
        assert [one.shard.is_open for one in pair.nodes] == [not is_taken, is_taken]
        pair.check()


async def _moved(pair: Pair, there: Node) -> ShardMove:
    move = pair.move(there)
    await move.ended.wait()
    await pair.until_open(there)
    return move


async def test_players_sit_down_and_leave_while_it_moves(valkey: EmbeddedValkey) -> None:
    """Money under way when a shard goes is asked for again by the other node, and moves once."""
    async with open_pair(valkey, players=3) as pair:
        coming = pair.players[2]
        for _ in range(14):
            there = pair.other(pair.owner)
            guest = coming.guest
            assert guest is not None
            if any(one.user_id == coming.user_id for one in pair.owner.table.seats.public()):
                guest.leave()
            else:
                guest.sit(coming.seat)
            move = pair.move(there, wait_seconds=0.0)
            await move.ended.wait()
            assert move.phase is MovePhase.MOVED
            await pair.until_open(there)
            await until(lambda: len(pair.owner.table.audience.viewers) == 3)
            await pair.until_settled(1)
        pair.check()
        await until(lambda: _stacks(pair) == pair.ledger.escrow(TABLE))


def _stacks(pair: Pair) -> dict[UserId, tuple[int, int]]:
    """Give what the node believes to lie at the table for each player, as the ledger has it."""
    holders = pair.owner.table.seats.holders.values()
    return {one.user_id: (one.seat, one.escrow) for one in holders}
