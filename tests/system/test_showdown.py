"""The end of a hand over real sockets: show, muck, show one card, run it twice, silence at an all-in."""

import pytest
from attrs import evolve

from cardroom.ids import SeatIndex
from cardroom.local.servers import EmbeddedValkey
from cardroom.wire import table as wire
from cardroom.wire.chat import Emote, Said
from cardroom.wire.player import ActionKind
from cardroom.wire.refusals import Refusal
from node.rules.cards import FULL_DECK, parse_cards
from node.settings import TableLimits
from tests.node.tables.house import BUY_IN, FIRST_SEAT_WINS, STAKE
from tests.system.room import abreast, act, go_all_in, hear, open_room, play_passively, refused, see, to_act

PAUSE = TableLimits(between_hands_seconds=0.7, after_showdown_seconds=0.7)
TWICE = evolve(STAKE, run_it_twice=True, run_it_twice_seconds=30.0)
_FIRST = parse_cards("AsKsAhKh2c7d9h3s4sQc")
BIG_BLIND_WINS = (*_FIRST, *(card for card in FULL_DECK if card not in _FIRST))
"""Heads-up the big blind is dealt first, and shows first when the river is checked."""


async def test_a_beaten_hand_is_mucked_and_shown_only_by_its_player(valkey: EmbeddedValkey) -> None:
    async with (
        open_room(valkey, PAUSE, shuffle=lambda: BIG_BLIND_WINS) as room,
        room.enter(4) as (watcher,),
        room.seated(1, 2) as (button, big_blind),
    ):
        await to_act(button, big_blind)
        beaten = button.view.my_cards
        assert len(beaten) == 2
        await play_passively(button, big_blind)
        for table in (watcher, big_blind):
            shown = await hear(table, wire.HandShown)
            assert (shown.seat, [*map(int, shown.cards)]) == (1, [*map(int, _FIRST[:3:2])])
            assert (await hear(table, wire.HandMucked)).seat == 0
        for cards in (beaten[:1], beaten):
            await button.show_cards(cards)
            assert (await hear(watcher, wire.HandShown)).cards == cards
            assert (await hear(big_blind, wire.HandShown)).seat == 0


async def test_who_wins_without_a_showdown_shows_nothing_or_one_card(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey, PAUSE) as room, room.seated(1, 2) as (one, two):
        await to_act(one, two)
        await abreast(one, two)
        own, others = one.view.my_cards, two.view.my_cards
        await act(one, ActionKind.RAISE_TO, 10_000)
        with refused(Refusal.NOT_OFFERED):
            await one.show_cards(own)
        await act(await to_act(one, two), ActionKind.FOLD)
        with refused(Refusal.ACTION_NOT_ALLOWED):
            await two.show_cards(own)
        await one.show_cards(own[1:])
        shown = await hear(two, wire.HandShown)
        assert (shown.seat, shown.cards, shown.hand) == (0, own[1:], None)
        await two.show_cards(others)
        shown = await hear(one, wire.HandShown, lambda told: told.seat == 1)
        assert shown.cards == others
        await hear(one, wire.HandStarted)
        with refused(Refusal.NOT_OFFERED):
            await one.show_cards(own)


@pytest.mark.parametrize("agrees", [True, False])
async def test_run_it_twice_if_all_agree(valkey: EmbeddedValkey, agrees: bool) -> None:
    async with (
        open_room(valkey, stake=TWICE) as room,
        room.enter(4) as (watcher,),
        room.seated(1, 2) as (one, two),
    ):
        await go_all_in(one, two)
        for table in (one, two):
            assert (await see(table, lambda view: view.asks_me_to_run_twice)).options.runs_twice
        assert not watcher.view.asks_me_to_run_twice
        with refused(Refusal.NOT_SEATED):
            await watcher.run_it_twice(agrees=False)
        await one.run_it_twice(agrees=True)
        await two.run_it_twice(agrees=agrees)
        assert (await hear(watcher, wire.RunItTwiceDecided)).twice is agrees
        boards = []
        while not isinstance(told := await hear(watcher, wire.TableEvent), wire.HandEnded):
            if isinstance(told, wire.StreetDealt):
                boards.append(told.board)
        assert boards == ([1, 1, 1, 2, 2, 2] if agrees else [1, 1, 1])
        assert sum(result.net for result in told.results) == -told.rake


async def test_who_holds_cards_is_silent_while_somebody_is_all_in(valkey: EmbeddedValkey) -> None:
    async with (
        open_room(valkey, stake=TWICE) as room,
        room.seated(1, 2) as (one, two),
        room.enter(4) as (waiting,),
    ):
        await to_act(one, two)
        await waiting.sit_down(BUY_IN, SeatIndex(3))
        await one.say("good luck")
        await go_all_in(one, two)
        for table in (one, two):
            with refused(Refusal.CHAT_CLOSED):
                await table.say("fold, I have the nuts")
            with refused(Refusal.CHAT_CLOSED):
                await table.show_emote(Emote.ANGRY)
        await waiting.say("exciting")
        assert [(await hear(one, Said)).text for _ in range(2)] == ["good luck", "exciting"]
        await two.run_it_twice(agrees=False)
        await two.say("unlucky")
        assert (await hear(one, Said)).text == "unlucky"


async def test_who_has_the_best_hand_gets_the_pot(valkey: EmbeddedValkey) -> None:
    async with open_room(valkey, shuffle=lambda: FIRST_SEAT_WINS) as room, room.seated(1, 2) as (one, two):
        await go_all_in(one, two)
        awarded = await hear(two, wire.PotAwarded)
        (win,) = awarded.wins
        assert (awarded.pot, win.seat, win.amount) == (0, 0, 2 * BUY_IN - 2_000)
        assert win.hand is not None
        assert win.hand.english == "pair of aces"
