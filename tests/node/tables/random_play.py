"""Hands played at random over the house: who is to act does anything legal, who is broke buys in again."""

from collections.abc import Awaitable, Callable
from random import Random

import trio
from attrs import define, field

from cardroom.ids import UserId
from cardroom.money import Krw
from cardroom.wire import player as asks
from cardroom.wire import table as wire
from cardroom.wire.cards import CardCode
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
    with_features: bool = False
    """Whether they also ask for all that is not play, at any moment, and now and then let a clock run out."""
    shown: list[tuple[UserId, int, tuple[CardCode, ...]]] = field(factory=list)
    """Who has asked to show which cards of which hand."""

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
            if self.with_features:
                await self._wish_between_hands()
            elif sum(holder.escrow > 0 for holder in self.house.table.seats.holders.values()) < 2:
                return hand
            await self._pass(1.01)
            while (turn := self.turn()) is not None:
                if self.with_features:
                    self.wish()
                if self.with_features and self.draw.random() < 0.05:
                    await self._pass(self.draw.choice([4.0, 15.1]))
                    continue
                if (offer := self.offer()) is not None:
                    self.answer(offer)
                else:
                    self.act(turn)
                await settle()
                await self.after_step()
        return hands

    async def _pass(self, seconds: float) -> None:
        await trio.sleep(seconds)
        await settle()
        await self.after_step()

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

    async def _wish_between_hands(self) -> None:
        """Who sits out mostly comes back; then some ask for anything, one after another."""
        seats = self.house.table.seats
        for player in self.players:
            holder = seats.of_user(player.user_id)
            is_away = holder is not None and seats.status(holder) is wire.SeatStatus.SITTING_OUT
            if is_away and self.draw.random() < 0.7:
                player.sit_in(posts_blind=self.draw.random() < 0.7)
        for _ in range(3):
            self.wish()
            await settle()
            await self.after_step()

    def wish(self) -> None:
        """Let somebody ask for anything that is not play."""
        player, draw, yes = self.draw.choice(self.players), self.draw, self.draw.random() < 0.5
        wishes: list[Callable[[], None]] = [
            lambda: player.top_up(draw.choice([-1, 1, 2_000, 20_000, 90_000])),
            lambda: player.auto_top_up(draw.choice([0, 0, 120_000, 200_000, 10**9])),
            lambda: player.sit_out(at_big_blind=yes),
            lambda: player.sit_in(posts_blind=yes),
            lambda: player.leave(after_hand=yes),
            lambda: player.sit(draw.choice([None, 0, 1, 2]), Krw(draw.choice([80_000, 200_000]))),
            lambda: player.top_up(draw.choice([1, 2_000, 20_000])),
            player.join_waiting_list,
            player.join_waiting_list if yes else player.leave_waiting_list,
            lambda: player.straddle(straddles=yes),
            lambda: self._show(player),
            lambda: self._resync(player),
        ]
        draw.choice(wishes)()

    def _show(self, player: Guest) -> None:
        """Show one or both cards of the last hand, or of one that is still played."""
        own = (one for one in reversed(player.heard) if isinstance(one, wire.CardsDealt) and one.cards)
        last = next(own, None)
        if last is not None:
            cards = self.draw.choice([last.cards, last.cards[:1]])
            self.shown.append((player.user_id, last.hand_no, cards))
            player.show(*cards, hand_no=last.hand_no)

    def _resync(self, player: Guest) -> None:
        number = self.house.table.history.table_seq
        player.resync(self.draw.choice([None, number, max(0, number - self.draw.randrange(60))]))

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
