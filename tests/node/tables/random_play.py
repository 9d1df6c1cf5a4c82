"""Hands played at random over the house: who is to act does anything legal, who is broke buys in again."""

from collections.abc import Awaitable, Callable
from random import Random

import trio
from attrs import define, field

from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from node.rules.cards import FULL_DECK, Card
from node.tables.buy_in import buy_in_range
from tests.node.tables.house import TABLE, Guest, House, settle

DEEP_PURSE = Krw(1_000_000_000)


@define
class RecordingShuffle:
    """Decks by a seeded draw, each kept in the order of the deals."""

    draw: Random
    decks: list[tuple[Card, ...]] = field(factory=list)

    def __call__(self) -> tuple[Card, ...]:
        deck = list(FULL_DECK)
        self.draw.shuffle(deck)
        self.decks.append(tuple(deck))
        return self.decks[-1]


async def _nothing() -> None:
    pass


@define
class RandomPlay:
    """Plays; ``after_step`` is called when the table has done each step."""

    house: House
    players: list[Guest]
    draw: Random
    after_step: Callable[[], Awaitable[None]] = _nothing
    comes_back: bool = True

    def turn(self) -> wire.TurnView | None:
        """Give the turn that is awaited now."""
        for message in reversed(self.players[0].heard):
            if isinstance(message, wire.TurnBegan):
                return message.turn
            if isinstance(message, wire.HandEnded | wire.HandVoided):
                return None
        return None

    def offer(self) -> wire.RunItTwiceView | None:
        """Give the offer to run it twice that is open now."""
        for message in reversed(self.players[0].heard):
            if isinstance(message, wire.RunItTwiceOffered):
                return message.offer
            if isinstance(message, wire.TurnBegan | wire.RunItTwiceDecided | wire.HandVoided):
                return None
        return None

    async def play(self, hands: int) -> int:
        """Play this many hands, or until nobody can; give how many were played."""
        for hand in range(hands):
            if self.comes_back:
                await self._buy_in_again()
            if sum(holder.escrow > 0 for holder in self.house.table.seats.holders.values()) < 2:
                return hand
            await trio.sleep(1.01)
            await self.after_step()
            while (turn := self.turn()) is not None:
                if (offer := self.offer()) is not None:
                    self.answer(offer)
                else:
                    self.act(turn)
                await settle()
                await self.after_step()
        return hands

    async def _buy_in_again(self) -> None:
        seats = self.house.table.seats
        for player in self.players:
            holder = seats.of_user(player.user_id)
            if holder is not None and seats.stack(holder) == 0:
                player.leave()
        await settle()
        for player in self.players:
            if seats.of_user(player.user_id) is None:
                allowed = buy_in_range(seats, player.user_id, trio.current_time())
                player.sit(buy_in=Krw(self.draw.randrange(allowed.least, allowed.most + 1)))
        await settle()
        await self.after_step()

    def answer(self, offer: wire.RunItTwiceView) -> None:
        """Let all who are asked say whether to run it twice; mostly they agree."""
        for seat in offer.seats:
            holder = self.house.table.seats.holders[seat]
            player = next(one for one in self.house.guests.values() if one.user_id == holder.user_id)
            player.run_it_twice(agrees=self.draw.random() < 0.8)

    def act(self, turn: wire.TurnView) -> None:
        """Let whose turn it is do anything legal."""
        user_id = self.house.table.seats.holders[turn.seat].user_id
        player = next(one for one in self.house.guests.values() if one.user_id == user_id)
        legal = turn.legal
        kinds = [asks.ActionKind.CHECK if legal.can_check else asks.ActionKind.CALL] * 6
        kinds += [asks.ActionKind.FOLD] * (0 if legal.can_check else 3)
        if legal.all_in_amount is not None:
            kinds.append(asks.ActionKind.ALL_IN)
        amount = 0
        if legal.min_raise_to is not None and legal.max_raise_to is not None:
            kinds += [asks.ActionKind.RAISE_TO] * 2
            amount = self.draw.choice(
                [legal.min_raise_to, self.draw.randint(legal.min_raise_to, legal.max_raise_to)]
            )
        hand_no = self.house.table.history.hand_no
        kind = self.draw.choice(kinds)
        player.ask(asks.Act(player.next_id(), TABLE, hand_no, turn.turn, kind, Krw(amount)))
