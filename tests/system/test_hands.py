"""The course of play over real sockets: when hands begin and end, and what may be done with a turn."""

import trio
from attrs import evolve

from cardroom.client import Table
from cardroom.ids import TableId
from cardroom.local.servers import EmbeddedValkey
from cardroom.money import Krw
from cardroom.wire import table as wire
from cardroom.wire.player import Act, ActionKind
from cardroom.wire.refusals import Refusal
from node.settings import TableLimits
from tests.node.tables.house import BUY_IN, TABLE
from tests.system.room import act, fold, hear, open_room, play_passively, refused, see, to_act


async def test_a_game_starts_with_two_and_stops_below_two(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(1, 2) as (one, two):
        await one.sit_down(BUY_IN, posts_blind=True)
        assert one.view.state is wire.TableState.WAITING_FOR_PLAYERS
        await trio.sleep(0.2)  # longer than the pause before a hand
        assert one.view.hand_no == 0
        await two.sit_down(BUY_IN, posts_blind=True)
        assert (await hear(one, wire.HandStarted)).hand_no == 1
        await two.sit_out()
        await fold(one, two)
        await see(one, lambda view: view.state is wire.TableState.WAITING_FOR_PLAYERS)
        await trio.sleep(0.2)
        assert (one.view.hand_no, one.view.hand_id) == (1, None)
        await two.sit_in(posts_blind=True)
        assert (await hear(one, wire.HandStarted)).hand_no == 2


async def test_between_hands_there_is_time_to_see_who_won(valkey: EmbeddedValkey) -> None:
    limits = TableLimits(between_hands_seconds=0.1, after_showdown_seconds=0.8)
    async with open_room(valkey, limits) as room, room.enter(4) as (watcher,), room.seated(1, 2) as players:
        await fold(*players)
        assert await _pause(watcher) < 0.5
        await play_passively(*players)
        assert await _pause(watcher) > 0.5


async def _pause(table: Table) -> float:
    """Give how long the table rests after the hand that has just ended."""
    await hear(table, wire.HandEnded)
    ended = trio.current_time()
    await hear(table, wire.HandStarted)
    return trio.current_time() - ended


async def test_a_turn_is_used_by_its_player_once_and_as_the_rules_allow(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey) as room, room.enter(3) as (watcher,), room.seated(1, 2) as (one, two):
        assert await to_act(one, two) is one
        turn = one.view.my_turn
        assert turn is not None
        for kind, amount, code in (
            (ActionKind.CHECK, 0, Refusal.ACTION_NOT_ALLOWED),
            (ActionKind.RAISE_TO, 3_999, Refusal.AMOUNT_TOO_SMALL),
            (ActionKind.RAISE_TO, 200_001, Refusal.AMOUNT_TOO_LARGE),
        ):
            with refused(code):
                await one.act(turn, kind, Krw(amount))
        with refused(Refusal.STALE_TURN):
            await one.act(evolve(turn, turn=turn.turn + 1), ActionKind.CALL)
        with refused(Refusal.STALE_HAND):
            await one._ask(lambda number: Act(number, TABLE, 2, turn.turn, ActionKind.CALL, Krw(0)))
        with refused(Refusal.NO_SUCH_TABLE):
            await one._ask(lambda number: Act(number, TableId(2), 1, turn.turn, ActionKind.CALL, Krw(0)))
        with refused(Refusal.OUT_OF_TURN):
            await two.act(turn, ActionKind.CALL)
        with refused(Refusal.NOT_SEATED):
            await watcher.act(turn, ActionKind.CALL)
        assert one.view.my_turn is not None
        await act(one, ActionKind.CALL)
        with refused(Refusal.OUT_OF_TURN):
            await one.act(turn, ActionKind.CALL)
        await act(await to_act(one, two), ActionKind.RAISE_TO, 4_000)
        await see(watcher, lambda view: view.pot == 6_000)
