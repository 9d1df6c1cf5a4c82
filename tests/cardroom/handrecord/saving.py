"""Hands that were really played at a table in memory, saved as a connection heard them."""

import json
from collections.abc import Iterable
from functools import cache
from random import Random
from typing import Any

import attrs
import trio
from trio.testing import MockClock

from cardroom.ids import NodeId
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.codec import Encoding
from node.settings import StakeSettings
from node.tables.commands import Inspect, TableDetail, Unwatch
from tests.node.tables.house import CODECS, STAKE, Guest, House, open_house, settle
from tests.node.tables.random_play import DEEP_PURSE, RandomPlay, RecordingShuffle

TWICE = attrs.evolve(STAKE, run_it_twice=True)


def lines_of(guest: Guest) -> list[str]:
    """Write all that a viewer heard, from the welcome on, as its JSON connection heard it."""
    welcome = wire.Welcome(guest.user_id, guest.nickname, NodeId("node-1"), 60, "a token")
    return [CODECS[Encoding.JSON].encode(message).decode() for message in (welcome, *guest.heard)]


def written(messages: Iterable[dict[str, Any]]) -> str:
    """Write messages as the lines of a file."""
    return "".join(json.dumps(message) + "\n" for message in messages)


async def _three_all_in() -> list[dict[str, Any]]:
    """Three players all-in before the flop, the board dealt twice; saved by the first of them."""
    async with open_house(stake=TWICE) as house:
        guests = [house.guest(user) for user in (1, 2, 3)]
        for guest in guests:
            guest.sit()
        await settle()
        await trio.sleep(1.01)
        for _ in guests:
            house.to_act().act(asks.ActionKind.ALL_IN)
            await settle()
        for guest in guests:
            guest.run_it_twice()
        await settle()
        guests[0].prove(1)
        await settle()
        return [json.loads(line) for line in lines_of(guests[0])]


@cache
def _three_all_in_once() -> str:
    return json.dumps(trio.run(_three_all_in, clock=MockClock(autojump_threshold=0)))


def three_all_in() -> list[dict[str, Any]]:
    """Give the messages of one hand with 16 cards, all of them proved, to be forged as one likes."""
    messages: list[dict[str, Any]] = json.loads(_three_all_in_once())
    return messages


@attrs.define
class Savers:
    """After each hand all ask for openings; some show cards, come back in a hand, or make the table crash."""

    house: House
    players: list[Guest]
    draw: Random
    asked: int = 0

    async def step(self) -> None:
        ended = self.players[0].all(wire.HandEnded)
        if len(ended) > self.asked:
            self.asked = len(ended)
            await self._after_hand(ended[-1].hand_no)
        elif self.draw.random() < 0.02:
            await self._come_back(self.draw.choice(self.players))
        elif self.draw.random() < 0.003:
            self.house.table.entry.inbox.deliver(Inspect(_break))
            await trio.sleep(0.6)

    async def _after_hand(self, hand_no: int) -> None:
        shower = self.draw.choice(self.players)
        dealt = shower.last(wire.CardsDealt)
        if dealt.hand_no == hand_no and dealt.cards:
            shower.show(*dealt.cards[: self.draw.choice((1, 2))], hand_no=hand_no)
        for guest in self.house.guests.values():
            guest.prove(hand_no)
        await settle()

    async def _come_back(self, player: Guest) -> None:
        """Another connection of the same player: it hears a snapshot, and its file goes on from there."""
        self.house.table.entry.inbox.deliver(Unwatch(player))
        again = self.house.guest(int(player.user_id), DEEP_PURSE)
        await settle()
        again.heard[:0] = player.heard
        again._requests = player._requests
        self.players[self.players.index(player)] = again


def _break(detail: TableDetail) -> None:
    raise RuntimeError("somebody's answer breaks the table")


async def _played(guests: int, hands: int, stake: StakeSettings) -> dict[int, list[str]]:
    draw = Random(guests)
    async with open_house(seats=9, stake=stake, shuffle=RecordingShuffle(Random(guests))) as house:
        house.guest(99)
        players = [house.guest(user, DEEP_PURSE) for user in range(1, guests + 1)]
        for player in players:
            player.sit()
        await settle()
        savers = Savers(house, players, draw)
        play = RandomPlay(house, players, draw, savers.step)
        for hand in range(hands):
            await play.play(1)
            if hand == hands // 2:
                house.guest(98)  # somebody else, who comes later
        await settle()
        return {user: lines_of(guest) for user, guest in house.guests.items()}


def played(guests: int, hands: int, stake: StakeSettings) -> dict[int, list[str]]:
    """Play at random; give the lines that each viewer saved, by user."""
    return trio.run(_played, guests, hands, stake, clock=MockClock(autojump_threshold=0))
