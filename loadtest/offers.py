"""What a player may choose besides acting: a straddle, a stack filled up, a second run of the board."""

from random import Random
from typing import Final

from cardroom.client import RequestRefused, Table
from cardroom.wire.refusals import Refusal
from loadtest.tally import Tally

LATE: Final = frozenset(
    {Refusal.NO_HAND, Refusal.STALE_HAND, Refusal.STALE_TURN, Refusal.OUT_OF_TURN, Refusal.NOT_SEATED}
)
"""What is refused with these came after the clock or the end of the hand."""
CROWDED: Final = frozenset({Refusal.RATE_LIMITED, Refusal.BUSY})
"""What is refused with these may be tried again."""

_STRADDLERS: Final = 0.3
"""The share of players who straddle where they may."""
_FILLS_UP: Final = 0.3
"""The share of players who let their stack be filled up after each hand."""
_AGREE: Final = 0.7
"""How often a player agrees to run it twice."""


class Offers:
    """Chooses for one seat."""

    def __init__(self, table: Table, random: Random, tally: Tally) -> None:
        self._table = table
        self._random = random
        self._tally = tally
        self._answered_hand = 0

    async def choose(self) -> None:
        """Choose once, after sitting down, what holds for the whole visit."""
        view = self._table.view
        if view.options.straddle and self._random.random() < _STRADDLERS:
            await self._table.straddle(straddles=True)
        if self._random.random() < _FILLS_UP:
            await self._table.auto_top_up(view.min_buy_in)

    async def answer(self) -> None:
        """Say once whether to deal the rest of the board twice, if asked."""
        view = self._table.view
        if not view.asks_me_to_run_twice or view.hand_no == self._answered_hand:
            return
        self._answered_hand = view.hand_no
        try:
            await self._table.run_it_twice(agrees=self._random.random() < _AGREE)
        except RequestRefused as refusal:
            if refusal.code is Refusal.TABLE_PAUSED:
                raise
            self._tally.refused(refusal.code)
            if refusal.code not in LATE | CROWDED | {Refusal.NOT_OFFERED}:
                self._tally.broken("run_it_twice_refused")

    def ask_again(self) -> None:
        """What was refused while the table rested is to be answered now."""
        self._answered_hand = 0
