"""What a bot does besides playing: now and then it speaks, shows its cards, or checks the deck's promise."""

from collections.abc import Awaitable
from random import Random
from typing import Final

import trio

from cardroom.client import RequestRefused, Table, TableUpdate
from cardroom.handrecord.deck_proof import Opening, is_proved
from cardroom.ids import SeatIndex
from cardroom.wire.cards import CardCode
from cardroom.wire.chat import Emote
from cardroom.wire.proof import Openings
from cardroom.wire.refusals import Refusal
from cardroom.wire.table import CardsDealt, HandEnded, HandStarted
from loadtest.tally import Tally

_SPEAKS: Final = 0.01
_SHOWS: Final = 0.03
_CHECKS: Final = 0.05
"""How often after a hand, each."""
LINES: Final = ("nice hand", "gg", "잘 쳤어요", "one more?")

_MAY_HAPPEN: Final = frozenset(
    {Refusal.CHAT_CLOSED, Refusal.RATE_LIMITED, Refusal.BUSY, Refusal.NOT_SEATED, Refusal.LEAVING}
    | {Refusal.NOT_OFFERED, Refusal.STALE_HAND, Refusal.NO_HAND, Refusal.TABLE_PAUSED}
)
"""The next hand is dealt before, somebody in it is all-in, the seat is gone, or the table rests."""


class Habits:
    """Follows the hands of one visit and does something after some of them."""

    def __init__(self, table: Table, random: Random, tally: Tally) -> None:
        self._table = table
        self._random = random
        self._tally = tally
        self._started: HandStarted | None = None
        self._cards: tuple[CardCode, ...] = ()

    def note(self, update: TableUpdate) -> None:
        """Keep what was promised and dealt."""
        match update:
            case HandStarted():
                self._started, self._cards = update, ()
            case CardsDealt(cards=cards):
                self._cards = cards

    async def after_hand(self, ended: HandEnded) -> None:
        """Do what this bot does after a hand, mostly nothing."""
        started, cards = self._started, self._cards
        if started is None or started.hand_id != ended.hand_id or not cards:
            return
        luck = self._random.random()
        if luck < _SPEAKS:
            await self._try(self._table.say(self._random.choice(LINES)))
        elif luck < 2 * _SPEAKS:
            await self._try(self._table.show_emote(self._random.choice(tuple(Emote))))
        elif luck < 2 * _SPEAKS + _SHOWS:
            await self._try(self._table.show_cards(cards))
        elif luck < 2 * _SPEAKS + _SHOWS + _CHECKS:
            await self._try(self._check(started, cards))

    async def say(self, text: str) -> None:
        """Say something, and measure until it was said."""
        began = trio.current_time()
        try:
            await self._table.say(text)
        except RequestRefused as refusal:
            self._tally.refused(refusal.code)
            self._tally.count("not_said")
            return
        self._tally.waited("chat", trio.current_time() - began)

    async def _check(self, started: HandStarted, cards: tuple[CardCode, ...]) -> None:
        openings = await self._table.prove(started.hand_no)
        if not are_proved(started, openings, self._table.view.my_seat, cards):
            self._tally.broken("cards_not_proved")
        self._tally.count("proofs")

    async def _try(self, request: Awaitable[None]) -> None:
        try:
            await request
        except RequestRefused as refusal:
            self._tally.refused(refusal.code)
            if refusal.code not in _MAY_HAPPEN:
                self._tally.broken("habit_refused")


def are_proved(
    started: HandStarted, openings: Openings, seat: SeatIndex | None, cards: tuple[CardCode, ...]
) -> bool:
    """Say whether all that was opened is what was promised, and one's own cards are where they have to be."""
    if (openings.hand_id, openings.commitment) != (started.hand_id, started.commitment):
        return False
    opened = [Opening(one.position, one.card, one.salt, one.path) for one in openings.openings]
    if not all(is_proved(started.hand_id, started.commitment, one) for one in opened):
        return False
    seats = [dealt.seat for dealt in started.seats]
    if seat is None or seat not in seats:
        return True
    place, at = seats.index(seat), {one.position: one.card for one in opened}
    return (at.get(place), at.get(place + len(seats))) == cards
